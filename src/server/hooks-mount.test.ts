import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { JsonObject } from '../base/json.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { HookAnswer, HookCall, HookReceiver } from '../forge/hook-receiver.ts';
import { MemoryLogger } from '../telemetry/memory-logger.ts';
import { createHooksMount, hookBodyGraceMs, hookBodyMsMax, hookBytesMax } from './hooks-mount.ts';
import { type Listener, startListener } from './listener.ts';

const kibibyte = 1024;

/** Takes what comes and answers 202. */
class Receiver implements HookReceiver {
  readonly calls: HookCall[] = [];
  readonly refusals: (readonly [string, number])[] = [];
  answer: () => Promise<HookAnswer> = () =>
    Promise.resolve({ status: 202, body: { status: 202, message: 'accepted' } });

  accepts(path: string): boolean {
    return path.startsWith('/hooks/');
  }

  receive(call: HookCall): Promise<HookAnswer> {
    this.calls.push(call);
    return this.answer();
  }

  refused(path: string, status: number): void {
    this.refusals.push([path, status]);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
}

class Rig implements AsyncDisposable {
  readonly receiver: Receiver = new Receiver();
  readonly clock: VirtualClock = new VirtualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  #listener: Listener | undefined;

  static async start(): Promise<Rig> {
    const rig = new Rig();
    const mount = createHooksMount(rig);
    rig.#listener = await startListener({ mount });
    return rig;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Sends a request and reads the whole answer. */
  async send(path: string, body: Readable | string | Buffer = '', options: RequestOptions = {}): Promise<Answer> {
    const sent = request(`${this.#listener?.url ?? ''}${path}`, { method: 'POST', ...options });
    // Who is refused half-way is still told so.
    sent.on('error', () => undefined);
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    if (body instanceof Readable) body.pipe(sent);
    else sent.end(body);
    const [response] = await answered;
    const { statusCode: status = 0, headers } = response;
    return { status, headers, body: (await json(response)) as JsonObject };
  }

  /** A connection that says `text`. */
  async say(text: string): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.close();
  }
}

/** All that comes until the connection ends. */
async function hear(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('createHooksMount', () => {
  it('gives path, headers and body to the receiver, and never the query', async () => {
    await using rig = await Rig.start();
    const response = await rig.send('/hooks/github?secret=x', '{"a":1}', { headers: { 'X-GitHub-Event': 'push' } });
    assert.equal(response.status, 202);
    assert.deepEqual(response.body, { status: 202, message: 'accepted' });
    const [call] = rig.receiver.calls;
    assert.equal(call?.path, '/hooks/github');
    assert.equal(call.hasQuery, true);
    assert.equal(call.headers['x-github-event'], 'push');
    assert.equal(Buffer.from(call.body).toString(), '{"a":1}');
  });

  it('keeps headers of an answer', async () => {
    await using rig = await Rig.start();
    rig.receiver.answer = () =>
      Promise.resolve({ status: 503, body: { status: 503, message: 'later' }, headers: { 'retry-after': '10' } });
    const response = await rig.send('/hooks/git', '{}');
    assert.equal(response.status, 503);
    assert.equal(response.headers['retry-after'], '10');
  });

  it('refuses other methods, other paths and compressed bodies', async () => {
    await using rig = await Rig.start();
    const get = await rig.send('/hooks/github', '', { method: 'GET' });
    assert.equal(get.status, 405);
    assert.equal(get.headers.allow, 'POST');
    assert.equal((await rig.send('/elsewhere', '{}')).status, 404);
    assert.equal((await rig.send('/hooks/git', 'x', { headers: { 'content-encoding': 'gzip' } })).status, 415);
    assert.deepEqual(rig.receiver.calls, []);
    assert.deepEqual(rig.receiver.refusals, [
      ['/hooks/github', 405],
      ['/elsewhere', 404],
      ['/hooks/git', 415],
    ]);
  });

  it('refuses 30 MB by what is announced, having read next to nothing', async () => {
    await using rig = await Rig.start();
    const socket = await rig.say(
      `POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: ${30 * kibibyte ** 2}\r\n\r\n`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
    assert.ok(socket.bytesWritten < kibibyte);
    socket.destroy();
    assert.deepEqual(rig.receiver.calls, []);
  });

  it('refuses 30 MB that come unannounced as soon as it is too much, and tells the sender', async () => {
    await using rig = await Rig.start();
    const chunk = Buffer.alloc(kibibyte ** 2, 'x');
    const body = Readable.from(Array.from({ length: 30 }, () => chunk));
    const response = await rig.send('/hooks/github', body);
    assert.equal(response.status, 413);
    assert.match(String(response.body['message']), new RegExp(String(hookBytesMax)));
    assert.deepEqual(rig.receiver.calls, []);
    assert.deepEqual(rig.receiver.refusals, [['/hooks/github', 413]]);
    // What was held is let go of: as much again finds room, many times over.
    for (let count = 0; count < 6; count++) {
      const whole = await rig.send('/hooks/github', Buffer.alloc(hookBytesMax));
      assert.equal(whole.status, 202);
    }
  });

  it('gives up on a body that does not come', async () => {
    await using rig = await Rig.start();
    const socket = await rig.say('POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"half":');
    while (rig.clock.nextTimerMs() === undefined) await new Promise((resolve) => void setImmediate(resolve));
    await rig.clock.advance(hookBodyMsMax + hookBodyGraceMs);
    assert.match(await hear(socket), /^HTTP\/1\.1 408 /);
    assert.deepEqual(rig.receiver.calls, []);
    assert.deepEqual(rig.receiver.refusals, [['/hooks/github', 408]]);
  });

  it('survives a sender that goes away, and a bug of the receiver', async () => {
    await using rig = await Rig.start();
    const socket = await rig.say('POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"half":');
    socket.destroy();
    rig.receiver.answer = () => Promise.reject(new Error('a bug'));
    assert.equal((await rig.send('/hooks/github', 'secret-body')).status, 500);
    assert.deepEqual(rig.logger.messages('error'), ['a webhook could not be answered']);
    assert.ok(!JSON.stringify(rig.logger.lines).includes('secret-body'));
  });
});
