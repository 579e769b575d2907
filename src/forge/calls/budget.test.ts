import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../../base/deferred.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import { Budget, type BudgetOptions } from './budget.ts';
import { budgetedFetch } from './budgeted-fetch.ts';

/** A host that answers from a list, and notes when it was asked. */
function setup(
  answers: readonly (Response | Error)[],
  options: Partial<BudgetOptions> = {},
  clock: VirtualClock = new VirtualClock(),
) {
  const startMs = clock.monotonicMs();
  const asked: string[] = [];
  const left = [...answers];
  const budget = new Budget({ clock, host: 'git.example', ...options });
  const send = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    asked.push(`${clock.monotonicMs() - startMs} ${request.method}`);
    const answer = left.shift() ?? new Response('ok');
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer);
  };
  const call = budgetedFetch({ fetch: send, budget, clock, random: seededRandom(1) });
  return { clock, asked, budget, call };
}

const url = 'https://git.example/api';
const post = { method: 'POST', body: '{}' };
const broken = (): Error => new ConnectionError('NET_CONNECTION', 'reset');

/** Settles promises of `Request` and `Response`, too, which need turns of the event loop. */
async function advance(clock: VirtualClock, spanMs: number): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await clock.advance(turn === 10 ? spanMs : 0);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a budget', () => {
  it('lets a few calls run at a time, in the order in which they came', async () => {
    const { budget } = setup([], { concurrencyMax: 2 });
    const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
    const started: number[] = [];
    const calls = gates.map((gate, index) =>
      budget.run(false, async () => {
        started.push(index);
        await gate.promise;
      }),
    );
    await Promise.resolve();
    assert.deepEqual(started, [0, 1]);
    gates[1]?.resolve();
    await calls[1];
    assert.deepEqual(started, [0, 1, 2]);
    gates[0]?.resolve();
    gates[2]?.resolve();
    await Promise.all(calls);
  });

  it('keeps writes apart, and lets reads pass', async () => {
    const { clock, asked, call } = setup([], { writeSpacingMs: 1000 });
    const all = Promise.all([call(url, post), call(url, post), call(url), call(url, post)]);
    await advance(clock, 2000);
    await all;
    assert.deepEqual(asked, ['0 POST', '0 GET', '1000 POST', '2000 POST']);
  });

  it('gives up its place when the caller aborts', async () => {
    const { budget } = setup([], { concurrencyMax: 1 });
    const gate = deferred<void>();
    const first = budget.run(false, () => gate.promise);
    const controller = new AbortController();
    const second = budget.run(false, () => Promise.resolve('never'), controller.signal);
    controller.abort();
    await assert.rejects(second, { name: 'AbortError' });
    gate.resolve();
    await first;
    assert.equal(await budget.run(false, () => Promise.resolve('third')), 'third');
  });
});

describe('what a host asks', () => {
  it('is honoured by everybody, and the refused call is made again', async () => {
    const limited = new Response('', { status: 429, headers: { 'retry-after': '10' } });
    const { clock, asked, call } = setup([limited]);
    const first = call(url, post);
    await advance(clock, 0);
    const second = call(url);
    await advance(clock, 9_999);
    assert.deepEqual(asked, ['0 POST']);
    await advance(clock, 1);
    assert.equal((await first).status, 200);
    await second;
    assert.deepEqual(asked.slice(1).toSorted(), ['10000 GET', '10000 POST']);
  });

  it('fails what would have to wait too long, and says for how long', async () => {
    const clock = new VirtualClock();
    const reset = String(clock.now() / 1000 + 600);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    const { call, asked } = setup([new Response('ok', { headers })], {}, clock);
    assert.equal((await call(url)).status, 200);
    await assert.rejects(call(url), { code: 'FORGE_RATE_LIMITED', retryAfterMs: 601_000 });
    assert.equal(asked.length, 1);
    await advance(clock, 601_000);
    assert.equal((await call(url)).status, 200);
  });

  it('may be a secondary limit, which GitHub tells in words', async () => {
    const words = 'You have exceeded a secondary rate limit. Please wait.';
    const { clock, asked, call } = setup([new Response(words, { status: 403 })], { waitMsMax: 120_000 });
    const answer = call(url, post);
    await advance(clock, 60_000);
    assert.equal((await answer).status, 200);
    assert.deepEqual(asked, ['0 POST', '60000 POST']);
  });

  it('is not read into a refusal of another kind', async () => {
    const { call, budget } = setup([new Response('Resource not accessible by integration', { status: 403 })]);
    assert.equal((await call(url)).status, 403);
    assert.equal(budget.pauseMs, 0);
  });
});

describe('a call that fails on the way', () => {
  it('is made again when it is a read', async () => {
    const { clock, asked, call } = setup([broken(), new Response('', { status: 502 })]);
    const answer = call(url);
    await advance(clock, 2000);
    await advance(clock, 2000);
    assert.equal((await answer).status, 200);
    assert.equal(asked.length, 3);
  });

  it('is made again with what it said, whether that is text or a stream', async () => {
    const said: string[] = [];
    for (const body of ['text', new Blob(['stream']).stream()]) {
      const clock = new VirtualClock();
      const budget = new Budget({ clock, host: 'git.example' });
      const left = [new Response('', { status: 429, headers: { 'retry-after': '1' } })];
      const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
        said.push(await new Request(input, init).text());
        return left.shift() ?? new Response('ok');
      };
      const init: RequestInit = { method: 'POST', body, duplex: 'half' };
      const answer = budgetedFetch({ fetch, budget, clock, random: seededRandom(1) })(url, init);
      await advance(clock, 0);
      await advance(clock, 1_000);
      assert.equal((await answer).status, 200);
    }
    assert.deepEqual(said, ['text', 'text', 'stream', 'stream']);
  });

  it('is made at most three times', async () => {
    const { clock, asked, call } = setup([broken(), broken(), broken(), broken()]);
    const failed = assert.rejects(call(url), { code: 'NET_CONNECTION' });
    await advance(clock, 2000);
    await advance(clock, 2000);
    await failed;
    assert.equal(asked.length, 3);
  });

  it('is never made again when it is a write', async () => {
    const { asked, call } = setup([broken(), new Response('', { status: 500 })]);
    await assert.rejects(call(url, post), { code: 'NET_CONNECTION' });
    assert.equal((await call(url, post)).status, 500);
    assert.equal(asked.length, 2);
  });
});
