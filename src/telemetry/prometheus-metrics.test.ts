import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noMetrics, type Metrics } from './metrics.ts';
import { createPrometheusMetrics, seriesMax } from './prometheus-metrics.ts';

/** The samples in a Prometheus text, without comments. */
async function samples(metrics: { text(): Promise<string> }): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('createPrometheusMetrics', () => {
  it('shows counters, gauges and histograms in the text format', async () => {
    const metrics = createPrometheusMetrics();
    const runs = metrics.counter({ name: 'runs_total', help: 'Runs that ended.', labels: ['result'] });
    runs.add(1, { result: 'ok' });
    runs.add(2, { result: 'failed' });
    const depth = metrics.gauge({ name: 'queue_items', help: 'Items that wait.' });
    depth.set(5);
    depth.add(-2);
    let size = 7;
    metrics.readGauge({ name: 'store_keys', help: 'Keys.', read: () => size });
    const spans = metrics.histogram({ name: 'span_seconds', help: 'Spans.', buckets: [1, 10] });
    spans.observe(0.5);
    spans.observe(5);
    size = 8;
    assert.deepEqual(await samples(metrics), [
      'runs_total{result="ok"} 1',
      'runs_total{result="failed"} 2',
      'queue_items 3',
      'store_keys 8',
      'span_seconds_bucket{le="1"} 1',
      'span_seconds_bucket{le="10"} 2',
      'span_seconds_bucket{le="+Inf"} 2',
      'span_seconds_sum 5.5',
      'span_seconds_count 2',
    ]);
    assert.match(await metrics.text(), /# HELP runs_total Runs that ended\.\n# TYPE runs_total counter/);
    assert.match(metrics.contentType, /^text\/plain/);
  });

  it('gives the metric that is there, and refuses the same name for another', async () => {
    const metrics = createPrometheusMetrics();
    const wanted = { name: 'calls_total', help: 'Calls.', labels: ['verb'] } as const;
    metrics.counter(wanted).add(1, { verb: 'get' });
    metrics.counter(wanted).add(1, { verb: 'get' });
    assert.deepEqual(await samples(metrics), ['calls_total{verb="get"} 2']);
    assert.throws(() => metrics.gauge(wanted), { code: 'ASSERTION' });
    assert.throws(() => metrics.counter({ ...wanted, labels: ['verb', 'code'] }), { code: 'ASSERTION' });
  });

  it('reads gauges when asked, with the function that was given last', async () => {
    const metrics = createPrometheusMetrics();
    const wanted = { name: 'caches', help: 'Caches.', labels: ['type'] } as const;
    const values = (...types: readonly string[]) =>
      types.map((type, index) => ({ labels: { type }, value: index + 1 }));
    metrics.readGauges({ ...wanted, read: () => values('a', 'b') });
    assert.deepEqual(await samples(metrics), ['caches{type="a"} 1', 'caches{type="b"} 2']);
    metrics.readGauges({ ...wanted, read: () => values('c') });
    assert.deepEqual(await samples(metrics), ['caches{type="c"} 1']);
    metrics.readGauge({ name: 'one', help: 'One.', read: () => 1 });
    metrics.readGauge({ name: 'one', help: 'One.', read: () => 2 });
    assert.deepEqual(await samples(metrics), ['caches{type="c"} 1', 'one 2']);
  });

  it('puts series beyond the limit together', async () => {
    const metrics = createPrometheusMetrics();
    const counter = metrics.counter({ name: 'names_total', help: 'Names.', labels: ['name'] });
    for (let index = 0; index < seriesMax + 5; index++) counter.add(1, { name: `n${index}` });
    counter.add(1, { name: 'n0' });
    const lines = await samples(metrics);
    assert.equal(lines.length, seriesMax + 1);
    assert.ok(lines.includes('names_total{name="other"} 5'));
    assert.ok(lines.includes('names_total{name="n0"} 2'));
  });

  it('shows the process only when asked to', async () => {
    assert.deepEqual(await samples(createPrometheusMetrics()), []);
    const text = await createPrometheusMetrics({ processMetrics: true }).text();
    assert.match(text, /^process_resident_memory_bytes \d+/mu);
  });
});

describe('noMetrics', () => {
  it('accepts everything', () => {
    const metrics: Metrics = noMetrics;
    metrics.counter({ name: 'a_total', help: 'A.', labels: ['b'] }).add(1, { b: 'c' });
    metrics.gauge({ name: 'a', help: 'A.' }).set(1);
    metrics.readGauge({ name: 'b', help: 'B.', read: () => assert.fail('nobody reads it') });
    metrics.readGauges({ name: 'd', help: 'D.', read: () => assert.fail('nobody reads it') });
    metrics.histogram({ name: 'c', help: 'C.', buckets: [1] }).observe(1);
  });
});
