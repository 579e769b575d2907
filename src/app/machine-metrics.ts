import type { Lister } from '../controller/contract.ts';
import type { Pod } from '../kube/pod.ts';
import type { Store } from '../store/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Shows what an embedded Penstock keeps and runs. */
export function observeMachine(metrics: Metrics, store: Store, pods: Lister<Pod>): void {
  metrics.readGauge({
    name: 'penstock_store_revision',
    help: 'The newest revision of the store: grows by one with each write.',
    read: () => store.revision(),
  });
  metrics.readGauge({
    name: 'penstock_store_history_revisions',
    help: 'Revisions of the past that can still be watched from.',
    read: () => store.revision() - store.oldestRevision(),
  });
  metrics.readGauges<'phase'>({
    name: 'penstock_node_pods',
    help: 'Pods of this node, by phase; Pending ones wait for room or are being prepared.',
    labels: ['phase'],
    *read() {
      const counts = new Map<string, number>();
      for (const { status, spec } of pods.list()) {
        if (spec.nodeName === undefined) continue;
        const phase = status?.phase ?? 'Pending';
        counts.set(phase, (counts.get(phase) ?? 0) + 1);
      }
      for (const [phase, value] of counts) yield { labels: { phase }, value };
    },
  });
}
