import type { JsonObject } from '../base/json.ts';
import type { KubeList, KubeObject, ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** Narrows a list or a watch. */
export interface Selection {
  /** Absent = all namespaces. */
  readonly namespace?: string;
  /** Text form: `a=b,c in (d,e),!f`. */
  readonly labelSelector?: string;
  /** Text form: `metadata.name=x`. */
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  /** `'0'` = any version will do; absent = newest. */
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** A typed watch event. `error` events are thrown as `ApiStatusError` instead of yielded. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** A patch body with its media type. `apply` is server-side apply and needs `fieldManager`. */
export interface PatchOptions {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export interface LogOptions {
  readonly container?: string;
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. The API rounds it down to whole seconds. */
  readonly sinceTime?: string;
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * The Kubernetes API as controllers see it. Every method rejects with `ApiStatusError` when the API refuses, and with
 * another error when no answer came. Objects that come back are shared: read-only.
 */
export interface ApiClient {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Namespace comes from `object.metadata.namespace`. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: { dryRun?: boolean }): Promise<T>;
  /** Replaces the object; with `metadata.resourceVersion` set the write is refused (Conflict) if it changed. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: { dryRun?: boolean }): Promise<T>;
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: JsonObject | readonly JsonObject[],
    options: PatchOptions,
  ): Promise<T>;
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    selection: Selection,
    options?: DeleteOptions,
  ): Promise<void>;
  /** The pod's log as bytes; with `follow`, until the container ends. */
  podLog(key: ObjectKey, options?: LogOptions): AsyncIterable<Uint8Array>;
}
