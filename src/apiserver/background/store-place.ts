import type { ObjectKey } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { StoreKey } from '../../store/store.ts';
import type { KindRegistry } from '../kind-registry.ts';

/** An object's kind and name. */
export interface Place {
  readonly type: ResourceType;
  readonly key: ObjectKey;
}

/** Where the API has the object that is stored at `storeKey`; undefined when its kind is not known. */
export function placeOf(kinds: KindRegistry, storeKey: StoreKey): Place | undefined {
  const segments = storeKey.split('/');
  const [name = '', namespace = '', resource = '', group = ''] = segments.reverse();
  const known = kinds.resource(group, resource);
  return known && { type: (known.served[0] ?? known.storage).type, key: { namespace, name } };
}
