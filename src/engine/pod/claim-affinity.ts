import { fnv32a } from '../../base/fnv32a.ts';
import type { PodTemplate } from '../../tekton/types.ts';

/** What keeps pods together that share volumes which only one node can mount. */
export interface ClaimAffinity {
  readonly labels: Readonly<Record<string, string>>;
  readonly affinity?: PodTemplate['affinity'];
}

interface Affinity {
  readonly podAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] };
  readonly [member: string]: unknown;
}

/**
 * Labels a pod with each of `claims`, and asks for the node of other pods with that label. Where there is none, Kubernetes
 * lets the first pod go anywhere, since it matches its own term. What the template says about affinity stays.
 */
export function claimAffinity(claims: readonly string[], template: PodTemplate): ClaimAffinity {
  const given = template['affinity'] as Affinity | undefined;
  if (claims.length === 0) return { labels: {}, ...(given ? { affinity: given } : {}) };
  const labels = Object.fromEntries(claims.map((claim) => [claimLabel(claim), 'true']));
  const terms = Object.keys(labels).map((label) => ({
    labelSelector: { matchLabels: { [label]: 'true' } },
    topologyKey: 'kubernetes.io/hostname',
  }));
  const required = [...(given?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...terms];
  const podAffinity = { ...given?.podAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
  return { labels, affinity: { ...given, podAffinity } };
}

/** Names of claims may be longer than a label key, so the label carries a hash: two claims of one hash merely share a node. */
function claimLabel(claim: string): string {
  return `penstock.dev/claim-${fnv32a(claim).toString(16).padStart(8, '0')}`;
}
