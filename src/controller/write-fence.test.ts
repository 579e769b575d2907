import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortedError } from '../base/clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import { FencedError, fencedTransport, TermFence } from './write-fence.ts';

const openMs = 10_000;
const get: ApiRequest = { method: 'GET', path: '/api/v1/pods', query: {}, headers: {} };
const post: ApiRequest = { ...get, method: 'POST' };
const done: ApiResponse = { status: 200, headers: {}, body: { kind: 'json', value: {} } };

function setup() {
  const clock = new VirtualClock();
  const fence = new TermFence(clock, openMs);
  const renew = (): void => fence.renewed({ monotonicMs: clock.monotonicMs(), nowMs: clock.now() });
  return { clock, fence, renew };
}

describe('TermFence', () => {
  it('is closed before the first renewal, and open for a while after each', async () => {
    const { clock, fence, renew } = setup();
    assert.equal(fence.isOpen(), false);
    renew();
    await clock.advance(openMs - 1);
    assert.equal(fence.isOpen(), true);
    await clock.advance(1);
    assert.equal(fence.isOpen(), false);
    renew();
    assert.equal(fence.isOpen(), true);
  });

  it('counts from the newest request, whatever the order of the answers', async () => {
    const { clock, fence, renew } = setup();
    const early = { monotonicMs: clock.monotonicMs(), nowMs: clock.now() };
    await clock.advance(5_000);
    renew();
    fence.renewed(early);
    assert.equal(fence.spentMs(), 0);
  });

  it('closes when wall time leaps ahead, as after a suspended machine, until the next renewal', () => {
    const { clock, fence, renew } = setup();
    renew();
    clock.jump(openMs);
    assert.equal(fence.isOpen(), false);
    renew();
    assert.equal(fence.isOpen(), true);
  });

  it('is not fooled by a wall clock that is set back', async () => {
    const { clock, fence, renew } = setup();
    renew();
    clock.jump(-3_600_000);
    await clock.advance(openMs);
    assert.equal(fence.isOpen(), false);
  });

  it('once closed for good stays closed', () => {
    const { fence, renew } = setup();
    renew();
    fence.close();
    renew();
    assert.equal(fence.isOpen(), false);
    assert.equal(fence.signal.aborted, true);
  });
});

describe('fencedTransport', () => {
  it('lets reads through always and writes only while the fence is open', async () => {
    const { fence, renew } = setup();
    const sent: string[] = [];
    const send = fencedTransport(async ({ method }) => {
      sent.push(method);
      return Promise.resolve(done);
    }, fence);
    await assert.rejects(send(post), FencedError);
    await send(get);
    renew();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) await send({ ...post, method });
    fence.close();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      await assert.rejects(send({ ...post, method }), FencedError);
    }
    assert.deepEqual(sent, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
  });

  it('asks in the turn in which the request is handed on', async () => {
    const { clock, fence, renew } = setup();
    renew();
    const states: boolean[] = [];
    const send = fencedTransport(async () => {
      states.push(fence.isOpen());
      return Promise.resolve(done);
    }, fence);
    const sending = send(post);
    clock.jump(openMs);
    await sending;
    assert.deepEqual(states, [true]);
  });

  it('aborts writes that have no answer when it closes for good, and heeds the caller', async () => {
    const { fence, renew } = setup();
    renew();
    const hanging: Transport = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new AbortedError(signal)), { once: true });
      });
    const send = fencedTransport(hanging, fence);
    const caller = new AbortController();
    const [first, second] = [send({ ...post, signal: caller.signal }), send(post)];
    caller.abort();
    await assert.rejects(first, AbortedError);
    await assert.rejects(send({ ...post, signal: caller.signal }), AbortedError);
    fence.close();
    await assert.rejects(second, AbortedError);
  });
});
