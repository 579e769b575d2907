/** Random histories of an API and its faults: whatever happened, caches and handlers end with the truth. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../base/clock.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createClient } from '../client/client.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { type ConfigMap, configMaps } from '../kube/core-types.ts';
import { keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import { compareResourceVersions } from '../kube/resource-version.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { Informer } from './informer.ts';
import { MemoryTransport } from './memory-transport.ts';

const histories = 300;
const stepsPerHistory = 60;

interface World {
  readonly api: MemoryTransport<ConfigMap>;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly informer: Informer<ConfigMap>;
  readonly witness: Witness;
  /** Errors that were logged: what a handler threw, above all. */
  readonly errors: string[];
}

/** Checks what a handler is told, and builds the state that follows from it. */
class Witness {
  /** By uid: the object as last told. */
  readonly alive = new Map<string, ConfigMap>();
  readonly #ended = new Set<string>();
  told = 0;

  added(object: ConfigMap): void {
    const uid = uidOf(object);
    assert.ok(!this.alive.has(uid) && !this.#ended.has(uid), `${uid} is added once`);
    const sameKey = [...this.alive.values()].some((other) => keyText(keyOf(other)) === keyText(keyOf(object)));
    assert.ok(!sameKey, 'one object a name');
    this.alive.set(uid, object);
    this.told++;
  }

  updated(previous: ConfigMap, object: ConfigMap): void {
    assert.equal(this.alive.get(uidOf(previous)), previous, 'the previous object is the one told before');
    assert.equal(uidOf(previous), uidOf(object));
    const order = compareResourceVersions(object.metadata.resourceVersion, previous.metadata.resourceVersion);
    assert.ok(order !== undefined && order > 0, 'versions only grow');
    this.alive.set(uidOf(object), object);
    this.told++;
  }

  deleted(object: ConfigMap): void {
    assert.ok(this.alive.delete(uidOf(object)), `${uidOf(object)} was there before it is deleted`);
    this.#ended.add(uidOf(object));
    this.told++;
  }
}

function uidOf(object: ConfigMap): string {
  return object.metadata.uid ?? '';
}

function owners(object: ConfigMap): readonly string[] {
  return Object.keys(object.data ?? {});
}

function createWorld(seed: number): World {
  const api = new MemoryTransport<ConfigMap>(configMaps);
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => void errors.push(`${message}: ${JSON.stringify(fields)}`),
    child: () => logger,
  };
  const informer = new Informer<ConfigMap>({
    client: createClient((request) => api.handle(request)),
    type: configMaps,
    clock,
    random: seededRandom(seed + 1),
    logger,
    indexers: { owners },
    // Pages of a list lie apart in time, and the API goes on between them.
    pageSize: 3,
  });
  return { api, clock, random, informer, witness: new Witness(), errors };
}

function randomKey(random: Random): ObjectKey {
  return { namespace: `s${random.integer(0, 1)}`, name: `n${random.integer(0, 3)}` };
}

/** Faults of requests: refused before, delayed before or after, or their answer lost. */
function injectFaults({ api, clock, random }: World): void {
  const reasons = ['Expired', 'TooManyRequests', 'InternalError', 'Timeout', 'Forbidden'] as const;
  api.before = async () => {
    const dice = random.integer(0, 9);
    if (dice === 0) throw new Error('connection refused');
    if (dice === 1) throw new ApiStatusError(reasons[random.integer(0, 4)] ?? 'Unknown', 'refused');
    if (dice === 2) await sleep(clock, random.integer(1, 5_000));
  };
  api.after = async () => {
    const dice = random.integer(0, 9);
    if (dice === 0) throw new Error('the answer was lost');
    if (dice <= 2) await sleep(clock, random.integer(1, 5_000));
  };
}

