import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../base/deferred.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createClient } from '../client/client.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { type ConfigMap, configMaps } from '../kube/core-types.ts';
import { keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import type { Reconciler } from './contract.ts';
import { abortGraceMs, Manager } from './manager.ts';
import { MemoryTransport } from './memory-transport.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { type LogLine, MemoryLogger } from '../telemetry/memory-logger.ts';

const key = (name: string): ObjectKey => ({ namespace: 'a', name });

function setup() {
  const api = new MemoryTransport<ConfigMap>(configMaps);
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const client = createClient((request) => api.handle(request));
  const logger = new MemoryLogger(lines);
  const manager = new Manager({ client, clock, random: seededRandom(1), logger, stopGraceMs: 1_000 });
  return { api, clock, lines, manager };
}

/** Registers a reconciler of config maps; returns the keys it saw. */
function register(manager: Manager, reconcile: Reconciler['reconcile'] = async () => ({}), name = 'test'): string[] {
  const seen: string[] = [];
  const informer = manager.informer(configMaps);
  const queue = manager.controller({
    name,
    workers: 2,
    reconciler: {
      reconcile: (reconciled, signal) => {
        assert.equal(informer.hasSynced(), true, 'no worker runs before its caches');
        seen.push(keyText(reconciled));
        return reconcile(reconciled, signal);
      },
    },
  });
  const add = (object: ConfigMap): void => queue.add(keyOf(object));
  informer.addHandler({ added: add, updated: (_previous, object) => add(object), deleted: add });
  return seen;
}

describe('Manager', () => {
  it('reconciles what is there, what changes and what goes', async () => {
    const { api, clock, manager } = setup();
    const seen = register(manager);
    api.put(key('one'));
    await manager.start();
    await clock.advance(0);
    assert.deepEqual(seen, ['a/one']);
    api.put(key('two'));
    await clock.advance(0);
    api.remove(key('one'));
    await clock.advance(0);
    assert.deepEqual(seen, ['a/one', 'a/two', 'a/one']);
    assert.equal(manager.ready(), true);
    await manager.stop();
    assert.equal(clock.nextTimerMs(), undefined);
    assert.equal(api.openWatches, 0);
  });

  it('sees one namespace only where that is asked for', async () => {
    const { api, clock } = setup();
    const client = createClient((request) => api.handle(request));
    const manager = new Manager({ client, clock, random: seededRandom(1), logger: silentLogger, namespace: 'a' });
    const seen = register(manager);
    api.put(key('one'));
    api.put({ namespace: 'b', name: 'two' });
    await manager.start();
    await clock.advance(0);
    assert.deepEqual(seen, ['a/one']);
    await manager.stop();
  });

  it('looks for a kind of one namespace only there', async () => {
    const { api, clock } = setup();
    const client = createClient((request) => api.handle(request));
    const places = [{ type: configMaps, namespace: 'b' }];
    const parts = { client, clock, random: seededRandom(1), logger: silentLogger, places };
    for (const manager of [new Manager(parts), new Manager({ ...parts, namespace: 'a' })]) {
      const seen = register(manager);
      api.put(key('one'));
      api.put({ namespace: 'b', name: 'two' });
      await manager.start();
      await clock.advance(0);
      assert.deepEqual(seen, ['b/two']);
      await manager.stop();
    }
  });

  it('shares one cache a kind, which gains indexes', () => {
    const { manager } = setup();
    const first = manager.informer(configMaps);
    const second = manager.informer(configMaps, { name: (object) => [object.metadata.name ?? ''] });
    assert.equal(first, second);
    assert.deepEqual(first.byIndex('name', 'x'), []);
  });

  it('waits for a cache that cannot sync, says so, and starts when it has', async () => {
    const { api, clock, manager, lines } = setup();
    const seen = register(manager);
    let refuse = true;
    api.before = () => {
      if (refuse) throw new ApiStatusError('NotFound', 'no such kind');
    };
    const started = manager.start();
    await clock.advance(25_000);
    assert.equal(manager.ready(), false);
    const reminders = lines.filter(({ message }) => message.startsWith('workers wait'));
    assert.deepEqual(
      reminders.map(({ fields }) => fields['types']),
      [['v1/configmaps'], ['v1/configmaps']],
    );
    refuse = false;
    api.put(key('one'));
    await clock.advance(30_000);
    await started;
    await clock.advance(0);
    assert.deepEqual(seen, ['a/one']);
    await manager.stop();
  });

  it('takes in what is registered after the start', async () => {
    const { api, clock, manager } = setup();
    await manager.start();
    api.put(key('one'));
    const seen = register(manager);
    await clock.advance(0);
    assert.deepEqual(seen, ['a/one']);
    await manager.stop();
  });

  it('lets running reconciles end before it stops', async () => {
    const { api, clock, manager } = setup();
    const gate = deferred<void>();
    const ended: string[] = [];
    const seen = register(manager, async ({ name }, signal) => {
      await gate.promise;
      ended.push(`${name} aborted=${String(signal.aborted)}`);
      return {};
    });
    for (const name of ['one', 'three', 'two']) api.put(key(name));
    await manager.start();
    await clock.advance(0);
    const stopped = manager.stop();
    await clock.advance(500);
    gate.resolve();
    await stopped;
    assert.deepEqual(seen, ['a/one', 'a/three'], 'nothing new is taken');
    assert.deepEqual(ended, ['one aborted=false', 'three aborted=false']);
  });

  it('aborts reconciles after the grace time, and names those that do not end', async () => {
    const { api, clock, manager, lines } = setup();
    register(manager, ({ name }, signal) => {
      if (name === 'deaf') return new Promise(() => undefined);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    });
    api.put(key('deaf'));
    api.put(key('slow'));
    await manager.start();
    await clock.advance(0);
    const stopped = manager.stop();
    await clock.advance(1_000 + abortGraceMs);
    await stopped;
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['keys']]),
      [
        ['warn', ['test a/deaf', 'test a/slow']],
        ['error', ['test a/deaf']],
      ],
    );
  });

  it('rejects a start that was stopped before its caches synced', async () => {
    const { api, clock, manager } = setup();
    const seen = register(manager);
    api.before = () => new Promise(() => undefined);
    const stop = new AbortController();
    const started = assert.rejects(manager.start(stop.signal), { code: 'ABORTED' });
    await clock.advance(100);
    stop.abort();
    await started;
    await manager.stop();
    assert.deepEqual(seen, []);
    assert.equal(clock.nextTimerMs(), undefined);
  });
});
