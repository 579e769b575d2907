import { isJsonObject } from '../../base/json.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { namespaces } from '../../kube/core-types.ts';
import type { Store } from '../../store/store.ts';
import { forbidden, notFound } from '../status-errors.ts';
import { storeKeyOf } from '../store-keys.ts';

/** Namespaces that are always there. */
export const standardNamespaces: readonly string[] = ['default', 'kube-system'];

/** Refuses to delete a namespace that is always there. */
export function refuseStandardNamespace(type: ResourceType, name: string): void {
  if (type.group !== '' || type.resource !== namespaces.resource || !standardNamespaces.includes(name)) return;
  throw forbidden(type, name, 'this namespace may not be deleted');
}

/** Refuses a create in a namespace that does not exist or is on its way out. */
export function refuseUnusableNamespace(store: Store, type: ResourceType, name: string, namespace: string): void {
  if (!type.namespaced) return;
  const found = store.get(storeKeyOf(namespaces, { namespace: '', name: namespace }));
  if (found === undefined) throw notFound(namespaces, namespace);
  const { metadata } = found.value;
  if (!isJsonObject(metadata) || metadata['deletionTimestamp'] === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(type, name, why, [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }]);
}
