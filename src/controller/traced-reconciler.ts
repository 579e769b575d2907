import { errorText } from '../base/errors.ts';
import { keyText } from '../kube/object.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import type { Reconciler } from './contract.ts';

/** `reconciler` with a span for each reconcile, above those of its calls. */
export function tracedReconciler(name: string, reconciler: Reconciler, tracer: Tracer): Reconciler {
  return {
    async reconcile(key, signal) {
      const span = tracer.start({ name: `reconcile ${name}`, attributes: { 'penstock.key': keyText(key) } });
      try {
        const result = await tracer.within(span, () => reconciler.reconcile(key, signal));
        span.end({ attributes: { 'penstock.requeue_after_ms': result.requeueAfterMs } });
        return result;
      } catch (thrown) {
        span.end({ error: errorText(thrown) });
        throw thrown;
      }
    },
  };
}
