import type { Clock } from '../../base/clock.ts';
import type { Delivery } from '../../forge/kinds/delivery.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { receivedMs } from './history.ts';

/** What the planner counts. */
export interface PlannerMetrics {
  /** An event led to this; reasons are those of `EventOutcome`. */
  outcome(reason: string): void;
  /** A run was made, found, or could not be made. */
  run(outcome: 'created' | 'adopted' | 'failed' | 'superseded' | 'cancelled'): void;
  /** A try of a Delivery failed, and why; it is tried again. */
  retried(cause: string): void;
}

/** Counters of events and of what they led to. */
export function plannerMetrics(metrics: Metrics): PlannerMetrics {
  const outcomes = metrics.counter({
    name: 'penstock_events_total',
    help: 'Events of Git hosts, by what they led to: Planned, Duplicate, NothingMatched, AwaitingApproval, Failed and others.',
    labels: ['reason'],
  });
  const runs = metrics.counter({
    name: 'penstock_event_runs_total',
    help: 'PipelineRuns that events led to, by what became of their creation; cancelled ones by a command or a newer run.',
    labels: ['outcome'],
  });
  const retries = metrics.counter({
    name: 'penstock_event_retries_total',
    help: 'Tries of Deliveries that failed and are made again, by cause.',
    labels: ['cause'],
  });
  return {
    outcome: (reason) => outcomes.add(1, { reason }),
    run: (outcome) => runs.add(1, { outcome }),
    retried: (cause) => retries.add(1, { cause }),
  };
}

/** Gauges of what is not done yet: a Delivery that stays is an event that nobody sees the end of. */
export function unfinishedMetrics(metrics: Metrics, clock: Clock, unfinished: () => readonly Delivery[]): void {
  metrics.readGauge({
    name: 'penstock_deliveries_unfinished',
    help: 'Deliveries that have not led to their runs or to a reason why not.',
    read: () => unfinished().length,
  });
  metrics.readGauge({
    name: 'penstock_delivery_oldest_unfinished_seconds',
    help: 'For how long the one of these that waits longest has waited; 0 when there is none.',
    read: () => Math.max(0, ...unfinished().map((delivery) => (clock.now() - receivedMs(delivery)) / 1000)),
  });
}
