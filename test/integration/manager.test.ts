/** Client, caches, queues and workers against the real API server and store, with faults between them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonEqual } from '../../src/base/json.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import type { ControllerHost, Lister, Reconciler } from '../../src/controller/contract.ts';
import { Manager } from '../../src/controller/manager.ts';
import { ApiStatusError, isApiError } from '../../src/kube/api-error.ts';
import { type ConfigMap, configMaps } from '../../src/kube/core-types.ts';
import { controllerOf, controllerReference, keyOf, keyText, type ObjectKey } from '../../src/kube/object.ts';
import type { RawWatchEvent, Transport } from '../../src/kube/transport.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const histories = 20;
const stepsPerHistory = 80;
const copySuffix = '-copy';

/** What may go wrong between a client and the API, until it is healed. */
class FaultyTransport {
  healed = false;
  calls = 0;
  readonly #handle: Transport;
  readonly #random: Random;

  constructor(handle: Transport, random: Random) {
    this.#handle = handle;
    this.#random = random;
  }

  readonly handle: Transport = async (request) => {
    this.calls++;
    if (this.#strikes(20)) throw new Error('connection refused');
    if (this.#strikes(20)) throw new ApiStatusError('ServiceUnavailable', 'try later');
    const answer = await this.#handle(request);
    if (answer.body.kind === 'watch') {
      return { ...answer, body: { kind: 'watch', events: this.#events(answer.body.events) } };
    }
    if (this.#strikes(20)) throw new Error('connection lost after the request');
    return answer;
  };

  /** Once in `of` times, until healed. */
  #strikes(of: number): boolean {
    return !this.healed && this.#random.integer(1, of) === 1;
  }

  async *#events(events: AsyncIterable<RawWatchEvent>): AsyncGenerator<RawWatchEvent> {
    for await (const event of events) {
      if (this.#strikes(20)) throw new Error('connection lost');
      yield event;
      if (this.#strikes(30)) yield event;
    }
  }
}

/** Keeps a copy of every config map that asks for one; the garbage collector takes those whose source is gone. */
class CopyReconciler implements Reconciler {
  readonly running = new Set<string>();
  reconciles = 0;
  readonly #client: ApiClient;
  readonly #cache: Lister<ConfigMap>;

  constructor(client: ApiClient, cache: Lister<ConfigMap>) {
    this.#client = client;
    this.#cache = cache;
  }

  async reconcile(key: ObjectKey): Promise<Record<string, never>> {
    const text = keyText(key);
    assert.ok(!this.running.has(text), 'one key once at a time');
    this.running.add(text);
    this.reconciles++;
    try {
      await this.#reconcile(key);
    } finally {
      this.running.delete(text);
    }
    return {};
  }

  async #reconcile(key: ObjectKey): Promise<void> {
    const source = this.#cache.get(key);
    if (source === undefined) return;
    const copyKey = { namespace: key.namespace, name: `${key.name}${copySuffix}` };
    const copy = this.#cache.get(copyKey);
    const wanted: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...copyKey, ownerReferences: [controllerReference(source)] },
      data: source.data ?? {},
    };
    if (copy === undefined) {
      await this.#client.create(configMaps, wanted);
    } else if (controllerOf(copy)?.uid !== source.metadata.uid) {
      throw new Error('the copy of an earlier source is still there');
    } else if (!jsonEqual(copy.data, source.data)) {
      const { resourceVersion = '' } = copy.metadata;
      await this.#client.update(configMaps, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
    }
  }
}

function createWorld(seed: number) {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const random = seededRandom(seed);
  const store = createMemoryStore();
  const server = createApiServer({ store, clock, random: seededRandom(seed + 1), logger: silentLogger });
  const faults = new FaultyTransport(server.handle, seededRandom(seed + 2));
  const client = createClient(faults.handle);
  const manager = new Manager({ client, clock, random: seededRandom(seed + 3), logger: silentLogger });
  // What the engine asks of its host is what a manager is.
  const host: ControllerHost = manager;
  const cache = host.informer(configMaps);
  const reconciler = new CopyReconciler(client, cache);
  const queue = host.controller({ name: 'copies', reconciler, workers: 4 });
  const add = (object: ConfigMap): void => {
    const owner = controllerOf(object)?.name;
    queue.add(owner === undefined ? keyOf(object) : { ...keyOf(object), name: owner });
  };
  cache.addHandler({ added: add, updated: (_previous, object) => add(object), deleted: add });
  return { clock, random, store, server, faults, manager, cache, reconciler, user: createClient(server.handle) };
}

type World = ReturnType<typeof createWorld>;

/** Somebody writes: a source comes, changes or goes; or the history of the API is thrown away. */
async function step({ random, user, store, clock }: World): Promise<void> {
  const key = { namespace: 'default', name: `source-${random.integer(0, 5)}` };
  const data = { value: String(random.integer(0, 1_000)) };
  const dice = random.integer(0, 9);
  if (dice <= 3) await user.create(configMaps, configMap(key, data)).catch(unless('AlreadyExists'));
  else if (dice <= 6) await user.patch(configMaps, key, { data }, { type: 'merge' }).catch(unless('NotFound'));
  else if (dice <= 8) await user.delete(configMaps, key).catch(unless('NotFound'));
  else store.compact(store.revision());
  if (random.integer(0, 1) === 0) await clock.advance(random.integer(0, 1_000));
}

function configMap(key: ObjectKey, data: Readonly<Record<string, string>>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...key }, data };
}

