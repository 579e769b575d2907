import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../base/json.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { configMap, configMapsPath, metadataOf, pod, podsPath, TestApi } from '../api-fixture.ts';
import { eventually, exists, namesIn, ownedBy, settle } from './loops-fixture.ts';

async function started(store?: Store): Promise<TestApi> {
  const api = new TestApi(store ? { store } : {});
  await api.server.start();
  return api;
}

function create(
  api: TestApi,
  name: string,
  owners: readonly JsonObject[] = [],
  more: JsonObject = {},
): Promise<JsonObject> {
  const metadata = { ...(owners.length === 0 ? {} : { ownerReferences: owners }), ...more };
  return api.json('POST', configMapsPath, { body: configMap(name, {}, metadata) });
}

function remove(api: TestApi, name: string, options: JsonObject = {}): Promise<JsonObject> {
  return api.json('DELETE', `${configMapsPath}/${name}`, { body: { kind: 'DeleteOptions', ...options } });
}

describe('garbage collection', () => {
  it('deletes dependents of a deleted owner, and theirs, in the background', async () => {
    const api = await started();
    const root = await create(api, 'root');
    const child = await create(api, 'child', [ownedBy(root)]);
    await create(api, 'grandchild', [ownedBy(child)]);
    await create(api, 'bystander');
    await settle(api);
    assert.deepEqual(await namesIn(api, configMapsPath), ['bystander', 'child', 'grandchild', 'root']);
    await remove(api, 'root');
    assert.ok(!(await exists(api, `${configMapsPath}/root`)));
    await eventually(
      api,
      'dependents are gone',
      async () => (await namesIn(api, configMapsPath)).join() === 'bystander',
    );
  });

  it('deletes an object created with an owner that is not there', async () => {
    const api = await started();
    const root = await create(api, 'root');
    await create(api, 'of-nobody', [{ ...ownedBy(root), name: 'nobody' }]);
    await create(api, 'of-another', [{ ...ownedBy(root), uid: '00000000-0000-4000-8000-000000000000' }]);
    await create(api, 'of-root', [ownedBy(root)]);
    await eventually(api, 'both are gone', async () => (await namesIn(api, configMapsPath)).join() === 'of-root,root');
  });

  it('takes an owner of an unknown kind for present', async () => {
    const api = await started();
    await create(api, 'kept', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' }]);
    await settle(api);
    assert.deepEqual(await namesIn(api, configMapsPath), ['kept']);
  });

  it('keeps an object as long as one owner is left, and forgets the others', async () => {
    const api = await started();
    const [a, b] = [await create(api, 'a'), await create(api, 'b')];
    await create(api, 'shared', [ownedBy(a), ownedBy(b)]);
    await remove(api, 'a');
    await eventually(api, 'the reference to a is gone', async () => {
      const shared = await api.json('GET', `${configMapsPath}/shared`);
      return (metadataOf(shared)['ownerReferences'] as readonly JsonObject[]).map(({ name }) => name).join() === 'b';
    });
    await remove(api, 'b');
    await eventually(api, 'it is gone', async () => !(await exists(api, `${configMapsPath}/shared`)));
  });

  it('knows owners without a namespace', async () => {
    const api = await started();
    const node = await api.json('POST', '/api/v1/nodes', {
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
    });
    await create(api, 'of-node', [ownedBy(node)]);
    const second = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'm', ownerReferences: [ownedBy(node)] } };
    await api.json('POST', '/api/v1/nodes', { body: second });
    await settle(api);
    assert.deepEqual(await namesIn(api, configMapsPath), ['of-node']);
    await api.json('DELETE', '/api/v1/nodes/n');
    await eventually(api, 'both are gone', async () => (await namesIn(api, configMapsPath)).length === 0);
    assert.deepEqual(await namesIn(api, '/api/v1/nodes'), []);
  });

  it('lets the dependents go first in a foreground deletion', async () => {
    const api = await started();
    const root = await create(api, 'root');
    const child = await create(api, 'child', [ownedBy(root, { blockOwnerDeletion: true })]);
    await create(api, 'grandchild', [ownedBy(child, { blockOwnerDeletion: true })], {
      finalizers: ['example.com/hold'],
    });
    const answer = await remove(api, 'root', { propagationPolicy: 'Foreground' });
    assert.deepEqual(metadataOf(answer)['finalizers'], ['foregroundDeletion']);
    await settle(api);
    assert.deepEqual(await namesIn(api, configMapsPath), ['child', 'grandchild', 'root']);
    const waiting = await api.json('GET', `${configMapsPath}/child`);
    assert.deepEqual(metadataOf(waiting)['finalizers'], ['foregroundDeletion']);
    await api.patch(`${configMapsPath}/grandchild`, { metadata: { finalizers: null } });
    await eventually(api, 'all are gone', async () => (await namesIn(api, configMapsPath)).length === 0);
  });

  it('does not wait in a foreground deletion for dependents that do not block', async () => {
    const api = await started();
    const root = await create(api, 'root');
    await create(api, 'child', [ownedBy(root)], { finalizers: ['example.com/hold'] });
    await remove(api, 'root', { propagationPolicy: 'Foreground' });
    await eventually(api, 'the owner is gone', async () => !(await exists(api, `${configMapsPath}/root`)));
    assert.ok(await exists(api, `${configMapsPath}/child`));
  });

  it('goes on when a blocking dependent leaves its owner', async () => {
    const api = await started();
    const root = await create(api, 'root');
    await create(api, 'child', [ownedBy(root, { blockOwnerDeletion: true })], { finalizers: ['example.com/hold'] });
    await remove(api, 'root', { propagationPolicy: 'Foreground' });
    await settle(api);
    assert.ok(await exists(api, `${configMapsPath}/root`));
    await api.patch(`${configMapsPath}/child`, { metadata: { ownerReferences: null } });
    await eventually(api, 'the owner is gone', async () => !(await exists(api, `${configMapsPath}/root`)));
  });

  it('comes to an end where objects own each other in a ring', async () => {
    const api = await started();
    const [a, b, c] = [await create(api, 'a'), await create(api, 'b'), await create(api, 'c')];
    const ring: readonly (readonly [string, JsonObject])[] = [
      ['a', c],
      ['b', a],
      ['c', b],
    ];
    for (const [name, owner] of ring) {
      const ownerReferences = [ownedBy(owner, { blockOwnerDeletion: true })];
      await api.patch(`${configMapsPath}/${name}`, { metadata: { ownerReferences } });
    }
    await remove(api, 'a', { propagationPolicy: 'Foreground' });
    await eventually(api, 'the ring is gone', async () => (await namesIn(api, configMapsPath)).length === 0);
  });

  it('rests while a ring waits for somebody else', async () => {
    const counted = countedStore();
    const api = await started(counted.store);
    const [a, b] = [await create(api, 'a'), await create(api, 'b')];
    const blocking = (owner: JsonObject): JsonObject => ownedBy(owner, { blockOwnerDeletion: true });
    await api.patch(`${configMapsPath}/a`, { metadata: { ownerReferences: [blocking(b)] } });
    await api.patch(`${configMapsPath}/b`, { metadata: { ownerReferences: [blocking(a)] } });
    await create(api, 'held', [blocking(a)], { finalizers: ['example.com/hold'] });
    await remove(api, 'a', { propagationPolicy: 'Foreground' });
    await settle(api);
    counted.reset();
    await settle(api);
    assert.equal(counted.gets, 0);
    await api.patch(`${configMapsPath}/held`, { metadata: { finalizers: null } });
    await eventually(api, 'all are gone', async () => (await namesIn(api, configMapsPath)).length === 0);
  });

  it('sets dependents free in an orphaning deletion', async () => {
    const api = await started();
    const root = await create(api, 'root');
    await create(api, 'child', [ownedBy(root)]);
    await remove(api, 'root', { propagationPolicy: 'Orphan' });
    await eventually(api, 'the owner is gone', async () => !(await exists(api, `${configMapsPath}/root`)));
    await settle(api);
    const child = await api.json('GET', `${configMapsPath}/child`);
    assert.equal((metadataOf(child)['ownerReferences'] as readonly unknown[] | undefined)?.length ?? 0, 0);
  });

  it('deletes a pod gracefully: it goes when its node says so', async () => {
    const api = await started();
    const root = await create(api, 'root');
    const { metadata, ...rest } = pod('p', { nodeName: 'n' });
    const owned = { ...(metadata as JsonObject), ownerReferences: [ownedBy(root)] };
    await api.json('POST', podsPath, { body: { ...rest, metadata: owned } });
    await remove(api, 'root');
    await eventually(
      api,
      'the pod is marked',
      async () => metadataOf(await api.json('GET', `${podsPath}/p`))['deletionTimestamp'] !== undefined,
    );
    await api.json('DELETE', `${podsPath}/p`, { body: { gracePeriodSeconds: 0 } });
    assert.ok(!(await exists(api, `${podsPath}/p`)));
  });

  it('finishes what an earlier server left', async () => {
    const store = createMemoryStore();
    const first = new TestApi({ store });
    const root = await create(first, 'root');
    await create(first, 'child', [ownedBy(root)]);
    const block = await create(first, 'fore');
    await create(first, 'fore-child', [ownedBy(block, { blockOwnerDeletion: true })]);
    const orphaning = await create(first, 'orphaning');
    await create(first, 'orphan', [ownedBy(orphaning)]);
    // The first server never ran its loops.
    await remove(first, 'root');
    await remove(first, 'fore', { propagationPolicy: 'Foreground' });
    await remove(first, 'orphaning', { propagationPolicy: 'Orphan' });
    const api = await started(store);
    await eventually(
      api,
      'only the orphan is left',
      async () => (await namesIn(api, configMapsPath)).join() === 'orphan',
    );
  });

  it('reads no ranges and only the owners of what changes', async () => {
    const counted = countedStore();
    const api = await started(counted.store);
    for (let index = 0; index < 200; index++) await create(api, `noise-${index}`);
    const root = await create(api, 'root');
    await settle(api);
    counted.reset();
    await create(api, 'child', [ownedBy(root)]);
    await settle(api);
    assert.equal(counted.ranges, 0);
    assert.ok(counted.gets < 10, `${counted.gets} reads`);
  });

  it('leaves exactly what a naive fixpoint leaves, also across restarts', async () => {
    // Each object may be owned by any earlier one; some are deleted, one way or another.
    const history = fc.record({
      owners: fc.array(fc.array(fc.nat(7), { maxLength: 2 }), { minLength: 4, maxLength: 8 }),
      blocking: fc.boolean(),
      deletions: fc.array(
        fc.record({
          index: fc.nat(7),
          policy: fc.constantFrom('Background', 'Foreground', 'Orphan'),
          restart: fc.boolean(),
        }),
        { maxLength: 4 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ owners, blocking, deletions }) => {
        const store = createMemoryStore();
        let api = await started(store);
        const objects: JsonObject[] = [];
        const parents = owners.map((list, index) => new Set(list.filter((owner) => owner < index)));
        for (const [index, list] of parents.entries()) {
          const references = [...list].map((owner) => ownedBy(objects[owner] ?? {}, { blockOwnerDeletion: blocking }));
          objects.push(await create(api, `o${index}`, references));
        }
        const left = new Set(objects.keys());
        for (const { index, policy, restart } of deletions) {
          if (!left.has(index)) continue;
          await remove(api, `o${index}`, { propagationPolicy: policy });
          if (restart) {
            await api.server.stop();
            api = await started(store);
          }
          await settle(api);
          left.delete(index);
          if (policy === 'Orphan') for (const list of parents) list.delete(index);
          dropGarbage(left, parents);
        }
        const names = [...left].sort((a, b) => a - b).map((index) => `o${index}`);
        assert.deepEqual(await namesIn(api, configMapsPath), names);
        await api.server.stop();
      }),
      { numRuns: 60 },
    );
  });
});

/** Removes objects that had owners and have none left, until there are none; forgets owners that are gone. */
function dropGarbage(left: Set<number>, parents: readonly Set<number>[]): void {
  for (const [index, list] of parents.entries()) {
    const gone = [...list].filter((owner) => !left.has(owner));
    if (left.has(index) && list.size > 0 && gone.length === list.size) left.delete(index);
    for (const owner of gone) list.delete(owner);
  }
}

interface CountedStore {
  readonly store: Store;
  gets: number;
  ranges: number;
  reset(): void;
}

function countedStore(): CountedStore {
  const inner = createMemoryStore();
  const counted: CountedStore = {
    gets: 0,
    ranges: 0,
    reset() {
      counted.gets = 0;
      counted.ranges = 0;
    },
    store: {
      ...inner,
      get(key) {
        counted.gets += 1;
        return inner.get(key);
      },
      range(prefix, options) {
        counted.ranges += 1;
        return inner.range(prefix, options);
      },
    },
  };
  return counted;
}
