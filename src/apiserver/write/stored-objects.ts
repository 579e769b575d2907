/** Objects in the store, as the versions of their resource show them. */
import type { JsonObject } from '../../base/json.ts';
import type { ObjectKey, UnknownObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { Store } from '../../store/store.ts';
import type { KindRegistry } from '../kind-registry.ts';
import { storeKeyOf } from '../store-keys.ts';

/** A stored object and the revision to guard its next write with. */
export interface StoredObject {
  readonly object: UnknownObject;
  readonly revision: number;
}

/** Reads one object; undefined when there is none. */
export function readObject(store: Store, kind: KindDefinition, key: ObjectKey): StoredObject | undefined {
  const found = store.get(storeKeyOf(kind.type, key));
  return found && { object: inVersion(kind, found.value), revision: found.modRevision };
}

/** The stored value in the version of `kind`. Versions differ in `apiVersion` only. */
export function inVersion(kind: KindDefinition, value: JsonObject): UnknownObject {
  const object = value as unknown as UnknownObject;
  const apiVersion = apiVersionOf(kind.type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The object in the version its resource is stored in. */
export function inStorageVersion(registry: KindRegistry, kind: KindDefinition, object: UnknownObject): UnknownObject {
  const storage = registry.resource(kind.type.group, kind.type.resource)?.storage ?? kind;
  return storage === kind ? object : inVersion(storage, object as unknown as JsonObject);
}

/** The object with its new revision in it. */
export function stamped(object: UnknownObject, revision: number): JsonObject {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return { ...object, metadata } as unknown as JsonObject;
}
