import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { assert } from '../base/assert.ts';
import type { HistogramOptions, Labels, MetricOptions, Metrics, ReadGaugesOptions } from './metrics.ts';

/** How many combinations of label values one metric may have; later ones count together under {@link overflowLabel}. */
export const seriesMax = 1_000;

/** The value of every label of the series that takes what has no series of its own. */
export const overflowLabel = 'other';

/** {@link Metrics} that can be shown to Prometheus. */
export interface PrometheusMetrics extends Metrics {
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
  /** The media type of `text`. */
  readonly contentType: string;
}

type AnyLabels = Labels<string> | undefined;

interface Known {
  readonly kind: string;
  readonly labels: string;
  readonly metric: unknown;
}

/** Metrics kept by prom-client, in a registry of their own. `processMetrics` adds memory, CPU and event loop (default no). */
export function createPrometheusMetrics(options: { processMetrics?: boolean } = {}): PrometheusMetrics {
  const register = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register });
  const known = new Map<string, Known>();
  /** The metric of that name: the one that is there, or a new one. */
  const once = <Metric>(kind: string, wanted: MetricOptions<string>, make: () => Metric): Metric => {
    const labels = (wanted.labels ?? []).join();
    const found = known.get(wanted.name);
    if (!found) {
      const metric = make();
      known.set(wanted.name, { kind, labels, metric });
      return metric;
    }
    assert(found.kind === kind && found.labels === labels, `metric ${wanted.name} is one kind with one set of labels`);
    return found.metric as Metric;
  };
  return {
    counter: (wanted) => once('counter', wanted, () => counter(register, wanted)),
    gauge: (wanted) => once('gauge', wanted, () => gauge(register, wanted)),
    readGauge(wanted) {
      const read = (): ReturnType<ReadGaugesOptions<never>['read']> => [{ labels: {}, value: wanted.read() }];
      once('read gauge', wanted, () => new ReadGauge(register, wanted)).read = read;
    },
    readGauges(wanted) {
      once('read gauge', wanted, () => new ReadGauge(register, wanted)).read = wanted.read;
    },
    histogram: (wanted) => once('histogram', wanted, () => histogram(register, wanted)),
    text: () => register.metrics(),
    contentType: register.contentType,
  };
}

function counter(register: Registry, wanted: MetricOptions<string>) {
  const metric = new Counter({ ...described(wanted), registers: [register] });
  const bounded = boundedLabels(wanted.labels);
  return { add: (amount: number, labels?: AnyLabels) => metric.inc(bounded(labels), amount) };
}

function gauge(register: Registry, wanted: MetricOptions<string>) {
  const metric = new Gauge({ ...described(wanted), registers: [register] });
  const bounded = boundedLabels(wanted.labels);
  return {
    set: (value: number, labels?: AnyLabels) => metric.set(bounded(labels), value),
    add: (amount: number, labels?: AnyLabels) => metric.inc(bounded(labels), amount),
  };
}

/** A gauge whose values are those of the last `read` that was given. */
class ReadGauge {
  read: ReadGaugesOptions<string>['read'] = () => [];

  constructor(register: Registry, wanted: MetricOptions<string>) {
    const bounded = boundedLabels(wanted.labels);
    const metric: Gauge = new Gauge({
      ...described(wanted),
      registers: [register],
      collect: () => {
        metric.reset();
        for (const { labels, value } of this.read()) metric.set(bounded(labels), value);
      },
    });
  }
}

function histogram(register: Registry, wanted: HistogramOptions<string>) {
  const metric = new Histogram({ ...described(wanted), buckets: [...wanted.buckets], registers: [register] });
  const bounded = boundedLabels(wanted.labels);
  return { observe: (value: number, labels?: AnyLabels) => metric.observe(bounded(labels), value) };
}

function described(wanted: MetricOptions<string>): { name: string; help: string; labelNames: string[] } {
  return { name: wanted.name, help: wanted.help, labelNames: [...(wanted.labels ?? [])] };
}

/** Lets the first {@link seriesMax} combinations of label values through and puts later ones together. */
function boundedLabels(names: readonly string[] = []): (labels: AnyLabels) => Record<string, string> {
  const series = new Set<string>();
  const overflow = Object.fromEntries(names.map((name) => [name, overflowLabel]));
  return (labels = {}) => {
    const id = JSON.stringify(names.map((name) => labels[name]));
    if (series.has(id)) return labels;
    if (series.size >= seriesMax) return overflow;
    series.add(id);
    return labels;
  };
}
