import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { isApiError } from '../../kube/api-error.ts';
import type { Pod } from '../../kube/pod.ts';
import type { PodLogOptions } from '../../kube/pod-log-source.ts';
import { CollectingLogger } from '../testing/agent-fixture.ts';
import { tailBytesMax } from './log-writer.ts';
import { PodLogs } from './pod-logs.ts';

const root = mkdtempSync(join(tmpdir(), 'penstock-logs-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

function setUp(bytesMax?: number) {
  const clock = new VirtualClock();
  const logger = new CollectingLogger();
  const directory = join(root, String(made++));
  const logs = new PodLogs({ directory, clock, logger, ...(bytesMax === undefined ? {} : { bytesMax }) });
  return { clock, logger, directory, logs, writer: logs.create('uid', 'step') };
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', uid: 'uid' }, spec: { containers: [] } } as Pod;

async function read(logs: PodLogs, options: Partial<PodLogOptions> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of logs.open(pod, 'step', { follow: false, timestamps: false, ...options }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('the log of a container', () => {
  it('is byte for byte what was written, wherever the chunks are cut', async () => {
    const random = seededRandom(7);
    const alphabet = ['a', '\n', '\r\n', 'é', '漢', '🚀', ' ', '\u0000', '\x1b[31m'];
    const text = Array.from({ length: 30_000 }, () => alphabet[random.integer(0, alphabet.length - 1)]).join('');
    const bytes = Buffer.concat([
      Buffer.from(text),
      Buffer.from('x'.repeat(50_000)),
      Buffer.from([0xff, 0xc3, 0x28, 10]),
    ]);
    const { logs, writer } = setUp();
    for (let at = 0; at < bytes.length;) {
      const end = at + random.integer(1, 700);
      writer.write('stdout', bytes.subarray(at, end));
      at = end;
    }
    logs.end('uid', 'step');
    const chunks: Uint8Array[] = [];
    for await (const chunk of logs.open(pod, 'step', { follow: false, timestamps: false })) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(bytes));
  });

  it('gets a mark at its end when more may be missing, also after an entry that was cut off', async () => {
    const { logs, writer, directory } = setUp();
    writer.write('stdout', Buffer.from('one\ntwo\n'));
    const path = join(directory, 'uid', 'step.log');
    writeFileSync(path, readFileSync(path).subarray(0, -2));
    logs.markGap('uid', 'step', 'more may be missing');
    logs.markGap('uid', 'never-began', 'more may be missing');
    assert.equal(
      await read(new PodLogs({ directory, clock: new VirtualClock(), logger: new CollectingLogger() })),
      ['one', 'tw', '[penstock: more may be missing]', ''].join('\n'),
    );
    assert.equal(existsSync(join(directory, 'uid', 'never-began.log')), false);
  });

  it('is followed to its end without polling, and stops when asked', async () => {
    const { logs, writer, clock } = setUp();
    writer.write('stdout', Buffer.from('one\ntw'));
    const following = read(logs, { follow: true });
    const stop = new AbortController();
    const options = { follow: true, timestamps: false, signal: stop.signal };
    const stopped = logs.open(pod, 'step', options)[Symbol.asyncIterator]();
    const heard = async (): Promise<string> => Buffer.from((await stopped.next()).value ?? []).toString('utf8');
    // Files are read by threads, in their own time: what is heard tells how far they are.
    assert.equal(await heard(), 'one\n');
    writer.write('stdout', Buffer.from('o\n'));
    assert.equal(await heard(), 'two\n');
    const more = stopped.next();
    stop.abort();
    assert.equal((await more).done, true);
    writer.write('stdout', Buffer.from('three'));
    logs.end('uid', 'step');
    assert.equal(await following, 'one\ntwo\nthree');
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('has the times of its lines', async () => {
    const { logs, writer, clock } = setUp();
    writer.write('stdout', Buffer.from('early\n'));
    await clock.advance(10_000);
    writer.write('stderr', Buffer.from('late\nla'));
    await clock.advance(1);
    writer.write('stderr', Buffer.from('st'));
    logs.end('uid', 'step');
    const timed =
      '2026-01-01T00:00:00.000000000Z early\n2026-01-01T00:00:10.000000000Z late\n2026-01-01T00:00:10.001000000Z last';
    assert.equal(await read(logs, { timestamps: true }), timed);
    assert.equal(await read(logs, { sinceSeconds: 5 }), 'late\nlast');
  });

  it('can be read from its last lines, across read blocks', async () => {
    const { logs, writer } = setUp();
    const lines = Array.from({ length: 9_000 }, (_, index) => `line ${index} ${'.'.repeat(index % 40)}\n`);
    writer.write('stdout', Buffer.from(lines.join('')));
    logs.end('uid', 'step');
    for (const count of [0, 1, 2, 999, 8_999, 9_000, 20_000]) {
      assert.equal(
        await read(logs, { tailLines: count }),
        count === 0 ? '' : lines.slice(-count).join(''),
        String(count),
      );
    }
    assert.equal(await read(logs, { limitBytes: 10 }), 'line 0 \nli');
  });

  it('keeps its beginning and its end when it is too long, and marks the gap', async () => {
    const { logs, writer } = setUp(10_000);
    const line = (index: number): string => `${String(index).padStart(7, '0')} ${'x'.repeat(91)}\n`;
    for (let index = 0; index < 20_000; index++) writer.write('stdout', Buffer.from(line(index)));
    logs.end('uid', 'step');
    const text = await read(logs);
    assert.ok(text.startsWith(line(0) + line(1)));
    assert.ok(text.endsWith(line(19_998) + line(19_999)));
    assert.match(text, /\n\[penstock: \d+ bytes of this log were dropped here: the limit is 10000 bytes\]\n\d{7} /);
    assert.ok(readFileSync(writerPath(writer)).length < 10_000 + tailBytesMax + 1_000);
  });

  it('does not show secrets, wherever the chunks are cut', async () => {
    const random = seededRandom(3);
    const key = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nx9Zq+/==\n-----END KEY-----\n';
    const secrets = ['hunter22', 'hunter22-longer', 'päss-wörd', key, 'ab', 'L'.repeat(9_000)];
    const lines = Array.from(
      { length: 400 },
      (_, index) => `${index}:${secrets[index % secrets.length]}:hunter2:${'.'.repeat(index * 7)}`,
    );
    const bytes = Buffer.from(lines.join('\n'));
    const { logs } = setUp();
    const writer = logs.create('uid', 'masked', secrets);
    for (let at = 0; at < bytes.length;) {
      const end = at + random.integer(1, 300);
      writer.write('stdout', bytes.subarray(at, end));
      at = end;
    }
    logs.end('uid', 'masked');
    const wanted = lines
      .join('\n')
      .replaceAll('L'.repeat(9_000), '*********')
      .replaceAll(/hunter22-longer|hunter22|päss-wörd|-----(BEGIN|END) KEY-----|MIIEpAIBAAKCAQEA7|x9Zq\+\/==/g, '***');
    let text = '';
    for await (const chunk of logs.open(pod, 'masked', { follow: false, timestamps: false }))
      text += Buffer.from(chunk).toString('latin1');
    assert.equal(Buffer.from(text, 'latin1').toString('utf8'), wanted);
  });

  it('stands in for a missing termination message with its end', () => {
    const { logs, writer } = setUp();
    for (let index = 0; index < 200; index++) writer.write('stdout', Buffer.from(`${index}\n`));
    logs.end('uid', 'step');
    const lines = logs.tail('uid', 'step').split('\n');
    assert.deepEqual([lines.length, lines[0], lines.at(-2)], [81, '120', '199']);
  });

  it('is refused while the container waits, and when it is gone', async () => {
    const { logs } = setUp();
    const waiting = { ...pod, metadata: { name: 'p', uid: 'other' }, status: { phase: 'Pending' } } as Pod;
    const over = { ...waiting, status: { phase: 'Failed' } } as Pod;
    const options = { follow: true, timestamps: false };
    await assert.rejects(first(logs.open(waiting, 'step', options)), (error) => isApiError(error, 'BadRequest'));
    await assert.rejects(first(logs.open(over, 'step', options)), (error) => isApiError(error, 'NotFound'));
    await logs.remove('uid');
    await assert.rejects(first(logs.open({ ...pod, status: { phase: 'Failed' } }, 'step', options)), (error) =>
      isApiError(error, 'NotFound'),
    );
  });

  it('tells once of a disk that does not take it', () => {
    const logger = new CollectingLogger();
    writeFileSync(join(root, 'a-file'), '');
    const logs = new PodLogs({ directory: join(root, 'a-file'), clock: new VirtualClock(), logger });
    const writer = logs.create('uid', 'step');
    writer.write('stdout', Buffer.from('text\n'));
    writer.write('stdout', Buffer.from('text\n'));
    assert.equal(logger.lines.length, 1);
  });
});

function writerPath(writer: object): string {
  return (writer as { readonly path: string }).path;
}

async function first(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) void chunk;
}
