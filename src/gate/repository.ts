import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** A Pipelines-as-Code Repository, as far as a gate reads it. */
export interface Repository extends KubeObject {
  readonly spec?: { readonly url?: string; readonly concurrency_limit?: number };
}

export const repositories: ResourceType<Repository> = {
  group: 'pipelinesascode.tekton.dev',
  version: 'v1alpha1',
  resource: 'repositories',
  kind: 'Repository',
  namespaced: true,
};

/** The limit a Repository sets itself. 0 and less mean none, as in Pipelines-as-Code. */
export function concurrencyLimitOf(repository: Repository | undefined): number | undefined {
  const limit = repository?.spec?.concurrency_limit;
  return limit !== undefined && limit > 0 ? limit : undefined;
}
