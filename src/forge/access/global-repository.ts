import type { ObjectKey } from '../../kube/object.ts';
import type { Repository } from '../kinds/repository.ts';

/** Name of the Repository in Penstock's own namespace that gives defaults to all others. */
const globalRepositoryName = 'pipelines-as-code';

/** Where the Repository is that gives defaults to all others. */
export function globalRepositoryKey(systemNamespace: string): ObjectKey {
  return { namespace: systemNamespace, name: globalRepositoryName };
}

/** The global Repository in a cache, if there is one. */
export function globalRepositoryOf({
  repositories,
  systemNamespace,
}: {
  readonly repositories: { get(key: ObjectKey): Repository | undefined };
  readonly systemNamespace: string;
}): Repository | undefined {
  return repositories.get(globalRepositoryKey(systemNamespace));
}

/** Whether `repository` is the global one. */
export function isGlobalRepository({ metadata }: Repository, systemNamespace: string): boolean {
  const { namespace, name } = globalRepositoryKey(systemNamespace);
  return metadata.namespace === namespace && metadata.name === name;
}
