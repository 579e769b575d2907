import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiStatusError } from '../kube/api-error.ts';
import type { Pod } from '../kube/pod.ts';
import { identityOf } from './log-format.ts';
import { LogFixture, runUntil, type ReadFault } from './log-fixture.ts';
import type { LogKeeper } from './log-keeper.ts';

const container = 'step-build';

/** 2,000 once took 90 s without a difference. */
const histories = 25;

function settled(fixture: LogFixture, keeper: LogKeeper, name: string): Promise<void> {
  return runUntil(fixture.clock, () => keeper.isSettled(fixture.pod(name)));
}

describe('LogKeeper', () => {
  it('stores the log of a step before the pod may go, with two reads', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    const told: (string | undefined)[] = [];
    keeper.onSettled((pod: Pod) => told.push(pod.metadata.name));
    fixture.createPod('p', [container, 'sidecar']);
    await fixture.clock.advance(1000);
    assert.equal(fixture.reads, 0, 'nothing is asked before the step runs');
    fixture.start('p', container);
    fixture.write('p', container, 'one\n');
    await fixture.clock.advance(1500);
    fixture.write('p', container, 'two\n');
    assert.equal(keeper.isSettled(fixture.pod('p')), false);
    fixture.write('p', container, 'no line end');
    fixture.end('p', container);
    await settled(fixture, keeper, 'p');
    assert.equal(await fixture.stored('p', container), 'one\ntwo\nno line end');
    assert.deepEqual([fixture.reads, told], [3, ['p']]);
    const manifest = await fixture.archive().manifestOf(identityOf(fixture.pod('p'), container));
    assert.deepEqual([manifest?.whole, manifest?.lines, manifest?.segments.length], [true, 3, 1]);
  });

  it('reads twice what ends with a line end, and what is over before it is seen', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    for (const name of ['seen', 'unseen']) {
      fixture.createPod(name, [container]);
      if (name === 'seen') fixture.start(name, container);
      await fixture.clock.advance(0);
      fixture.write(name, container, 'text\n');
      fixture.end(name, container);
      fixture.reads = 0;
      await settled(fixture, keeper, name);
      assert.ok(fixture.reads <= 2);
      assert.equal(await fixture.stored(name, container), 'text\n');
    }
  });

  it('holds nothing back for steps that never ran, and stores nothing of them', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    const pod = fixture.createPod('p', [container, 'step-after']);
    const waiting = { state: { waiting: {} }, ready: false, restartCount: 0, image: '', imageID: '' };
    fixture.put({ ...pod, status: { phase: 'Failed', containerStatuses: [{ ...waiting, name: container }] } });
    await settled(fixture, keeper, 'p');
    assert.equal(fixture.reads, 1, 'only of the step that the pod is silent about');
    assert.deepEqual(await fixture.archive().logsOf('ns', 'run-p'), []);
    const { nodeName: _, ...spec } = fixture.createPod('unscheduled', [container]).spec;
    const unscheduled = fixture.pod('unscheduled');
    const metadata = { ...unscheduled.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' };
    fixture.put({ ...unscheduled, spec, metadata });
    await settled(fixture, keeper, 'unscheduled');
  });

  it('is whole after any disconnects, refusals, silences and restarts', async () => {
    let faults = 0;
    for (let seed = 1; seed <= histories; seed++) faults += await runHistory(seed);
    assert.ok(faults > histories * 5, `only ${faults} faults happened`);
  });

  it('marks what the node has rotated away', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    fixture.createPod('p', [container]);
    fixture.start('p', container);
    fixture.write('p', container, 'stored\n');
    await fixture.clock.advance(10);
    fixture.fault = () => ({ refuse: new ApiStatusError('InternalError', 'no route to host') });
    fixture.abandonKeepers();
    await keeper.stop();
    await fixture.clock.advance(5000);
    fixture.write('p', container, 'never seen\n');
    await fixture.clock.advance(5000);
    fixture.write('p', container, 'seen again\n');
    fixture.rotate('p', container, 2);
    fixture.fault = () => ({});
    await storeOf(fixture, 'stored\n');
    fixture.end('p', container);
    const second = fixture.startKeeper();
    await settled(fixture, second, 'p');
    assert.match(
      await fixture.stored('p', container),
      /^stored\n\[penstock: lines may be missing here.*\]\nseen again\n$/,
    );
    const manifest = await fixture.archive().manifestOf(identityOf(fixture.pod('p'), container));
    assert.equal(manifest?.whole, false);
  });

  it('does not wait for ever for a node that is lost, and says so in the log', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    fixture.createPod('p', [container]);
    fixture.start('p', container);
    fixture.write('p', container, 'one\n');
    await fixture.clock.advance(20_000);
    fixture.fault = () => ({ refuse: new ApiStatusError('InternalError', 'dial tcp: i/o timeout') });
    fixture.put({ ...fixture.pod('p'), status: { phase: 'Failed' } });
    await settled(fixture, keeper, 'p');
    assert.equal(
      await fixture.stored('p', container),
      'one\n[penstock: the rest of this log could not be read: dial tcp: i/o timeout]\n',
    );
    assert.deepEqual(fixture.logger.messages('warn'), ['the log of a step is not whole']);
  });

  it('keeps what it has of a pod that vanishes in spite of its finalizer', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    const pod = fixture.createPod('p', [container]);
    fixture.start('p', container);
    fixture.write('p', container, 'one\n');
    await fixture.clock.advance(10);
    fixture.removePod('p');
    await runUntil(fixture.clock, () => keeper.isSettled(pod));
    assert.equal(
      await fixture.stored('p', container),
      'one\n[penstock: the rest of this log could not be read: the pod is gone]\n',
    );
  });

  it('does not take what a node says for the log', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper({ giveUpMs: 5000 });
    fixture.createPod('p', [container]);
    fixture.start('p', container);
    // A kubelet says this with a status of 200.
    const text = 'unable to retrieve container logs for containerd://abc';
    const client = fixture.client();
    assert.equal(typeof client.podLog, 'function');
    fixture.write('p', container, `\n`, text);
    fixture.end('p', container);
    await settled(fixture, keeper, 'p');
    assert.match(await fixture.stored('p', container), /^\[penstock: the rest of this log could not be read: unable/);
  });

  it('stores nothing of which it cannot know what to mask', async () => {
    const fixture = new LogFixture();
    const client = fixture.client();
    const get = (): Promise<never> => Promise.reject(new ApiStatusError('Forbidden', 'secrets "token" is forbidden'));
    const keeper = fixture.startKeeper({ client: { ...client, get } });
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'key' } } }];
    fixture.createPod('p', [], { containers: [{ name: container, env }] });
    fixture.start('p', container);
    fixture.write('p', container, 'the token is hunter22\n');
    fixture.end('p', container);
    await settled(fixture, keeper, 'p');
    assert.equal(fixture.reads, 0);
    assert.match(await fixture.stored('p', container), /^\[penstock: the rest .*secrets "token" is forbidden\]\n$/);
  });

  it('masks secrets, wherever a stream is cut', async () => {
    const text = `a hunter22-hunter22 b päss-wörd\nc hunter2 d\n`;
    const bytes = Buffer.byteLength(text) + 70;
    for (let cutAfter = 1; cutAfter < bytes; cutAfter++) {
      const fixture = new LogFixture(cutAfter);
      fixture.chunkBytesMax = 1 + (cutAfter % 7);
      fixture.secrets.set('one', 'hunter22').set('two', 'päss-wörd');
      const keeper = fixture.startKeeper();
      const from = (name: string) => ({ secretRef: { name } });
      fixture.createPod('p', [], { containers: [{ name: container, envFrom: [from('one'), from('two')] }] });
      let first = true;
      fixture.fault = () => {
        if (!first) return {};
        first = false;
        return { cutAfter, breaks: cutAfter % 2 === 0 };
      };
      for (const line of text.split(/(?<=\n)/)) fixture.write('p', container, line);
      fixture.end('p', container);
      await settled(fixture, keeper, 'p');
      assert.equal(await fixture.stored('p', container), 'a ***-*** b ***\nc hunter2 d\n', String(cutAfter));
      for await (const { key } of fixture.store.list('')) {
        const stored = Buffer.from((await fixture.store.read(key)) ?? []).toString();
        assert.doesNotMatch(stored, /hunter22|wörd/);
      }
    }
  });

  it('keeps the beginning and the end of a log that is too long, and marks the cut', async () => {
    const fixture = new LogFixture();
    fixture.chunkBytesMax = 100_000;
    const keeper = fixture.startKeeper({ bytesMax: 50_000 });
    fixture.createPod('p', [container]);
    const line = (index: number): string => `${String(index).padStart(6, '0')} ${'x'.repeat(92)}\n`;
    for (let index = 0; index < 12_000; index++) fixture.write('p', container, line(index));
    fixture.end('p', container);
    await settled(fixture, keeper, 'p');
    const text = await fixture.stored('p', container);
    assert.ok(text.startsWith(line(0) + line(1)));
    assert.ok(text.endsWith(line(11_998) + line(11_999)));
    assert.match(text, /\n\[penstock: \d+ bytes were dropped here: the limit is 50000 bytes\]\n\d{6} /);
    assert.ok(text.length < 700_000);
  });
});