async function step({ api, clock, random }: World): Promise<void> {
  const dice = random.integer(0, 15);
  if (dice <= 6) api.put(randomKey(random), { data: { [`o${random.integer(0, 2)}`]: String(random.integer(0, 9)) } });
  else if (dice <= 9) api.remove(randomKey(random));
  else if (dice === 10) api.dropWatches();
  else if (dice === 11) api.closeWatches();
  else if (dice === 12) api.compact();
  else if (dice === 13) api.repeat(random.integer(1, 10));
  else if (dice === 14) api.bookmark();
  else api.send({ type: 'ERROR', object: new ApiStatusError('Expired', 'fell behind').toStatus() });
  if (random.integer(0, 2) === 0) await clock.advance(random.integer(0, 3_000));
}

/** What holds at every moment, faults or not. */
function checkAlways({ api, informer, witness, errors }: World, newest: Map<string, ConfigMap>): void {
  assert.deepEqual(errors, []);
  for (const object of informer.list()) {
    const text = keyText(keyOf(object));
    const order = compareResourceVersions(object.metadata.resourceVersion, newest.get(text)?.metadata.resourceVersion);
    assert.ok(order === undefined || order >= 0, `${text} went back`);
    assert.ok(Number(object.metadata.resourceVersion) <= api.version, 'the cache is not ahead');
    newest.set(text, object);
  }
  assert.deepEqual(new Set(witness.alive.values()), new Set(informer.list()), 'told and cached are the same');
}

function checkHealed({ api, informer }: World): void {
  assert.deepEqual(new Set(informer.list()), new Set(api.content.values()));
  for (const namespace of ['s0', 's1']) {
    const expected = [...api.content.values()].filter(({ metadata }) => metadata.namespace === namespace);
    assert.deepEqual(new Set(informer.list(namespace)), new Set(expected));
  }
  for (const owner of ['o0', 'o1', 'o2']) {
    const expected = [...api.content.values()].filter((object) => owners(object).includes(owner));
    assert.deepEqual(new Set(informer.byIndex('owners', owner)), new Set(expected));
  }
}

async function runHistory(seed: number): Promise<World> {
  const world = createWorld(seed);
  const { api, clock, informer, witness } = world;
  // An assertion that fails in a handler is logged, and found there.
  informer.addHandler({
    added: (object) => witness.added(object),
    updated: (previous, object) => witness.updated(previous, object),
    deleted: (object) => witness.deleted(object),
  });
  injectFaults(world);
  const stop = new AbortController();
  const ended = informer.run(stop.signal);
  const newest = new Map<string, ConfigMap>();
  for (let n = 0; n < stepsPerHistory; n++) {
    await step(world);
    checkAlways(world, newest);
  }
  api.before = () => undefined;
  api.after = () => undefined;
  for (let n = 0; n < 10; n++) await clock.advance(10_000);
  checkAlways(world, newest);
  checkHealed(world);
  stop.abort();
  await ended;
  await clock.advance(0);
  assert.deepEqual([clock.nextTimerMs(), api.openWatches], [undefined, 0], 'nothing is left behind');
  return world;
}

describe('Informer, in random histories of faults', () => {
  it('converges, and tells a consistent story of every object', async () => {
    const totals = { told: 0, lists: 0, watches: 0, staleEvents: 0, failures: 0 };
    for (let seed = 1; seed <= histories; seed++) {
      try {
        const { informer, witness } = await runHistory(seed * 1_000);
        const { lists, watches, staleEvents, failures } = informer.counts;
        totals.told += witness.told;
        totals.lists += lists;
        totals.watches += watches;
        totals.staleEvents += staleEvents;
        totals.failures += failures;
      } catch (thrown) {
        throw new Error(`history of seed ${seed * 1_000}`, { cause: thrown });
      }
    }
    // The histories must be wild enough to mean something.
    assert.ok(totals.told > histories * 10 && totals.staleEvents > histories, JSON.stringify(totals));
    assert.ok(totals.failures > histories * 3 && totals.lists > histories * 2, JSON.stringify(totals));
  });
});
