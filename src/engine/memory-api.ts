/**
 * An ApiClient over maps, for tests of controllers: optimistic concurrency, name conflicts, patches, deletion with
 * finalizers and grace, faults on demand, and caches that lag behind until they are told to catch up. Verbs that no test
 * needs yet throw.
 */
import { assert } from '../base/assert.ts';
import { toRfc3339 } from '../base/clock.ts';
import { deepFreeze, isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { ApiClient, DeleteOptions } from '../client/api-client.ts';
import type { Indexers, Lister } from '../controller/contract.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { jsonPatch } from '../kube/json-patch.ts';
import { controllerOf, keyOf, keyText, type KubeObject, type ObjectKey } from '../kube/object.ts';
import type { Pod } from '../kube/pod.ts';
import type { ResourceType } from '../kube/resource.ts';

/** One call that reached the API, as `verb resource/name`. */
export type Call = string;

/** Asked before every call; what it throws is the API's answer, and nothing is done. */
export type Fault = (call: Call, body: unknown) => void;

/** The stored objects of all kinds, and the calls made. */
export class MemoryApi {
  readonly calls: Call[] = [];
  /** Called before each call is carried out: throws to answer with an error, or changes the world under the caller. */
  before: Fault = () => undefined;
  /** Called after a call was carried out: throws to lose the answer. */
  after: Fault = () => undefined;
  /** The instant that the API stamps on objects, in epoch milliseconds. */
  now: () => number = () => Date.UTC(2026, 10, 21, 8);
  readonly #stored = new Map<string, KubeObject>();
  readonly #watchers: {
    readonly resource: string;
    readonly tell: (previous?: KubeObject, object?: KubeObject) => void;
  }[] = [];
  #version = 0;

  /** What is stored under `key`, if anything. */
  read<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.#stored.get(pathOf(type, key)) as T | undefined;
  }

  /** All stored objects of a kind. */
  all<T extends KubeObject>(type: ResourceType<T>): readonly T[] {
    const prefix = `${type.resource}/`;
    return [...this.#stored].filter(([path]) => path.startsWith(prefix)).map(([, object]) => object as T);
  }

  /** Stores `object` as if somebody else had; gives it a uid and a version. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const uid = object.metadata.uid ?? `uid-${this.#version + 1}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(++this.#version) };
    const stored = deepFreeze({ ...object, metadata });
    const previous = this.read(type, keyOf(object));
    if (isFreeToGo(stored)) {
      this.remove(type, keyOf(object));
      return stored;
    }
    this.#stored.set(pathOf(type, keyOf(object)), stored);
    this.#tell(type, previous, stored);
    return stored;
  }

  /** Deletes as if somebody else had. */
  remove(type: ResourceType, key: ObjectKey): void {
    const previous = this.read(type, key);
    this.#stored.delete(pathOf(type, key));
    this.#tell(type, previous, undefined);
  }

  /** Calls `tell` after every change of a kind; no `object` = deleted, no `previous` = created. */
  watch<T extends KubeObject>(type: ResourceType<T>, tell: (previous?: T, object?: T) => void): void {
    this.#watchers.push({
      resource: type.resource,
      tell: tell as (previous?: KubeObject, object?: KubeObject) => void,
    });
  }

  /** The client of this API. */
  get client(): ApiClient {
    return {
      get: (type, key) => this.#call(`get ${type.resource}/${key.name}`, undefined, () => this.#existing(type, key)),
      create: (type, object) =>
        this.#call(`create ${type.resource}/${object.metadata.name ?? ''}`, object, () => this.#create(type, object)),
      updateStatus: (type, object) =>
        this.#call(`status ${type.resource}/${object.metadata.name ?? ''}`, object, () =>
          this.#updateStatus(type, object),
        ),
      patch: (type, key, patch) =>
        this.#call(`patch ${type.resource}/${key.name}`, patch, () => this.#patch(type, key, patch)),
      delete: (type, key, options) =>
        this.#call(`delete ${type.resource}/${key.name}`, options, () => this.#delete(type, key, options)),
      list: unused,
      watch: unused,
      update: unused,
      deleteCollection: unused,
      podLog: unused,
    };
  }

  #tell(type: ResourceType, previous: KubeObject | undefined, object: KubeObject | undefined): void {
    for (const watcher of this.#watchers) if (watcher.resource === type.resource) watcher.tell(previous, object);
  }

  async #call<T>(call: Call, body: unknown, action: () => T): Promise<T> {
    this.calls.push(call);
    await Promise.resolve();
    this.before(call, body);
    const answer = action();
    this.after(call, body);
    return answer;
  }

  #existing<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    const found = this.read(type, key);
    if (found === undefined) throw new ApiStatusError('NotFound', `${type.resource} "${key.name}" not found`);
    return found;
  }

  #create<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    if (this.read(type, keyOf(object))) {
      throw new ApiStatusError('AlreadyExists', `${type.resource} "${object.metadata.name ?? ''}" already exists`);
    }
    const creationTimestamp = object.metadata.creationTimestamp ?? toRfc3339(this.now());
    return this.put(type, { ...object, metadata: { ...object.metadata, creationTimestamp } });
  }

  #updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const stored = this.#existing(type, keyOf(object));
    if (stored.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw new ApiStatusError('Conflict', `${type.resource} "${object.metadata.name ?? ''}" has been modified`);
    }
    return this.put(type, { ...stored, status: (object as { status?: unknown }).status });
  }

  #delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: DeleteOptions = {}): void {
    const stored = this.#existing(type, key);
    const uid = options.preconditions?.uid;
    if (uid !== undefined && uid !== stored.metadata.uid) throw new ApiStatusError('Conflict', 'the uid differs');
    const graceSeconds = Math.min(graceOf(stored, options), stored.metadata.deletionGracePeriodSeconds ?? Infinity);
    const deletionTimestamp = toRfc3339(this.now() + graceSeconds * 1000);
    this.put(type, {
      ...stored,
      metadata: { ...stored.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds },
    });
  }

  #patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: JsonObject | readonly JsonObject[]): T {
    const stored = this.#existing(type, key);
    if (isList(patch)) return this.put(type, jsonPatch(stored as unknown as Json, patch) as unknown as T);
    const uid = isJsonObject(patch['metadata']) ? patch['metadata']['uid'] : undefined;
    if (uid !== undefined && uid !== stored.metadata.uid) throw new ApiStatusError('Conflict', 'the uid differs');
    return this.put(type, merge(stored as unknown as JsonObject, patch) as unknown as T);
  }
}

