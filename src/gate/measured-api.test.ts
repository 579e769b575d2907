import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../base/clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import { measureApi } from './measured-api.ts';

describe('measureApi', () => {
  const call: ApiRequest = { method: 'GET', path: '/api', query: {}, headers: {} };
  const answer: ApiResponse = { status: 200, headers: {}, body: { kind: 'json', value: {} } };

  it('gives the mean of the last calls, and forgets', async () => {
    const clock = new VirtualClock();
    let spanMs = 100;
    const { transport, health } = measureApi(async () => {
      await sleep(clock, spanMs);
      return answer;
    }, clock);
    assert.equal(health.latencyMs(), 0);
    for (spanMs of [100, 300]) {
      const sent = transport(call);
      await clock.advance(spanMs);
      assert.equal(await sent, answer);
    }
    assert.equal(health.latencyMs(), 200);
    await clock.advance(15_000);
    assert.equal(health.latencyMs(), 200, 'still of the span before');
    await clock.advance(30_000);
    assert.equal(health.latencyMs(), 0);
  });

  it('knows for a while of a call that was refused', async () => {
    const clock = new VirtualClock();
    const { transport, health } = measureApi(async () => ({ ...answer, status: 429 }), clock);
    assert.equal(health.throttled(), false);
    await transport(call);
    assert.equal(health.throttled(), true);
    await clock.advance(30_000);
    assert.equal(health.throttled(), false);
  });

  it('does not count what stays open', async () => {
    const clock = new VirtualClock();
    const { transport, health } = measureApi(async () => {
      await sleep(clock, 60_000);
      return { ...answer, body: { kind: 'watch', events: (async function* () {})() } };
    }, clock);
    const sent = transport(call);
    await clock.advance(60_000);
    await sent;
    assert.equal(health.latencyMs(), 0);
  });
});
