import type { Clock } from '../base/clock.ts';
import { durationSecondsBuckets, type Metrics } from '../telemetry/metrics.ts';
import type { CallObserver } from './observed-calls.ts';

/** Counts calls to the API, and measures how long their answers took to come. */
export function callMetrics(metrics: Metrics, clock: Clock): CallObserver {
  const total = metrics.counter<'verb' | 'resource' | 'code'>({
    name: 'penstock_api_calls_total',
    help: 'Calls to the Kubernetes API, by verb, resource and HTTP status; error = no answer came.',
    labels: ['verb', 'resource', 'code'],
  });
  const seconds = metrics.histogram<'verb' | 'resource'>({
    name: 'penstock_api_call_seconds',
    help: 'Time until the answer was here; of watches and logs, until they began.',
    labels: ['verb', 'resource'],
    buckets: durationSecondsBuckets,
  });
  return ({ verb, resource }) => {
    const startMs = clock.monotonicMs();
    return (code) => {
      total.add(1, { verb, resource, code });
      seconds.observe((clock.monotonicMs() - startMs) / 1000, { verb, resource });
    };
  };
}
