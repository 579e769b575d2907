import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { controllerMetrics } from './metrics.ts';

describe('controllerMetrics', () => {
  it('counts reconciles by outcome and measures them in seconds', async () => {
    const prometheus = createPrometheusMetrics();
    const metrics = controllerMetrics(prometheus);
    metrics.reconciled('runs', 'done', { ranMs: 250, waitedMs: 2_000 });
    metrics.reconciled('runs', 'retried', { ranMs: 250, waitedMs: 0 });
    const text = await prometheus.text();
    assert.match(text, /penstock_reconcile_total\{controller="runs",outcome="done"\} 1\n/);
    assert.match(text, /penstock_reconcile_total\{controller="runs",outcome="retried"\} 1\n/);
    assert.match(text, /penstock_reconcile_seconds_sum\{controller="runs"\} 0\.5\n/);
    assert.match(text, /penstock_queue_wait_seconds_sum\{controller="runs"\} 2\n/);
  });

  it('may be asked for twice', () => {
    const prometheus = createPrometheusMetrics();
    controllerMetrics(prometheus);
    assert.doesNotThrow(() => controllerMetrics(prometheus));
  });
});
