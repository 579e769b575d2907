/** Where objects are in the store: `group/resource/namespace/name`, without the group part in the core group. */
import type { ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { StoreKey } from '../store/store.ts';

type Resource = Pick<ResourceType, 'group' | 'resource'>;

/** What all keys of a resource start with; ends with a slash. The version is no part of it. */
export function resourcePrefix({ group, resource }: Resource): string {
  return group === '' ? `${resource}/` : `${group}/${resource}/`;
}

/** What all keys of a resource in one namespace start with; of all namespaces when it is undefined or empty. */
export function rangePrefix(resource: Resource, namespace: string | undefined): string {
  return namespace ? `${resourcePrefix(resource)}${namespace}/` : resourcePrefix(resource);
}

/** The key of one object. */
export function storeKeyOf(resource: Resource, { namespace, name }: ObjectKey): StoreKey {
  return `${resourcePrefix(resource)}${namespace}/${name}`;
}

/** The prefix of the resource that `key` belongs to. Neither namespaces nor names hold a slash. */
export function prefixOfKey(key: StoreKey): string {
  return key.slice(0, key.lastIndexOf('/', key.lastIndexOf('/') - 1) + 1);
}
