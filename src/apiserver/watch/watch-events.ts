/** What a watcher is told about a change in the store. */
import type { JsonObject } from '../../base/json.ts';
import type { ApiStatusError } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import type { RawWatchEvent } from '../../kube/transport.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { StoreEvent } from '../../store/store.ts';
import type { ObjectSelection } from '../read/selection.ts';
import { inVersion } from '../write/stored-objects.ts';

/**
 * The event as one who watches `selection` sees it: an object that comes to match is ADDED, one that ceases to is
 * DELETED (with its last matching content and the revision of the change). Undefined when it does not concern them.
 */
export function watchEventOf(
  kind: KindDefinition,
  selection: ObjectSelection,
  event: StoreEvent,
): RawWatchEvent | undefined {
  const { matches } = selection;
  if (!matches) return plainEvent(kind, event);
  const object = inVersion(kind, event.value);
  const before = event.type === 'delete' ? object : event.previous && inVersion(kind, event.previous);
  const matchesNow = event.type === 'put' && matches(object);
  const matchedBefore = before !== undefined && matches(before);
  if (matchesNow) return watchEvent(matchedBefore ? 'MODIFIED' : 'ADDED', object);
  if (!matchedBefore) return undefined;
  return watchEvent('DELETED', event.type === 'delete' ? object : atRevision(before, event.revision));
}

function plainEvent(kind: KindDefinition, event: StoreEvent): RawWatchEvent {
  const object = inVersion(kind, event.value);
  if (event.type === 'delete') return watchEvent('DELETED', object);
  return watchEvent(event.previous === undefined ? 'ADDED' : 'MODIFIED', object);
}

/** An event about `object`. */
export function watchEvent(type: RawWatchEvent['type'], object: UnknownObject): RawWatchEvent {
  return { type, object: object as unknown as JsonObject };
}

function atRevision(object: UnknownObject, revision: number): UnknownObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** The annotation of the bookmark that ends the initial events. */
const initialEventsEnd = 'k8s.io/initial-events-end';

/** Says that everything up to `revision` has been told. */
export function bookmark(kind: KindDefinition, revision: number, endsInitialEvents = false): RawWatchEvent {
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(endsInitialEvents ? { annotations: { [initialEventsEnd]: 'true' } } : {}),
  };
  return { type: 'BOOKMARK', object: { kind: kind.type.kind, apiVersion: apiVersionOf(kind.type), metadata } };
}

/** The last event of a watch that cannot go on. */
export function errorEvent(error: ApiStatusError): RawWatchEvent {
  return { type: 'ERROR', object: error.toStatus() };
}
