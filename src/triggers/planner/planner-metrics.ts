import type { Metrics } from '../../telemetry/metrics.ts';

/** What the planner counts. */
export interface PlannerMetrics {
  /** An event led to this; reasons are those of `EventOutcome`. */
  outcome(reason: string): void;
  /** A run was made, found, or could not be made. */
  run(outcome: 'created' | 'adopted' | 'failed' | 'superseded' | 'cancelled'): void;
  /** A try of a Delivery failed, and why; it is tried again. */
  retried(cause: string): void;
}

/** Counters under `penstock_triggers_`. */
export function plannerMetrics(metrics: Metrics): PlannerMetrics {
  const outcomes = metrics.counter({
    name: 'penstock_triggers_events_total',
    help: 'Events of Git hosts, by what they led to: Planned, Duplicate, NothingMatched, AwaitingApproval, Failed and others.',
    labels: ['reason'],
  });
  const runs = metrics.counter({
    name: 'penstock_triggers_runs_total',
    help: 'PipelineRuns that events led to, by what became of their creation; cancelled ones by a command or a newer run.',
    labels: ['outcome'],
  });
  const retries = metrics.counter({
    name: 'penstock_triggers_retries_total',
    help: 'Tries of Deliveries that failed and are made again, by cause.',
    labels: ['cause'],
  });
  return {
    outcome: (reason) => outcomes.add(1, { reason }),
    run: (outcome) => runs.add(1, { outcome }),
    retried: (cause) => retries.add(1, { cause }),
  };
}