function unless(reason: 'AlreadyExists' | 'NotFound') {
  return (thrown: unknown): void => {
    if (!isApiError(thrown, reason)) throw thrown;
  };
}

async function checkConverged({ user, cache }: World): Promise<void> {
  const stored = (await user.list(configMaps)).items;
  assert.deepEqual(new Set(cache.list()), new Set(stored), 'the cache shows what is stored');
  for (const object of stored)
    assert.equal(cache.get(keyOf(object))?.metadata.resourceVersion, object.metadata.resourceVersion);
  const copies = stored.filter((object) => controllerOf(object) !== undefined);
  const sources = stored.filter((object) => controllerOf(object) === undefined);
  assert.deepEqual(
    copies.map((copy) => [copy.metadata.name, controllerOf(copy)?.uid, copy.data]).toSorted(byText),
    sources
      .map((source) => [`${source.metadata.name ?? ''}${copySuffix}`, source.metadata.uid, source.data])
      .toSorted(byText),
  );
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

async function runHistory(seed: number): Promise<World> {
  const world = createWorld(seed);
  const { clock, server, manager, faults, reconciler } = world;
  await server.start();
  const started = manager.start();
  for (let n = 0; n < stepsPerHistory; n++) await step(world);
  faults.healed = true;
  for (let n = 0; n < 12; n++) await clock.advance(10_000);
  await started;
  await checkConverged(world);
  const [reconciles, calls] = [reconciler.reconciles, faults.calls];
  await clock.advance(60_000);
  assert.deepEqual([reconciler.reconciles, faults.calls], [reconciles, calls], 'it comes to rest');
  await manager.stop();
  await server.stop();
  await clock.advance(0);
  return world;
}

describe('Manager against the API server', () => {
  it('converges when faults stop, and then rests', async () => {
    const counts = { lists: 0, failures: 0, events: 0, reconciles: 0 };
    for (let seed = 1; seed <= histories; seed++) {
      const { manager, reconciler } = await runHistory(seed * 100);
      for (const { counts: cache } of manager.status().caches) {
        counts.lists += cache.lists;
        counts.failures += cache.failures;
        counts.events += cache.events;
      }
      counts.reconciles += reconciler.reconciles;
    }
    assert.ok(counts.failures > histories && counts.lists > histories, JSON.stringify(counts));
  });

  it('hands the stored objects to the caches, not copies', async () => {
    const world = createWorld(1);
    world.faults.healed = true;
    const { clock, manager, server, user, cache } = world;
    const one = { namespace: 'default', name: 'source-1' };
    const created = await user.create(configMaps, configMap(one, { a: 'b' }));
    await manager.start();
    await clock.advance(10);
    assert.equal(cache.get(one), await user.get(configMaps, one));
    const changed = await user.patch(configMaps, one, { data: { a: 'c' } }, { type: 'merge' });
    await clock.advance(10);
    assert.notEqual(created.metadata.resourceVersion, changed.metadata.resourceVersion);
    assert.equal(cache.get(one), await user.get(configMaps, one));
    await manager.stop();
    await server.stop();
  });
});
