/** What a delete does to an object: decided from the object alone. */
import { fromRfc3339, toRfc3339 } from '../../base/clock.ts';
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { ObjectMeta, UnknownObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';

/** What becomes of the dependents of a deleted object. */
export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

/** Finalizers that the garbage collector removes once it has dealt with the dependents. */
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** Seconds a pod has to end when nobody says otherwise. */
const podGraceSecondsDefault = 30;

/** Gone at once, marked and kept for now, or already on its way so that nothing changes. */
export type DeletionStep =
  | { readonly step: 'remove' }
  | { readonly step: 'mark'; readonly object: UnknownObject }
  | { readonly step: 'wait' };

/** What the caller of a delete asks for. */
export interface DeletionWish {
  readonly graceSeconds?: number;
  readonly propagation?: PropagationPolicy;
}

/** The next step of deleting `object`. */
export function deletionStep(
  type: ResourceType,
  object: UnknownObject,
  wish: DeletionWish,
  nowMs: number,
): DeletionStep {
  const finalizers = finalizersAfter(object.metadata.finalizers ?? [], wish.propagation);
  const grace = graceSecondsOf(type, object, wish.graceSeconds);
  const kept = finalizers.length > 0 || hasContentFinalizers(type, object);
  if (!kept && grace === 0) return { step: 'remove' };
  const metadata = markedMetadata(object.metadata, finalizers, grace, nowMs);
  if (metadata === object.metadata) return { step: 'wait' };
  return { step: 'mark', object: markedObject(type, object, metadata) };
}

/** Whether an object that is being deleted may go now, after an update. */
export function isReadyToGo(type: ResourceType, object: UnknownObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || hasContentFinalizers(type, object)) return false;
  return deletionGracePeriodSeconds === 0;
}

/** A namespace stays until its content is gone: that is what `spec.finalizers` is for. */
function hasContentFinalizers(type: ResourceType, object: UnknownObject): boolean {
  if (type.group !== '' || type.resource !== 'namespaces') return false;
  const spec = object['spec'];
  const finalizers = isJsonObject(spec) ? spec['finalizers'] : undefined;
  return isJsonList(finalizers) && finalizers.length > 0;
}

function finalizersAfter(finalizers: readonly string[], propagation: PropagationPolicy | undefined): readonly string[] {
  if (propagation === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== foregroundFinalizer && name !== orphanFinalizer);
  if (propagation === 'Background') return others.length === finalizers.length ? finalizers : others;
  const wanted = propagation === 'Foreground' ? foregroundFinalizer : orphanFinalizer;
  return finalizers.includes(wanted) && others.length === finalizers.length - 1 ? finalizers : [...others, wanted];
}

/** Only pods end gracefully, and only those that a node may be running. */
function graceSecondsOf(type: ResourceType, object: UnknownObject, asked: number | undefined): number {
  if (type.group !== '' || type.resource !== 'pods') return 0;
  const { spec, status } = object;
  const phase = isJsonObject(status) ? status['phase'] : undefined;
  const bound = isJsonObject(spec) && Boolean(spec['nodeName']);
  if (!bound || phase === 'Succeeded' || phase === 'Failed') return 0;
  const own = isJsonObject(spec) ? spec['terminationGracePeriodSeconds'] : undefined;
  const grace = asked ?? (typeof own === 'number' ? own : podGraceSecondsDefault);
  // A negative grace meant "at once, but tell the node" once; it is the shortest grace there is.
  return grace < 0 ? 1 : grace;
}

/** The metadata with its deletion in it; the very same when there is nothing to change. */
function markedMetadata(metadata: ObjectMeta, finalizers: readonly string[], grace: number, nowMs: number): ObjectMeta {
  const earlier = metadata.deletionTimestamp;
  if (earlier === undefined) {
    return {
      ...metadata,
      ...finalizersMember(metadata, finalizers),
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      deletionTimestamp: toRfc3339(nowMs + grace * 1000),
      deletionGracePeriodSeconds: grace,
    };
  }
  const shortened = shortenedDeletion(metadata, earlier, grace, nowMs);
  if (shortened === undefined && finalizers === metadata.finalizers) return metadata;
  return { ...metadata, ...finalizersMember(metadata, finalizers), ...shortened };
}

function finalizersMember(metadata: ObjectMeta, finalizers: readonly string[]): Pick<ObjectMeta, 'finalizers'> {
  return finalizers.length === 0 && metadata.finalizers === undefined ? {} : { finalizers };
}

/** A later delete may shorten the grace, counted from the first one; never lengthen it. */
function shortenedDeletion(
  metadata: ObjectMeta,
  earlier: string,
  grace: number,
  nowMs: number,
): Partial<ObjectMeta> | undefined {
  const before = metadata.deletionGracePeriodSeconds ?? 0;
  if (grace >= before) return undefined;
  const dueMs = fromRfc3339(earlier) ?? nowMs;
  const againMs = grace === 0 ? Math.min(dueMs, nowMs) : dueMs - (before - grace) * 1000;
  return { deletionTimestamp: toRfc3339(againMs), deletionGracePeriodSeconds: grace };
}

function markedObject(type: ResourceType, object: UnknownObject, metadata: ObjectMeta): UnknownObject {
  if (type.group !== '' || type.resource !== 'namespaces') return { ...object, metadata };
  const status = isJsonObject(object['status']) ? object['status'] : {};
  return { ...object, metadata, status: { ...status, phase: 'Terminating' } };
}
