import { fromRfc3339 } from '../base/clock.ts';
import { durationSecondsBuckets, type Metrics } from '../telemetry/metrics.ts';

/** What is measured of a gate at one look. */
export interface GateObservation {
  readonly waiting: number;
  readonly running: number;
  /** `Infinity` = none. */
  readonly limit: number;
  /** Creation time of the run that waits longest, RFC 3339. */
  readonly oldest: string | undefined;
  readonly nowMs: number;
}

/** The metrics of gates. Gates are few and named by operators, so their names may be labels. */
export class GateMetrics {
  readonly #waiting;
  readonly #running;
  readonly #oldest;
  readonly #limit;
  readonly #started;
  readonly #waited;

  constructor(metrics: Metrics) {
    const labels = ['gate'] as const;
    this.#waiting = metrics.gauge({ name: 'penstock_gate_waiting_runs', help: 'Runs that wait at the gate.', labels });
    this.#running = metrics.gauge({ name: 'penstock_gate_running_runs', help: 'Runs that hold a slot.', labels });
    this.#limit = metrics.gauge({ name: 'penstock_gate_limit_runs', help: 'The limit in force.', labels });
    this.#oldest = metrics.gauge({
      name: 'penstock_gate_oldest_waiting_seconds',
      help: 'Age of the run that waits longest, up to a minute old.',
      labels,
    });
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

  observe(gate: string, { waiting, running, limit, oldest, nowMs }: GateObservation): void {
    this.#waiting.set(waiting, { gate });
    this.#running.set(running, { gate });
    this.#limit.set(limit, { gate });
    this.#oldest.set(ageSeconds(oldest, nowMs), { gate });
  }

  /** A run that was created at `created` (RFC 3339) has been started. */
  started(gate: string, created: string | undefined, nowMs: number): void {
    this.#started.add(1, { gate });
    this.#waited.observe(ageSeconds(created, nowMs), { gate });
  }

  /** A gate that is gone has nothing waiting. */
  forget(gate: string): void {
    this.observe(gate, { waiting: 0, running: 0, limit: 0, oldest: undefined, nowMs: 0 });
  }
}

/** 0 when there is nothing, or when it is of the future because a clock jumped. */
function ageSeconds(since: string | undefined, nowMs: number): number {
  const sinceMs = fromRfc3339(since);
  return sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000;
}
