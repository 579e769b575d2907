import type { Transport } from '../kube/transport.ts';

/** Where Prometheus looks by default. */
const metricsPath = '/metrics';

/** Measurements in a text format. */
export interface MetricsText {
  text(): Promise<string>;
  readonly contentType: string;
}

/** `api` with the measurements at {@link metricsPath}: whoever may use the one may read the other. */
export function withMetrics(api: Transport, metrics: MetricsText): Transport {
  return async (request) => {
    if (request.method !== 'GET' || request.path !== metricsPath) return api(request);
    const body = { kind: 'text', text: await metrics.text(), contentType: metrics.contentType } as const;
    return { status: 200, headers: {}, body };
  };
}
