import type { Tracer } from '../telemetry/tracing.ts';
import type { CallObserver } from './observed-calls.ts';

/** Makes a span of each call, child of the reconcile that makes it. Watches are left out: they take as long as they like. */
export function callSpans(tracer: Tracer): CallObserver {
  return ({ verb, resource, namespace, name }) => {
    if (verb === 'watch') return () => undefined;
    const attributes = {
      'k8s.verb': verb,
      'k8s.resource': resource,
      'k8s.namespace.name': namespace,
      'k8s.name': name,
    };
    const span = tracer.start({ name: `${verb} ${resource}`, attributes });
    return (code) => {
      const failed = code === 'error' || code.startsWith('5');
      span.end({ attributes: { 'http.response.status_code': code }, ...(failed ? { error: code } : {}) });
    };
  };
}
