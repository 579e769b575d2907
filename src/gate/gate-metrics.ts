import { type Clock, fromRfc3339 } from '../base/clock.ts';
import { durationSecondsBuckets, type Metrics } from '../telemetry/metrics.ts';

/** What is measured of a gate at one look. */
export interface GateObservation {
  readonly waiting: number;
  readonly running: number;
  /** `Infinity` = none. */
  readonly limit: number;
  /** Creation time of the run that waits longest, RFC 3339. */
  readonly oldest: string | undefined;
}

const labels = ['gate'] as const;

/**
 * The metrics of gates. Gates are few and named by operators, so their names may be labels. A process that does not look after
 * the gates any more shows none of them: another one does, and both together would count twice.
 */
export class GateMetrics {
  readonly #clock: Clock;
  readonly #seen = new Map<string, GateObservation>();
  readonly #started;
  readonly #waited;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    this.#show(metrics, 'penstock_gate_waiting_runs', 'Runs that wait at the gate.', ({ waiting }) => waiting);
    this.#show(metrics, 'penstock_gate_running_runs', 'Runs that hold a slot.', ({ running }) => running);
    this.#show(metrics, 'penstock_gate_limit_runs', 'The limit in force.', ({ limit }) => limit);
    const age = ({ oldest }: GateObservation): number => ageSeconds(oldest, clock.now());
    this.#show(metrics, 'penstock_gate_oldest_waiting_seconds', 'Age of the run that waits longest.', age);
    this.#started = metrics.counter({
      name: 'penstock_gate_started_runs_total',
      help: 'Runs the gate let start: its rate is how many are admitted.',
      labels,
    });
    this.#waited = metrics.histogram({
      name: 'penstock_gate_wait_seconds',
      help: 'From the creation of a run to its start by the gate.',
      labels,
      buckets: durationSecondsBuckets,
    });
  }

  observe(gate: string, observation: GateObservation): void {
    this.#seen.set(gate, observation);
  }

  /** A run that was created at `created` (RFC 3339) has been started. */
  started(gate: string, created: string | undefined): void {
    this.#started.add(1, { gate });
    this.#waited.observe(ageSeconds(created, this.#clock.now()), { gate });
  }

  /** The gate is gone. */
  forget(gate: string): void {
    this.#seen.delete(gate);
  }

  /** This process does not look after gates any more. */
  forgetAll(): void {
    this.#seen.clear();
  }

  #show(metrics: Metrics, name: string, help: string, valueOf: (seen: GateObservation) => number): void {
    const read = (): readonly { readonly labels: { readonly gate: string }; readonly value: number }[] =>
      [...this.#seen].map(([gate, seen]) => ({ labels: { gate }, value: valueOf(seen) }));
    metrics.readGauges({ name, help, labels, read });
  }
}

/** 0 when there is nothing, or when it is of the future because a clock jumped. */
function ageSeconds(since: string | undefined, nowMs: number): number {
  const sinceMs = fromRfc3339(since);
  return sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000;
}
