import type { StatusTarget } from '../forge/forge.ts';
import { hashOf } from '../forge/kinds/identity.ts';
import type { ObjectKey } from '../kube/object.ts';

/** What one CommitStatus is about: one context of one commit, or one comment about it. */
export interface StatusIdentity {
  /** Namespace and name of the Repository; the CommitStatus is in the same namespace. */
  readonly namespace: string;
  readonly repository: string;
  readonly target: Pick<StatusTarget, 'project' | 'sha' | 'context'>;
  /** Of what is shown as a comment only. */
  readonly marker?: string;
}

/** The name of the one CommitStatus of a context. */
export function statusKeyOf({ namespace, repository, target, marker }: StatusIdentity): ObjectKey {
  const { project, sha, context } = target;
  const parts = ['status', repository, project.url, sha, context, ...(marker === undefined ? [] : [marker])];
  return { namespace, name: `status-${hashOf(parts).slice(0, 32)}` };
}
