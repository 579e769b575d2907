import { durationSecondsBuckets, type Metrics } from '../telemetry/metrics.ts';
import type { ControllerMetrics } from './controller.ts';

/** Counts reconciles, and measures how long they ran and their keys waited, by controller. */
export function controllerMetrics(metrics: Metrics): ControllerMetrics {
  const total = metrics.counter<'controller' | 'outcome'>({
    name: 'penstock_reconcile_total',
    help: 'Reconciles, by outcome: done, requeued, retried after an error, terminal, aborted.',
    labels: ['controller', 'outcome'],
  });
  const ran = metrics.histogram<'controller'>({
    name: 'penstock_reconcile_seconds',
    help: 'How long reconciles ran.',
    labels: ['controller'],
    buckets: durationSecondsBuckets,
  });
  const waited = metrics.histogram<'controller'>({
    name: 'penstock_queue_wait_seconds',
    help: 'How long keys that were ready waited for a worker.',
    labels: ['controller'],
    buckets: durationSecondsBuckets,
  });
  return {
    reconciled(controller, outcome, { ranMs, waitedMs }) {
      total.add(1, { controller, outcome });
      ran.observe(ranMs / 1000, { controller });
      waited.observe(waitedMs / 1000, { controller });
    },
  };
}