/** Has the segment with `text` stored, as by a process that was killed right after. */
async function storeOf(fixture: LogFixture, text: string): Promise<void> {
  for await (const { key } of fixture.store.list('')) {
    assert.fail(`${key} is stored already`);
  }
  const folder = `ns/run-p/p.uid-p/${container}`;
  await fixture.store.create(`${folder}/000000.log`, Buffer.from(`2026-01-01T00:00:00.000000001Z F ${text}`));
}

/** A run of some steps with faults everywhere; answers how many faults there were. */
async function runHistory(seed: number): Promise<number> {
  const fixture = new LogFixture(seed);
  const { random, clock, store } = fixture;
  const chance = (percent: number): boolean => random.integer(1, 100) <= percent;
  let faults = 0;
  let calm = false;
  fixture.chunkBytesMax = random.integer(1, 300);
  fixture.secrets.set('secret', 'hunter22');
  fixture.fault = (): ReadFault => {
    if (calm || chance(40)) return {};
    faults++;
    if (chance(30)) return { refuse: new ApiStatusError('TooManyRequests', 'slow down') };
    const cutAfter = random.integer(1, 2000);
    return chance(20) ? { cutAfter, hangs: true } : { cutAfter, breaks: chance(50) };
  };
  const storeFault = (): void => {
    if (calm || !chance(15)) return;
    faults++;
    throw new Error('the store is away');
  };
  store.before = storeFault;
  store.after = storeFault;
  const containers = ['step-a', 'step-b'];
  const envFrom = [{ secretRef: { name: 'secret' } }];
  let keeper = fixture.startKeeper();
  fixture.createPod('p', [], { containers: containers.map((name) => ({ name, envFrom })) });
  for (const name of containers) {
    await clock.advance(random.integer(0, 3000));
    fixture.start('p', name);
    const lines = random.integer(0, 60);
    for (let index = 0; index < lines; index++) {
      if (chance(50)) await clock.advance(random.integer(1, 900));
      // Now and then the clock of the node goes back, and instants repeat.
      const stamp = chance(10) ? new Date(clock.now() - 2500).toISOString().replace('Z', '000000Z') : fixture.stamp();
      const last = index === lines - 1 && chance(30);
      const text = chance(30) ? 'same' : `${index} hunter22 ${'é'.repeat(random.integer(0, 50))}`;
      fixture.write('p', name, `${text}${last ? '' : '\n'}`, stamp);
      if (chance(5)) {
        faults++;
        // The process is killed, or (without stop) it is only slow and goes on recording beside its successor.
        fixture.abandonKeepers();
        const old = keeper;
        keeper = fixture.startKeeper();
        if (chance(50)) await old.stop();
      }
    }
    fixture.end('p', name);
  }
  await clock.advance(random.integer(0, 30_000));
  calm = true;
  await settled(fixture, keeper, 'p');
  for (const name of containers) {
    const written = fixture.written('p', name).replaceAll('hunter22', '***');
    const text = await fixture.stored('p', name);
    assert.equal(text, written, `seed ${seed}, ${name}`);
    assert.equal((await fixture.archive().manifestOf(identityOf(fixture.pod('p'), name)))?.whole, true);
  }
  await keeper.stop();
  return faults;
}
