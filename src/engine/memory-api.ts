/**
 * An ApiClient over maps, for tests of controllers: optimistic concurrency, name conflicts, merge patches, faults on
 * demand, and caches that lag behind until they are told to catch up. Verbs that no test needs yet throw.
 */
import { assert } from '../base/assert.ts';
import { deepFreeze, isJsonObject, type JsonObject } from '../base/json.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { Lister } from '../controller/contract.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { controllerOf, keyOf, keyText, type KubeObject, type ObjectKey } from '../kube/object.ts';
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
        this.#call(`patch ${type.resource}/${key.name}`, patch, () => this.#patch(type, key, patch as JsonObject)),
      list: unused,
      watch: unused,
      update: unused,
      delete: unused,
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
    const creationTimestamp = object.metadata.creationTimestamp ?? '2026-11-21T08:00:00Z';
    return this.put(type, { ...object, metadata: { ...object.metadata, creationTimestamp } });
  }

  #updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const stored = this.#existing(type, keyOf(object));
    if (stored.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw new ApiStatusError('Conflict', `${type.resource} "${object.metadata.name ?? ''}" has been modified`);
    }
    return this.put(type, { ...stored, status: (object as { status?: unknown }).status });
  }

  #patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: JsonObject): T {
    const stored = this.#existing(type, key);
    const uid = isJsonObject(patch['metadata']) ? patch['metadata']['uid'] : undefined;
    if (uid !== undefined && uid !== stored.metadata.uid) throw new ApiStatusError('Conflict', 'the uid differs');
    return this.put(type, merge(stored as unknown as JsonObject, patch) as unknown as T);
  }
}

/** A cache over a {@link MemoryApi} that shows what it has been told to see: `sync` catches up. */
export class LaggingLister<T extends KubeObject> implements Lister<T> {
  readonly #api: MemoryApi;
  readonly #type: ResourceType<T>;
  #seen = new Map<string, T>();

  constructor(api: MemoryApi, type: ResourceType<T>) {
    this.#api = api;
    this.#type = type;
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

  /** The only index tests need: by the uid of the controller. */
  byIndex(_name: string, value: string): readonly T[] {
    return this.list().filter((object) => controllerOf(object)?.uid === value);
  }

  hasSynced(): boolean {
    return true;
  }
}

function pathOf(type: ResourceType, key: ObjectKey): string {
  return `${type.resource}/${keyText(key)}`;
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
