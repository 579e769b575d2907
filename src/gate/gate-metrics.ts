import { fromRfc3339 } from '../base/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What is measured of a gate at one look. */
export interface GateObservation {
  readonly waiting: number;
  readonly running: number;
  /** Creation time of the run that waits longest, RFC 3339. */
  readonly oldest: string | undefined;
  readonly nowMs: number;
}

/** The metrics of gates. Gates are few and named by operators, so their names may be labels. */
export class GateMetrics {
  readonly #waiting;
  readonly #running;
  readonly #oldest;
  readonly #started;

  constructor(metrics: Metrics) {
    const labels = ['gate'] as const;
    this.#waiting = metrics.gauge({ name: 'penstock_gate_waiting_runs', help: 'Runs that wait at the gate.', labels });
    this.#running = metrics.gauge({ name: 'penstock_gate_running_runs', help: 'Runs that hold a slot.', labels });
    this.#oldest = metrics.gauge({
      name: 'penstock_gate_oldest_waiting_seconds',
      help: 'Age of the run that waits longest.',
      labels,
    });
    this.#started = metrics.counter({
      name: 'penstock_gate_started_runs_total',
      help: 'Runs the gate let start.',
      labels,
    });
  }

  observe(gate: string, { waiting, running, oldest, nowMs }: GateObservation): void {
    this.#waiting.set(waiting, { gate });
    this.#running.set(running, { gate });
    const sinceMs = fromRfc3339(oldest);
    this.#oldest.set(sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000, { gate });
  }

  started(gate: string): void {
    this.#started.add(1, { gate });
  }

  /** A gate that is gone has nothing waiting. */
  forget(gate: string): void {
    this.observe(gate, { waiting: 0, running: 0, oldest: undefined, nowMs: 0 });
  }
}
