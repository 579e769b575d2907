/** Label values of one observation. Values come from small, fixed sets; names of objects are not labels. */
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** The labels argument of an observation: left out when the metric has none. */
export type LabelsArgument<Label extends string> = [Label] extends [never] ? [] : [labels: Labels<Label>];

/** What a metric is called, as Prometheus has it: `penstock_reconcile_total`, base units (`_seconds`, `_bytes`). */
export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** Counts what happened; only grows. */
export interface Counter<Label extends string = never> {
  add(amount: number, ...labels: LabelsArgument<Label>): void;
}

/** Says how much of something there is now. */
export interface Gauge<Label extends string = never> {
  set(value: number, ...labels: LabelsArgument<Label>): void;
  add(amount: number, ...labels: LabelsArgument<Label>): void;
}

/** Counts observations in buckets of size. */
export interface Histogram<Label extends string = never> {
  observe(value: number, ...labels: LabelsArgument<Label>): void;
}

/** Options of a gauge without labels whose value is read when somebody asks. */
export interface ReadGaugeOptions extends MetricOptions<never> {
  readonly read: () => number;
}

/** Options of a gauge whose values are read when somebody asks; labels that are not given have no value then. */
export interface ReadGaugesOptions<Label extends string> extends MetricOptions<Label> {
  readonly read: () => Iterable<{ readonly labels: Labels<Label>; readonly value: number }>;
}

/** Options of a histogram; `buckets` are upper bounds in the metric's unit, ascending. */
export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  readonly buckets: readonly number[];
}

/**
 * Makes metrics. Asking again for a name gives the metric that is there, so that two parts may count the same thing;
 * asking for it as another kind or with other labels is a bug and throws.
 */
export interface Metrics {
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label>;
  /** A gauge that calls `read` whenever the metrics are shown. Asked again, it reads with the new function only. */
  readGauge(options: ReadGaugeOptions): void;
  /** As {@link Metrics.readGauge}, with a value for each combination of labels. */
  readGauges<Label extends string>(options: ReadGaugesOptions<Label>): void;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
}

/** Bounds for durations in seconds, from a cached read to a long task. */
export const durationSecondsBuckets: readonly number[] = [
  0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200,
];

/** Counts nothing. */
export const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {}, add() {} }),
  readGauge() {},
  readGauges() {},
  histogram: () => ({ observe() {} }),
};