/** A cache over a {@link MemoryApi} that shows what it has been told to see: `sync` catches up. */
export class LaggingLister<T extends KubeObject> implements Lister<T> {
  readonly #api: MemoryApi;
  readonly #type: ResourceType<T>;
  readonly #indexers: Indexers<T>;
  #seen = new Map<string, T>();

  constructor(api: MemoryApi, type: ResourceType<T>, indexers: Indexers<T> = {}) {
    this.#api = api;
    this.#type = type;
    this.#indexers = indexers;
  }

  sync(): void {
    this.#seen = new Map(this.#api.all(this.#type).map((object) => [keyText(keyOf(object)), object]));
  }

  get(key: ObjectKey): T | undefined {
    return this.#seen.get(keyText(key));
  }

  list(): readonly T[] {
    return [...this.#seen.values()];
  }

  /** An index that was not given is the one by the uid of the controller. */
  byIndex(name: string, value: string): readonly T[] {
    const valuesOf = this.#indexers[name] ?? ((object: T) => [controllerOf(object)?.uid ?? '']);
    return this.list().filter((object) => valuesOf(object).includes(value));
  }

  hasSynced(): boolean {
    return true;
  }
}

function pathOf(type: ResourceType, key: ObjectKey): string {
  return `${type.resource}/${keyText(key)}`;
}

/** Whether nothing holds a deleted object any more: no finalizer, and no node that has yet to stop a pod. */
function isFreeToGo({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0;
}

/** Only a pod on a node has time to end. */
function graceOf(object: KubeObject, options: DeleteOptions): number {
  const { spec, status } = object as Partial<Pod>;
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (object.kind !== 'Pod' || spec?.nodeName === undefined || ended) return 0;
  return options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}

function isList(patch: JsonObject | readonly JsonObject[]): patch is readonly JsonObject[] {
  return Array.isArray(patch);
}

function unused(): never {
  assert(false, 'this verb is not part of the memory API');
}

function merge(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    if (value === null) delete merged[name];
    else merged[name] = isJsonObject(value) && isJsonObject(before) ? merge(before, value) : value;
  }
  return merged;
}
