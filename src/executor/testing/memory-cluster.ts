/**
 * A small Kubernetes API with its caches, for tests of the executor: status and metadata merge patches, deletion with
 * grace and finalizers, and faults on demand. Caches follow at once.
 */
import { waitFor } from '../../../test/support/wait-until.ts';
import { assert } from '../../base/assert.ts';
import { deepFreeze, isJsonObject, type JsonObject } from '../../base/json.ts';
import type { ApiClient, DeleteOptions } from '../../client/api-client.ts';
import type { CacheHost, InformerHandler, ObservedLister } from '../../controller/contract.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import { keyOf, keyText, type KubeObject, type ObjectKey } from '../../kube/object.ts';
import type { Pod, PodSpec, PodStatus } from '../../kube/pod.ts';
import type { ResourceType } from '../../kube/resource.ts';

/** The node that pods of {@link MemoryCluster.createPod} are for. */
export const testNode = 'test-node';

type Handler = InformerHandler<KubeObject>;

export class MemoryCluster implements CacheHost {
  /** Calls so far, as `verb resource/name`. */
  readonly calls: string[] = [];
  /** Every status a pod was given, by pod name. */
  readonly statuses: Map<string, PodStatus[]> = new Map();
  /** Asked before every call; what it throws is the answer. */
  before: (call: string) => void = () => undefined;
  readonly #objects = new Map<string, KubeObject>();
  readonly #handlers = new Map<string, Handler[]>();
  #version = 0;
  #waiting: (() => void)[] = [];

  /** The client of this API. */
  get client(): ApiClient {
    return {
      get: (type, key) => this.#call(`get ${type.resource}/${key.name}`, () => this.#existing(type, key)),
      create: (type, object) =>
        this.#call(`create ${type.resource}/${object.metadata.name ?? ''}`, () => this.put(type, object)),
      patch: (type, key, patch, { subresource }) =>
        this.#call(`patch ${type.resource}/${key.name}${subresource ? `/${subresource}` : ''}`, () =>
          this.#patch(type, key, patch as JsonObject),
        ),
      delete: (type, key, options) =>
        this.#call(`delete ${type.resource}/${key.name}`, () => this.remove(type, key, options)),
      list: unused,
      watch: unused,
      update: unused,
      updateStatus: unused,
      deleteCollection: unused,
      podLog: unused,
    };
  }

  informer<T extends KubeObject>(type: ResourceType<T>): ObservedLister<T> {
    const all = (): T[] =>
      [...this.#objects].filter(([path]) => path.startsWith(`${type.resource}/`)).map(([, object]) => object as T);
    return {
      get: (key) => this.read(type, key),
      list: (namespace) => all().filter((object) => namespace === undefined || object.metadata.namespace === namespace),
      byIndex: () => [],
      hasSynced: () => true,
      addHandler: (handler) => {
        const handlers = this.#handlers.get(type.resource) ?? [];
        this.#handlers.set(type.resource, [...handlers, handler]);
        for (const object of all()) handler.added?.(object);
      },
    };
  }

  /** Stores an object, new or newer. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const previous = this.read(type, keyOf(object));
    const version = String(++this.#version);
    const metadata = { ...object.metadata, uid: object.metadata.uid ?? `uid-${version}`, resourceVersion: version };
    const stored = deepFreeze({ ...object, metadata });
    this.#objects.set(pathOf(type, keyOf(object)), stored);
    this.#tell(type, previous, stored);
    return stored;
  }

  /** A pod on our node in namespace `default`. */
  createPod(name: string, spec: PodSpec, metadata: Pod['metadata'] = {}): Pod {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', ...metadata } };
    return this.put(pods, {
      ...pod,
      spec: { restartPolicy: 'Never', ...spec, nodeName: testNode },
      status: { phase: 'Pending' },
    });
  }

  read<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.#objects.get(pathOf(type, key)) as T | undefined;
  }

  pod(name: string): Pod | undefined {
    return this.read(pods, { namespace: 'default', name });
  }

  /** Deletes as an API server does: marks first, removes when the grace is 0 and no finalizer is left. */
  remove(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): void {
    const object = this.#existing(type, key);
    const { uid } = options.preconditions ?? {};
    if (uid !== undefined && uid !== object.metadata.uid) throw new ApiStatusError('Conflict', 'the uid differs');
    const spec = (object as { readonly spec?: PodSpec }).spec;
    const grace =
      type.resource === 'pods' ? (options.gracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30) : 0;
    if (grace === 0 && !object.metadata.finalizers?.length) return this.#drop(type, key, object);
    const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: grace };
    this.put(type, { ...object, metadata: { ...object.metadata, ...deletion } });
  }

  /** Takes the finalizers off, which lets a deleted object go. */
  finalize(type: ResourceType, key: ObjectKey): void {
    const object = this.#existing(type, key);
    const { finalizers: _, ...metadata } = object.metadata;
    if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0)
      return this.#drop(type, key, object);
    this.put(type, { ...object, metadata });
  }

  /** Resolves once `condition` holds; looked at after every change. Throws what the pods are when that takes too long. */
  until<T>(condition: () => T | undefined | false): Promise<T> {
    const seen = (): unknown => new Map([...this.statuses].map(([name, all]) => [name, all.at(-1)]));
    return waitFor(String(condition), this.#met(condition), { seen });
  }

  async #met<T>(condition: () => T | undefined | false): Promise<T> {
    for (;;) {
      const value = condition();
      if (value !== undefined && value !== false) return value;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves with the pod once its phase is terminal. */
  finished(name: string): Promise<Pod> {
    return this.until(() => {
      const pod = this.pod(name);
      return pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed' ? pod : undefined;
    });
  }

  async #call<T>(call: string, action: () => T): Promise<T> {
    this.calls.push(call);
    await Promise.resolve();
    this.before(call);
    return action();
  }

  #existing<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    const found = this.read(type, key);
    if (found === undefined) throw new ApiStatusError('NotFound', `${type.resource} "${key.name}" not found`);
    return found;
  }

  #patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: JsonObject): T {
    const stored = this.#existing(type, key);
    const uid = isJsonObject(patch['metadata']) ? patch['metadata']['uid'] : undefined;
    if (uid !== undefined && uid !== stored.metadata.uid) throw new ApiStatusError('Conflict', 'the uid differs');
    if (type.resource === 'pods') {
      this.statuses.set(key.name, [...(this.statuses.get(key.name) ?? []), patch['status'] as PodStatus]);
    }
    return this.put(type, merge(stored as unknown as JsonObject, patch) as unknown as T);
  }

  #drop(type: ResourceType, key: ObjectKey, object: KubeObject): void {
    this.#objects.delete(pathOf(type, key));
    this.#tell(type, object, undefined);
  }

  #tell(type: ResourceType, previous: KubeObject | undefined, object: KubeObject | undefined): void {
    for (const handler of this.#handlers.get(type.resource) ?? []) {
      if (object === undefined) handler.deleted?.(previous as KubeObject);
      else if (previous === undefined) handler.added?.(object);
      else handler.updated?.(previous, object);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function pathOf(type: ResourceType, key: ObjectKey): string {
  return `${type.resource}/${keyText(key)}`;
}

function unused(): never {
  assert(false, 'this verb is not part of the memory cluster');
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
