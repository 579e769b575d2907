import type { Pod } from '../../kube/pod.ts';
import { PodConfigError } from './config-error.ts';

/** Where pods run: values the API cannot know. The process runtime shares the host's network. */
export interface NodeFacts {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly hostIp: string;
}

/**
 * The text of a member of the pod, as `fieldRef.fieldPath` names it. Lists of labels and annotations (volumes only) are
 * lines `key="value"`. Throws {@link PodConfigError} for a path that Kubernetes does not offer.
 */
export function podField(pod: Pod, path: string, facts: NodeFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  const read = readers[path];
  if (read === undefined) throw new PodConfigError(`fieldPath "${path}" is not a member that a pod offers`);
  return read(pod, facts);
}

const readers: Readonly<Record<string, (pod: Pod, facts: NodeFacts) => string>> = {
  'metadata.name': (pod) => pod.metadata.name ?? '',
  'metadata.namespace': (pod) => pod.metadata.namespace ?? '',
  'metadata.uid': (pod) => pod.metadata.uid ?? '',
  'metadata.labels': (pod) => keyValueLines(pod.metadata.labels),
  'metadata.annotations': (pod) => keyValueLines(pod.metadata.annotations),
  'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
  'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? 'default',
  'status.hostIP': (_pod, facts) => facts.hostIp,
  'status.hostIPs': (_pod, facts) => facts.hostIp,
  'status.podIP': (_pod, facts) => facts.hostIp,
  'status.podIPs': (_pod, facts) => facts.hostIp,
};

function keyValueLines(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}
