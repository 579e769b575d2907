/** Penstock's controllers on a real API server, with simulated nodes: what a small cluster is to them. */
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import { createEngine, type EngineOptions } from '../../src/engine/engine.ts';
import { eventRecorder } from '../../src/engine/warning-recorder.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import { namespaces } from '../../src/kube/core-types.ts';
import type { KubeObject, ObjectKey } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { type Logger, silentLogger } from '../../src/telemetry/logger.ts';
import { installKinds } from './installed-kinds.ts';
import { type RealApi, startRealApi } from './real-api.ts';
import { type SimulatedNodesOptions, startSimulatedNodes } from './simulated-nodes.ts';
import { waitFor } from './wait-until.ts';

/** What a {@link Cluster} is made of. */
export interface ClusterOptions {
  readonly behaviour?: SimulatedNodesOptions['behaviour'];
  readonly engine?: EngineOptions;
  readonly logger?: Logger;
  /** Sees every call of the controllers. */
  readonly observeCalls?: (transport: Transport) => Transport;
  /** Sees every call of scheduler and kubelet. */
  readonly observeNodeCalls?: (transport: Transport) => Transport;
}

const same = (transport: Transport): Transport => transport;

/** A running cluster. */
export class Cluster implements AsyncDisposable {
  readonly api: RealApi;
  /** Of the user: its calls are not the controllers'. */
  readonly client: ApiClient;
  readonly #options: ClusterOptions;
  readonly #nodes: AsyncDisposable;
  readonly #errors: unknown[];
  #manager: Manager;

  private constructor(api: RealApi, options: ClusterOptions, nodes: AsyncDisposable, errors: unknown[]) {
    this.api = api;
    this.client = api.client;
    this.#options = options;
    this.#nodes = nodes;
    this.#errors = errors;
    this.#manager = this.#newManager();
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const api = await startRealApi();
    await installKinds(api.client);
    const errors: unknown[] = [];
    const { behaviour, observeNodeCalls = same } = options;
    const nodes = await startSimulatedNodes({
      transport: observeNodeCalls(api.connect()),
      onError: (error) => errors.push(error),
      ...(behaviour ? { behaviour } : {}),
    });
    const cluster = new Cluster(api, options, nodes, errors);
    await cluster.#manager.start();
    return cluster;
  }

  get manager(): Manager {
    return this.#manager;
  }

  /** Ends the controllers; nothing is decided any more until {@link resumeControllers}. */
  async stopControllers(): Promise<void> {
    await this.#manager.stop();
  }

  /** Starts new controllers, which know nothing but what the API tells. */
  async resumeControllers(): Promise<void> {
    this.#manager = this.#newManager();
    await this.#manager.start();
  }

  /** Makes a namespace for one test. */
  async namespace(name: string): Promise<string> {
    await this.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return name;
  }

  /** The object once `condition` holds. Throws when the object goes away, and when that takes too long. */
  async until<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    condition: (object: T) => boolean,
  ): Promise<T> {
    let last: T | undefined;
    const follow = this.#follow(type, key, (object) => condition((last = object)));
    const what = `${type.kind} ${key.namespace}/${key.name} is as it should be: ${String(condition)}`;
    const found = await waitFor(what, follow, { seen: () => last });
    if (found === undefined) throw new Error(`${type.kind} ${key.namespace}/${key.name} is gone`);
    return found;
  }

  /** Resolves once the API has no such object. */
  async untilGone<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<void> {
    let last: T | undefined;
    const follow = this.#follow(type, key, (object) => (last = object) === undefined, 'present');
    await waitFor(`${type.kind} ${key.namespace}/${key.name} is gone`, follow, { seen: () => last });
  }

  async exists<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<boolean> {
    try {
      await this.client.get(type, key);
      return true;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager.stop();
    await this.#nodes[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, 'pods could not be placed');
  }

  /** `undefined` when the object has been deleted, or is not there although it is `expected` to be. */
  async #follow<T extends KubeObject>(
    type: ResourceType<T>,
    { namespace, name }: ObjectKey,
    condition: (object: T) => boolean,
    expected: 'present' | 'later' = 'later',
  ): Promise<T | undefined> {
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    for (;;) {
      const list = await this.client.list(type, selection);
      const [first] = list.items;
      if (first !== undefined && condition(first)) return first;
      if (first === undefined && expected === 'present') return undefined;
      const { resourceVersion } = list.metadata;
      const options = { ...selection, resourceVersion, allowWatchBookmarks: true };
      for await (const event of this.client.watch(type, options)) {
        if (event.type === 'DELETED') return undefined;
        if (event.type !== 'BOOKMARK' && condition(event.object)) return event.object;
      }
    }
  }

  #newManager(): Manager {
    const { observeCalls = same, logger = silentLogger, engine } = this.#options;
    const client = createClient(observeCalls(this.api.connect()));
    const parts = { client, clock: systemClock, random: systemRandom, logger };
    const manager = new Manager(parts);
    const recorder = eventRecorder(parts);
    createEngine({ ...parts, recorder, ...(engine ? { options: engine } : {}) }).register(manager);
    return manager;
  }
}
