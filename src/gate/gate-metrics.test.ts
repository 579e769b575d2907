import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../base/clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { GateMetrics } from './gate-metrics.ts';

describe('the metrics of gates', () => {
  it('are those of the process that looks after the gates, and of the gates that are there', async () => {
    const clock = new VirtualClock();
    const metrics = createPrometheusMetrics();
    const shown = async (): Promise<readonly string[]> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('penstock_gate_oldest_waiting_seconds{'));
    const first = new GateMetrics(metrics, clock);
    const oldest = toRfc3339(clock.now());
    for (const gate of ['a', 'b']) first.observe(gate, { waiting: 1, running: 1, limit: 1, oldest });
    await clock.advance(7_000);
    const [ofA, ofB] = ['a', 'b'].map((gate) => `penstock_gate_oldest_waiting_seconds{gate="${gate}"} 7`);
    assert.deepEqual(await shown(), [ofA, ofB], 'as old as it is when somebody asks');
    first.forget('b');
    assert.deepEqual(await shown(), [ofA]);
    first.forgetAll();
    assert.deepEqual(await shown(), [], 'another process leads');
    new GateMetrics(metrics, clock).observe('a', { waiting: 1, running: 1, limit: 1, oldest });
    assert.deepEqual(await shown(), [ofA], 'and this one again');
  });
});
