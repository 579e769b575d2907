import type { FlowControl } from '../client/flow-control.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Shows in `metrics` how our calls to the API server fare. */
export function observeFlow(metrics: Metrics, flow: FlowControl): void {
  const gauges = [
    ['penstock_client_window', 'Calls to the API server that may be under way at once', () => flow.status().limit],
    ['penstock_client_under_way', 'Calls to the API server under way', () => flow.status().underWay],
    ['penstock_client_waiting', 'Calls to the API server that wait for their turn', () => flow.status().waiting],
    ['penstock_client_refused', 'Calls refused with 429 since the start', () => flow.status().refused],
    [
      'penstock_client_latency_seconds',
      'Mean time of the last writes to the API server',
      () => flow.latencyMs() / 1000,
    ],
  ] as const;
  for (const [name, help, read] of gauges) metrics.readGauge({ name, help, read });
}
