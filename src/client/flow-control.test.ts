import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortedError, sleep } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import {
  afterCall,
  freshWindow,
  latencyLately,
  latencyAgeMsMax,
  refusedLately,
  refusedLatelyMs,
  slowFactor,
  slowWindowMin,
  windowFirst,
  windowMax,
  windowMin,
} from './call-window.ts';
import { FlowControl, refusalRetriesMax } from './flow-control.ts';

const get: ApiRequest = { method: 'GET', path: '/api/v1/pods', query: {}, headers: {} };
const named = (path: string): ApiRequest => ({ ...get, path });

function answerOf(status: number, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return { status, headers, body: { kind: 'json', value: {} } };
}

/** An API server with seats, a queue before them, and a time for each call, as priority and fairness has it. */
class SimulatedServer {
  seats: number;
  queueMax: number;
  callMs: number;
  served = 0;
  refused = 0;
  busy = 0;
  readonly #clock: VirtualClock;
  readonly #queue: (() => void)[] = [];

  constructor(clock: VirtualClock, options: { seats: number; queueMax: number; callMs: number }) {
    this.#clock = clock;
    this.seats = options.seats;
    this.queueMax = options.queueMax;
    this.callMs = options.callMs;
  }

  readonly handle: Transport = async () => {
    if (this.busy >= this.seats) {
      if (this.#queue.length >= this.queueMax) {
        this.refused++;
        return answerOf(429, { 'retry-after': '1', 'x-kubernetes-pf-prioritylevel-uid': 'level' });
      }
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.busy++;
    await sleep(this.#clock, this.callMs);
    this.busy--;
    this.served++;
    this.#queue.shift()?.();
    return answerOf(200);
  };
}

/** Enough for the few continuations between two timers here; the clock's own patience would make these tests slow. */
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve();
}

function setup(options: { seats: number; queueMax: number; callMs: number }) {
  const clock = new VirtualClock({ settle });
  const server = new SimulatedServer(clock, options);
  const flow = new FlowControl({ clock, random: seededRandom(1) });
  return { clock, server, flow };
}

/** Workers that call one after the other for ever; returns how often each got an answer that counts. */
function startWorkers(send: Transport, count: number): number[] {
  const done = Array.from({ length: count }, () => 0);
  for (let worker = 0; worker < count; worker++) {
    void (async () => {
      for (;;) {
        const { status } = await send(get);
        if (status === 200) done[worker] = (done[worker] ?? 0) + 1;
      }
    })();
  }
  return done;
}

describe('FlowControl before a server with limited seats', () => {
  it('finds the capacity, uses it, and is rarely refused', async () => {
    const { clock, server, flow } = setup({ seats: 20, queueMax: 20, callMs: 50 });
    startWorkers(flow.wrap(server.handle), 100);
    await clock.advance(5_000);
    const [servedBefore, refusedBefore] = [server.served, server.refused];
    await clock.advance(10_000);
    const capacity = (10_000 / server.callMs) * server.seats;
    const served = server.served - servedBefore;
    const refused = server.refused - refusedBefore;
    assert.ok(served > capacity * 0.75, `${served} of ${capacity} were served`);
    assert.ok(refused < served * 0.02, `${refused} were refused of ${served}`);
  });

  it('gives way when the server has a fifth of its seats left, and comes back', async () => {
    const { clock, server, flow } = setup({ seats: 20, queueMax: 20, callMs: 50 });
    startWorkers(flow.wrap(server.handle), 100);
    await clock.advance(3_000);
    server.seats = 4;
    server.queueMax = 4;
    await clock.advance(5_000);
    const [servedBefore, refusedBefore] = [server.served, server.refused];
    assert.equal(flow.throttled(), true);
    await clock.advance(10_000);
    const served = server.served - servedBefore;
    assert.ok(served > 800 * 0.75, `${served} of 800 were served`);
    assert.ok(server.refused - refusedBefore < served * 0.1, `${server.refused - refusedBefore} refused of ${served}`);
    server.seats = 20;
    server.queueMax = 1_000;
    await clock.advance(12_000);
    const before = server.served;
    await clock.advance(2_000);
    assert.ok(server.served - before > 800 * 0.75, `${server.served - before} of 800 were served`);
    assert.equal(flow.throttled(), false);
  });

  it('starves nobody', async () => {
    const { clock, server, flow } = setup({ seats: 5, queueMax: 5, callMs: 20 });
    const done = startWorkers(flow.wrap(server.handle), 50);
    await clock.advance(20_000);
    const [least, most] = [Math.min(...done), Math.max(...done)];
    assert.ok(least > most * 0.7, `one worker had ${least} answers, another ${most}`);
  });

  it('never makes a lease wait', async () => {
    const { clock, server, flow } = setup({ seats: 2, queueMax: 1_000, callMs: 100 });
    startWorkers(flow.wrap(server.handle), 500);
    let longestMs = 0;
    const fast: Transport = async () => {
      await sleep(clock, 5);
      return answerOf(200);
    };
    const renew = flow.measured(fast);
    for (let round = 0; round < 50; round++) {
      const startMs = clock.monotonicMs();
      const renewed = renew(named('/apis/coordination.k8s.io/v1/namespaces/a/leases/l')).then(() => {
        longestMs = Math.max(longestMs, clock.monotonicMs() - startMs);
      });
      await clock.advance(200);
      await renewed;
    }
    assert.equal(longestMs, 5);
    assert.ok(flow.status().waiting > 0, 'others do wait');
  });
});

describe('FlowControl', () => {
  it('measures without making anybody wait: writes, and what was refused', async () => {
    const { clock, flow } = setup({ seats: 1, queueMax: 0, callMs: 1 });
    let status = 200;
    const spanMs = { PUT: 100, GET: 5_000 };
    const send = flow.measured(async ({ method }) => {
      await sleep(clock, method === 'PUT' ? spanMs.PUT : spanMs.GET);
      return answerOf(status);
    });
    assert.deepEqual([flow.latencyMs(), flow.throttled()], [0, false]);
    const sent = [send({ ...get, method: 'PUT' }), send({ ...get, query: { watch: 'true' } }), send(get)];
    await clock.advance(spanMs.GET);
    await Promise.all(sent);
    assert.deepEqual([flow.latencyMs(), flow.throttled()], [spanMs.PUT, false]);
    status = 429;
    const refused = send(get);
    await clock.advance(spanMs.GET);
    assert.equal((await refused).status, 429, 'not sent again');
    assert.equal(flow.throttled(), true);
  });

  it('counts no watches and no logs', async () => {
    const { clock, flow } = setup({ seats: 1, queueMax: 0, callMs: 1 });
    const open: string[] = [];
    const send = flow.wrap(async ({ path, query }) => {
      open.push(query['watch'] === 'true' ? 'watch' : path);
      return new Promise<ApiResponse>(() => undefined);
    });
    for (let index = 0; index < 300; index++) void send({ ...get, query: { watch: 'true' } });
    for (let index = 0; index < 300; index++) void send(named('/api/v1/namespaces/a/pods/p/log'));
    void send(named('/one'));
    await clock.advance(0);
    assert.equal(open.length, 601);
    assert.equal(flow.status().underWay, 1);
  });

  it('sends again what was refused, after the pause the server asked for, and gives up after a while', async () => {
    const { clock, flow } = setup({ seats: 1, queueMax: 0, callMs: 1 });
    const sentMs: number[] = [];
    let refuse = true;
    const send = flow.wrap(async () => {
      sentMs.push(clock.monotonicMs());
      return Promise.resolve(refuse ? answerOf(429, { 'retry-after': '2' }) : answerOf(200));
    });
    const call = send(get);
    await clock.advance(1_999);
    assert.deepEqual(sentMs, [0]);
    refuse = false;
    await clock.advance(401);
    assert.equal((await call).status, 200);
    assert.equal(sentMs.length, 2);
    refuse = true;
    const hopeless = send(get);
    await clock.advance(60_000);
    assert.equal((await hopeless).status, 429);
    assert.equal(sentMs.length, 2 + 1 + refusalRetriesMax);
    assert.equal(flow.throttled(), false, 'the last refusal is long ago');
  });

  it('takes the refusal of an eviction for what it is', async () => {
    const { flow } = setup({ seats: 1, queueMax: 0, callMs: 1 });
    let sent = 0;
    const send = flow.wrap(async () => {
      sent++;
      return Promise.resolve(answerOf(429));
    });
    assert.equal((await send({ ...named('/api/v1/namespaces/a/pods/p/eviction'), method: 'POST' })).status, 429);
    assert.equal(sent, 1);
    assert.equal(flow.throttled(), false);
  });

  it('lets go of whoever does not want to wait any more, and of the window when a call fails', async () => {
    const { clock, flow } = setup({ seats: 1, queueMax: 0, callMs: 1 });
    const stuck = flow.wrap(() => new Promise(() => undefined));
    for (let index = 0; index < windowFirst; index++) void stuck(get);
    const abort = new AbortController();
    const waiting = flow.wrap(async () => Promise.resolve(answerOf(200)))({ ...get, signal: abort.signal });
    const rejected = assert.rejects(waiting, AbortedError);
    await clock.advance(0);
    assert.equal(flow.status().waiting, 1);
    abort.abort();
    await rejected;
    assert.equal(flow.status().waiting, 0);

    const other = setup({ seats: 1, queueMax: 0, callMs: 1 });
    const failing = other.flow.wrap(() => Promise.reject(new Error('connection refused')));
    for (let index = 0; index < 100; index++) await assert.rejects(failing(get), /refused/);
    assert.deepEqual([other.flow.status().underWay, other.flow.status().limit], [0, windowFirst]);
  });
});

describe('afterCall', () => {
  const quick = { sentMs: 0, endedMs: 10, underWay: 1_000, isWrite: true, refused: false };

  it('grows by a call for each window that went well, up to a limit', () => {
    let window = freshWindow;
    for (let call = 0; call < windowFirst + 1; call++) window = afterCall(window, quick);
    assert.equal(Math.floor(window.limit), windowFirst + 1);
    for (let call = 0; call < 100_000; call++) window = afterCall(window, quick);
    assert.equal(window.limit, windowMax);
  });

  it('does not grow by calls that would have fitted anyway', () => {
    assert.equal(afterCall(freshWindow, { ...quick, underWay: 3 }).limit, windowFirst);
  });

  it('shrinks once for all the calls that were under way together, never below the least', () => {
    const refused = { sentMs: 100, endedMs: 200, underWay: 16, isWrite: true, refused: true };
    const once = afterCall(freshWindow, refused);
    assert.ok(once.limit < windowFirst);
    assert.equal(afterCall(once, { ...refused, endedMs: 210 }).limit, once.limit);
    let window = once;
    for (let call = 3; call < 100; call++)
      window = afterCall(window, { ...refused, sentMs: call * 100, endedMs: call * 100 });
    assert.equal(window.limit, windowMin);
  });

  it('shrinks when writes take much longer than they did, and forgives a server that became slow for good', () => {
    const slow = (call: number) => ({ ...quick, sentMs: call * 1_000, endedMs: call * 1_000 + 900 });
    let window = { ...freshWindow, limit: 100 };
    for (let call = 0; call < 100; call++) window = afterCall(window, { ...quick, underWay: 1 });
    for (let call = 1; call < 20; call++) window = afterCall(window, slow(call));
    assert.ok(window.limit < 50, String(window.limit));
    for (let call = 20; call < 60; call++) window = afterCall(window, slow(call));
    assert.ok(window.limit > slowWindowMin * slowFactor, 'slowness alone leaves enough to go on');
    const least = window.limit;
    for (let call = 100; call < 3_000; call++) window = afterCall(window, slow(call));
    assert.ok(window.limit > least + 5, String(window.limit));
  });

  it('does not take the time of reads for slowness', () => {
    let window = { ...freshWindow, limit: 100 };
    for (let call = 1; call < 100; call++) {
      window = afterCall(window, { ...quick, isWrite: false, sentMs: call * 9_000, endedMs: call * 9_000 + 8_000 });
    }
    assert.ok(window.limit > 100);
    assert.equal(window.latencyMs, 0);
  });

  it('grows slowly near the size at which it was refused, and fast beyond', () => {
    const grown = (limit: number): number =>
      afterCall({ ...freshWindow, limit, refusal: { atMs: 0, limit: 100 } }, quick).limit - limit;
    assert.ok(grown(90) < grown(70) / 10);
    assert.ok(grown(110) < grown(130) / 10);
  });

  it('forgets how long calls took when there have been none for a while', () => {
    const window = afterCall(freshWindow, quick);
    assert.equal(latencyLately(window, quick.endedMs + latencyAgeMsMax - 1), 10);
    assert.equal(latencyLately(window, quick.endedMs + latencyAgeMsMax), 0);
  });

  it('knows for a while that it was refused', () => {
    const refused = afterCall(freshWindow, { ...quick, refused: true });
    assert.equal(refusedLately(refused, 10 + refusedLatelyMs - 1), true);
    assert.equal(refusedLately(refused, 10 + refusedLatelyMs), false);
    assert.equal(refusedLately(freshWindow, 0), false);
  });
});
