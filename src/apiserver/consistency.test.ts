/** Properties of histories: who wins a race, and what watchers can conclude. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../base/system-clock.ts';
import type { JsonObject } from '../base/json.ts';
import type { RawWatchEvent } from '../kube/transport.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { configMap, configMapsPath, metadataOf, take, TestApi } from './api-fixture.ts';

/** One step of one of several clients that work on a few objects, each from what it has last seen. */
interface Step {
  readonly client: number;
  readonly name: 'a' | 'b' | 'c';
  readonly action: 'read' | 'create' | 'replace' | 'patch' | 'label' | 'delete';
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    client: fc.integer({ min: 0, max: 2 }),
    name: fc.constantFrom('a', 'b', 'c'),
    action: fc.constantFrom('read', 'create', 'replace', 'patch', 'label', 'delete'),
  }),
  { maxLength: 60 },
);

const merge = { 'content-type': 'application/merge-patch+json' };

/** Runs steps; `check` sees each answer to a guarded write with the object as it was stored before. */
async function run(
  api: TestApi,
  history: readonly Step[],
  check: (seen: JsonObject, before: JsonObject | undefined, status: number) => void,
): Promise<void> {
  const views = new Map<string, JsonObject>();
  for (const [index, { client, name, action }] of history.entries()) {
    const path = `${configMapsPath}/${name}`;
    const view = `${client}/${name}`;
    const seen = views.get(view);
    const before = await stored(api, name);
    if (action === 'read') {
      if (before) views.set(view, before);
    } else if (action === 'create') {
      await api.call('POST', configMapsPath, { body: configMap(name, { by: String(index) }) });
    } else if (action === 'delete') {
      await api.call('DELETE', path);
    } else if (action === 'label') {
      await api.call('PATCH', path, { body: { metadata: { labels: { odd: String(index % 2) } } }, headers: merge });
    } else if (seen) {
      const { status } = await guarded(api, path, seen, action, index);
      check(seen, before, status);
    }
  }
}

/** A write that is only right if nobody else wrote since `seen` was read. */
function guarded(
  api: TestApi,
  path: string,
  seen: JsonObject,
  action: 'replace' | 'patch',
  index: number,
): ReturnType<TestApi['call']> {
  if (action === 'replace') return api.call('PUT', path, { body: { ...seen, data: { by: String(index) } } });
  const { uid, resourceVersion } = metadataOf(seen);
  const metadata = { uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
  return api.call('PATCH', path, { body: { metadata, data: { by: String(index) } }, headers: merge });
}

async function stored(api: TestApi, name: string): Promise<JsonObject | undefined> {
  const response = await api.call('GET', `${configMapsPath}/${name}`);
  return response.status === 200 && response.body.kind === 'json' ? response.body.value : undefined;
}

interface StoreUnderTest {
  readonly title: string;
  /** Histories a property runs. */
  readonly runs: number;
  readonly with: (test: (store: Store) => Promise<void>) => Promise<void>;
}

const stores: readonly StoreUnderTest[] = [
  { title: 'in memory', runs: 150, with: (test) => test(createMemoryStore()) },
  {
    title: 'in SQLite',
    runs: 6,
    with: async (test) => {
      const directory = mkdtempSync(join(tmpdir(), 'penstock-apiserver-'));
      const store = openSqliteStore({ directory, clock: systemClock });
      try {
        await test(store);
      } finally {
        await store.close();
        rmSync(directory, { recursive: true });
      }
    },
  },
];

for (const { title, runs, with: withStore } of stores) {
  describe(`guarded writes ${title}`, () => {
    it('succeed exactly when nobody wrote in between', async () => {
      const property = fc.asyncProperty(steps, (history) =>
        withStore(async (store) => {
          await run(new TestApi({ store }), history, (seen, before, status) => {
            if (before === undefined) assert.equal(status, 404);
            else assert.equal(status, before === seen ? 200 : 409);
          });
        }),
      );
      await fc.assert(property, { numRuns: runs });
    });

    it('have one winner among clients that read the same version', () =>
      withStore(async (store) => {
        const api = new TestApi({ store });
        const seen = await api.json('POST', configMapsPath, { body: configMap('a') });
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            api.call('PUT', `${configMapsPath}/a`, { body: { ...seen, data: { by: String(index) } } }),
          ),
        );
        assert.equal(answers.filter(({ status }) => status === 200).length, 1);
        assert.equal(answers.filter(({ status }) => status === 409).length, 19);
      }));
  });
}

type View = Map<unknown, JsonObject>;

function viewOf(list: JsonObject): View {
  return new Map((list['items'] as readonly JsonObject[]).map((item) => [metadataOf(item)['name'], item]));
}

/** What an informer does with an event; it must never be surprised. */
function replay(view: View, { type, object }: RawWatchEvent): void {
  const name = metadataOf(object)['name'];
  assert.equal(view.has(name), type !== 'ADDED', `${type} ${String(name)}`);
  if (type === 'DELETED') view.delete(name);
  else view.set(name, object);
}

for (const { title, runs, with: withStore } of stores) {
  describe(`list and watch ${title}`, () => {
    for (const query of [{}, { labelSelector: 'odd=1' }, { fieldSelector: 'metadata.name!=b' }]) {
      it(`agree from every revision, selecting ${JSON.stringify(query)}`, async () => {
        const property = fc.asyncProperty(steps, (history) =>
          withStore((store) => replayEverywhere(new TestApi({ store }), history, query)),
        );
        await fc.assert(property, { numRuns: runs });
      });
    }
  });
}

async function replayEverywhere(
  api: TestApi,
  history: readonly Step[],
  query: Readonly<Record<string, string>>,
): Promise<void> {
  const first = api.store.revision();
  await run(api, history, () => undefined);
  const last = api.store.revision();
  const final = viewOf(await api.json('GET', configMapsPath, { query }));
  for (let revision = first; revision <= last; revision++) {
    const resourceVersion = String(revision);
    const exact = { ...query, resourceVersion, resourceVersionMatch: 'Exact' };
    const view = viewOf(await api.json('GET', configMapsPath, { query: exact }));
    for (const event of await eventsUntil(api, last, { ...query, resourceVersion })) replay(view, event);
    assert.deepEqual(view, final);
  }
}

/** Events of a watch up to a revision: a last write that everybody selects marks the end. */
async function eventsUntil(
  api: TestApi,
  revision: number,
  query: Readonly<Record<string, string>>,
): Promise<readonly RawWatchEvent[]> {
  const watch = await api.watch(configMapsPath, { query });
  const events: RawWatchEvent[] = [];
  const end = await api.json('POST', configMapsPath, { body: configMap('end', {}, { labels: { odd: '1' } }) });
  for (;;) {
    const [event] = await take(watch, 1);
    if (event === undefined || metadataOf(event.object)['uid'] === metadataOf(end)['uid']) break;
    if (Number(metadataOf(event.object)['resourceVersion']) <= revision) events.push(event);
  }
  await watch.return?.();
  await api.json('DELETE', `${configMapsPath}/end`);
  return events;
}
