/**
 * What an event costs from the API to the end of its reconcile, by the number of objects that are kept: run with
 * `node test/bench/controller.ts`. The figures to look at are the ratios between the rows of one run.
 */
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import { MemoryTransport } from '../../src/controller/memory-transport.ts';
import { WorkQueue } from '../../src/controller/work-queue.ts';
import { type ConfigMap, configMaps } from '../../src/kube/core-types.ts';
import { keyOf, type ObjectKey } from '../../src/kube/object.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const eventsPerRow = 100_000;
const eventsPerBatch = 1_000;
const keptCounts = [1_000, 10_000, 50_000];
/** Objects that share an index value, as the children of one run do. */
const objectsPerOwner = 10;

const keyOfNumber = (n: number): ObjectKey => ({ namespace: `team-${n % 20}`, name: `object-${n}` });
const dataOf = (n: number) => ({ data: { owner: `o${Math.floor(n / objectsPerOwner)}` } });

/** Changes objects in batches, as a burst does, and waits for each batch to be reconciled. */
async function measureEvents(kept: number): Promise<void> {
  const api = new MemoryTransport<ConfigMap>(configMaps);
  for (let n = 0; n < kept; n++) api.put(keyOfNumber(n), dataOf(n));
  const client = createClient(api.handle);
  const manager = new Manager({ client, clock: systemClock, random: systemRandom, logger: silentLogger });
  const cache = manager.informer(configMaps, { owner: (object) => [object.data?.['owner'] ?? ''] });
  let reconciled = 0;
  let arrived = Promise.withResolvers<void>();
  const reconciler = {
    reconcile: async (key: ObjectKey) => {
      cache.byIndex('owner', cache.get(key)?.data?.['owner'] ?? '');
      if (++reconciled % eventsPerBatch === 0) arrived.resolve();
      return {};
    },
  };
  const queue = manager.controller({ name: 'bench', reconciler, workers: 8 });
  cache.addHandler({ updated: (_previous, object) => queue.add(keyOf(object)) });
  const listStartMs = systemClock.monotonicMs();
  await manager.start();
  const listMs = systemClock.monotonicMs() - listStartMs;
  let spentMs = 0;
  for (let n = 0; n < eventsPerRow; n += eventsPerBatch) {
    arrived = Promise.withResolvers<void>();
    const startMs = systemClock.monotonicMs();
    for (let changed = n; changed < n + eventsPerBatch; changed++) {
      api.put(keyOfNumber(changed % kept), dataOf(changed % kept));
    }
    await arrived.promise;
    spentMs += systemClock.monotonicMs() - startMs;
  }
  await manager.stop();
  const perEventUs = ((spentMs * 1000) / eventsPerRow).toFixed(2);
  console.log(`${kept} objects kept: first list ${listMs.toFixed(0)} ms, ${perEventUs} µs an event (write included)`);
}

/** Adds, takes and gives back keys while many timers are set. */
async function measureQueue(timers: number): Promise<void> {
  const queue = new WorkQueue({ clock: systemClock, random: systemRandom });
  for (let n = 0; n < timers; n++) queue.addAfter({ namespace: 'waiting', name: `n${n}` }, 3_600_000 + n);
  const keys = Array.from({ length: eventsPerBatch }, (_, n) => keyOfNumber(n));
  const startMs = systemClock.monotonicMs();
  for (let n = 0; n < eventsPerRow; n += eventsPerBatch) {
    for (const key of keys) queue.add(key);
    for (let taken = 0; taken < eventsPerBatch; taken++) {
      const given = await queue.take();
      if (given) queue.done(given.key);
    }
  }
  const perKeyUs = (((systemClock.monotonicMs() - startMs) * 1000) / eventsPerRow).toFixed(2);
  queue.shutDown();
  console.log(`queue with ${timers} timers: ${perKeyUs} µs a key`);
}

for (const kept of keptCounts) await measureEvents(kept);
for (const timers of [0, 10_000]) await measureQueue(timers);
