import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createClient } from '../client/client.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { type ConfigMap, configMaps } from '../kube/core-types.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { Informer, listPageSize, olderListsMax } from './informer.ts';
import { MemoryTransport } from './memory-transport.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { type LogLine, MemoryLogger } from '../telemetry/memory-logger.ts';

const key = (name: string, namespace = 'a') => ({ namespace, name });

/** `deaf` = the transport does not heed the signals of requests. */
function setup(options: { deaf?: boolean } = {}) {
  const api = new MemoryTransport<ConfigMap>(configMaps);
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const informer = new Informer<ConfigMap>({
    client: createClient(({ signal, ...request }) =>
      api.handle(options.deaf || signal === undefined ? request : { ...request, signal }),
    ),
    type: configMaps,
    clock,
    random: seededRandom(1),
    logger: new MemoryLogger(lines),
  });
  const told: string[] = [];
  informer.addHandler({
    added: (object) => told.push(`added ${describeObject(object)}`),
    updated: (previous, object) => told.push(`updated ${describeObject(previous)} to ${describeObject(object)}`),
    deleted: (object) => told.push(`deleted ${describeObject(object)}`),
  });
  const stop = new AbortController();
  const start = async (): Promise<void> => {
    void informer.run(stop.signal);
    await clock.advance(0);
  };
  /** Enough for any backoff and for a watch's own end. */
  const settle = (): Promise<void> => clock.advance(40_000);
  return { api, clock, lines, informer, told, stop, start, settle };
}

function describeObject(object: ConfigMap): string {
  return `${keyText(keyOf(object))}@${object.metadata.resourceVersion ?? ''}`;
}

describe('Informer', () => {
  it('keeps managedFields out of its cache where that is asked for, from lists and from events', async () => {
    const api = new MemoryTransport<ConfigMap>(configMaps);
    const clock = new VirtualClock();
    const client = createClient((request) => api.handle(request));
    const random = seededRandom(1);
    const parts = { client, type: configMaps, clock, random, logger: silentLogger };
    const [lean, whole] = [new Informer({ ...parts, dropManagedFields: true }), new Informer(parts)];
    const gone: (string | undefined)[] = [];
    lean.addHandler({ deleted: ({ metadata }) => gone.push(metadata.managedFields?.[0]?.manager) });
    const metadata = { labels: { a: 'b' }, managedFields: [{ manager: 'kubectl' }] };
    api.put(key('one'), { metadata, data: { x: 'y' } });
    const signal = new AbortController().signal;
    void lean.run(signal);
    void whole.run(signal);
    await clock.advance(0);
    api.put(key('two'), { metadata });
    await clock.advance(0);
    for (const name of ['one', 'two']) {
      assert.equal(whole.get(key(name))?.metadata.managedFields?.[0]?.manager, 'kubectl');
      const { managedFields: _dropped, ...rest } = whole.get(key(name))?.metadata ?? {};
      assert.deepEqual(lean.get(key(name)), { ...whole.get(key(name)), metadata: rest });
    }
    api.remove(key('two'));
    await clock.advance(0);
    assert.deepEqual(gone, [undefined]);
  });

  it('lists, then follows', async () => {
    const { api, informer, told, start, clock } = setup();
    api.put(key('one'));
    assert.equal(informer.hasSynced(), false);
    await start();
    assert.equal(informer.hasSynced(), true);
    api.put(key('one'));
    api.put(key('two', 'b'));
    api.remove(key('one'));
    await clock.advance(0);
    assert.deepEqual(told, ['added a/one@2', 'updated a/one@2 to a/one@3', 'added b/two@4', 'deleted a/one@5']);
    assert.deepEqual(informer.list().map(describeObject), ['b/two@4']);
    assert.deepEqual(informer.list('a'), []);
    assert.equal(informer.get(key('two', 'b')), api.content.get('b/two'), 'the very object, not a copy');
    assert.deepEqual(api.requests, ['list', 'watch@2']);
  });

  it('reads long lists by pages', async () => {
    const { api, informer, start } = setup();
    for (let n = 0; n < 2 * listPageSize + 1; n++) api.put(key(`n${n}`));
    await start();
    assert.deepEqual(api.requests.slice(0, 3), ['list', 'list-page', 'list-page']);
    assert.equal(informer.size, 2 * listPageSize + 1);
  });

  it('reads everything at once when the pages of a list expire', async () => {
    const { api, informer, start } = setup();
    for (let n = 0; n < listPageSize + 1; n++) api.put(key(`n${n}`));
    api.before = (request) => {
      if (request.query['continue'] === undefined) return;
      api.put(key('late'));
      api.compact();
    };
    await start();
    assert.deepEqual(api.requests.slice(0, 3), ['list', 'list', `watch@${api.version}`]);
    assert.equal(informer.size, listPageSize + 2);
  });

  it('goes on from the last event when the server ends a watch', async () => {
    const { api, told, start, clock } = setup();
    await start();
    api.put(key('one'));
    await clock.advance(2_000);
    api.closeWatches();
    await clock.advance(0);
    api.put(key('two'));
    await clock.advance(0);
    assert.deepEqual(told, ['added a/one@2', 'added a/two@3']);
    assert.deepEqual(api.requests, ['list', 'watch@1', 'watch@2']);
  });

  it('goes on from the last bookmark', async () => {
    const { api, start, clock } = setup();
    await start();
    api.put(key('one'));
    api.remove(key('one'));
    await clock.advance(2_000);
    api.bookmark();
    api.closeWatches();
    await clock.advance(0);
    assert.deepEqual(api.requests, ['list', 'watch@1', 'watch@3']);
  });

  it('goes on from the last event, with backoff, when the connection is lost', async () => {
    const { api, told, start, clock, settle, lines } = setup();
    await start();
    api.put(key('one'));
    await clock.advance(0);
    api.dropWatches();
    api.put(key('one'));
    await clock.advance(20);
    assert.deepEqual(api.requests, ['list', 'watch@1'], 'not at once');
    await settle();
    assert.deepEqual(api.requests, ['list', 'watch@1', 'watch@2']);
    assert.deepEqual(told, ['added a/one@2', 'updated a/one@2 to a/one@3']);
    assert.deepEqual(
      lines.map(({ message, level }) => [level, message]),
      [['warn', 'the watch failed; trying again']],
    );
  });

  it('lists again when its version is gone, and tells what was deleted meanwhile', async () => {
    const { api, told, start, clock, settle } = setup();
    api.put(key('gone'));
    api.put(key('kept'));
    api.put(key('changed'));
    await start();
    told.length = 0;
    api.dropWatches();
    await clock.advance(0);
    api.remove(key('gone'));
    api.put(key('changed'));
    api.put(key('new'));
    api.compact();
    await settle();
    assert.deepEqual(told, ['deleted a/gone@2', 'updated a/changed@4 to a/changed@6', 'added a/new@7']);
    assert.deepEqual(api.requests, ['list', 'watch@4', 'watch@4', 'list', 'watch@7']);
  });

  it('tells the end of one object and the beginning of the next under the same name', async () => {
    const { api, told, start, clock, settle } = setup();
    api.put(key('one'));
    await start();
    api.dropWatches();
    await clock.advance(0);
    api.remove(key('one'));
    api.put(key('one'));
    api.compact();
    await settle();
    assert.deepEqual(told, ['added a/one@2', 'deleted a/one@2', 'added a/one@4']);
  });

  it('ignores events that are older than the cache', async () => {
    const { api, informer, told, start, clock } = setup();
    await start();
    api.put(key('one'));
    api.put(key('one'));
    api.put(key('two'));
    api.remove(key('two'));
    api.put(key('two'));
    await clock.advance(0);
    const before = [...told];
    api.repeat(5);
    await clock.advance(0);
    assert.deepEqual(told, before);
    assert.equal(informer.counts.staleEvents, 5);
    assert.deepEqual(informer.list().map(describeObject), ['a/one@3', 'a/two@6']);
  });

  it('does not go back to what a list has overtaken that shows more than its version promises', async () => {
    const { api, told, start } = setup();
    api.put(key('one'));
    api.put(key('one'));
    const answer = api.handle;
    api.handle = async (request) => {
      const { body, ...rest } = await answer(request);
      if (body.kind !== 'json') return { ...rest, body };
      return { ...rest, body: { kind: 'json', value: { ...body.value, metadata: { resourceVersion: '1' } } } };
    };
    await start();
    assert.deepEqual(api.requests, ['list', 'watch@1']);
    assert.deepEqual(told, ['added a/one@3']);
  });

  it('keeps its cache while lists are older, and believes them when that stays', async () => {
    const { api, informer, start, clock, lines } = setup();
    for (let n = 0; n < 10; n++) api.put(key(`n${n}`));
    await start();
    api.reset();
    api.put(key('fresh'));
    for (let round = 0; round < olderListsMax; round++) await clock.advance(1_000);
    assert.equal(informer.size, 10, 'nothing is decided from the first older lists');
    await clock.advance(300_000);
    assert.deepEqual(informer.list().map(describeObject), ['a/fresh@2']);
    assert.equal(lines.filter(({ level }) => level === 'error').length, 1);
  });

  it('says that it cannot sync, and keeps trying', async () => {
    const { api, informer, start, clock, lines } = setup();
    let refusals = 0;
    api.before = () => {
      if (refusals++ < 3) throw new ApiStatusError('NotFound', 'the server could not find the requested resource');
    };
    await start();
    await clock.advance(10_000);
    assert.equal(informer.hasSynced(), true);
    assert.deepEqual(
      lines.map(({ message, fields }) => [message, fields['attempt'], fields['resource']]),
      [1, 2, 3].map((attempt) => ['the cache cannot sync yet; trying again', attempt, 'configmaps']),
    );
  });

  it('waits as long as an overloaded server asks', async () => {
    const { api, start, clock } = setup();
    let refused = false;
    api.before = () => {
      if (refused) return;
      refused = true;
      throw new ApiStatusError('TooManyRequests', 'slow down', { details: { retryAfterSeconds: 7 } });
    };
    await start();
    await clock.advance(6_900);
    assert.deepEqual(api.requests, []);
    await clock.advance(200);
    assert.deepEqual(api.requests, ['list', 'watch@1']);
  });

  it('does not ask without pause for watches that end at once', async () => {
    const { api, start, clock } = setup();
    await start();
    for (let n = 0; n < 100; n++) {
      api.closeWatches();
      await clock.advance(10);
    }
    const watches = api.requests.filter((request) => request.startsWith('watch')).length;
    assert.ok(watches < 10, `${watches} watches in a second`);
  });

  it('takes a watch for dead that the server should have ended, and a list that hangs', async () => {
    const { api, informer, start, clock } = setup();
    let hang = true;
    api.before = () => (hang ? new Promise<void>(() => undefined) : undefined);
    await start();
    hang = false;
    await clock.advance(61_000);
    assert.equal(informer.hasSynced(), true);
    await clock.advance(11 * 60_000);
    assert.ok(api.requests.length >= 3, api.requests.join());
    assert.equal(api.openWatches, 1, 'the dead one is released');
  });

  it('tells a handler that comes late what is cached, and only once', async () => {
    const { api, informer, start, clock } = setup();
    api.put(key('one'));
    await start();
    const late: string[] = [];
    informer.addHandler({
      added: (object) => {
        if (late.length > 0 || object.metadata.name !== 'two') return;
        informer.addHandler({ added: (seen) => late.push(describeObject(seen)) });
      },
    });
    api.put(key('two'));
    await clock.advance(0);
    assert.deepEqual(late, ['a/one@2', 'a/two@3']);
  });

  it('goes on when a handler throws', async () => {
    const { api, informer, start, clock, told, lines } = setup();
    informer.addHandler({
      added: () => {
        throw new Error('a bug');
      },
    });
    await start();
    api.put(key('one'));
    api.put(key('two'));
    await clock.advance(0);
    assert.deepEqual(told, ['added a/one@2', 'added a/two@3']);
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['key'], fields['error']]),
      [
        ['error', 'a/one', 'a bug'],
        ['error', 'a/two', 'a bug'],
      ],
    );
  });

  it('stops, and leaves no watch and no timer behind', async () => {
    const { api, clock, informer } = setup();
    const stop = new AbortController();
    const ended = informer.run(stop.signal);
    await clock.advance(0);
    assert.equal(api.openWatches, 1);
    stop.abort();
    await ended;
    await clock.advance(0);
    assert.equal(api.openWatches, 0);
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('stops although its transport does not, and tells nothing any more', async () => {
    const { api, clock, informer, told } = setup({ deaf: true });
    const stop = new AbortController();
    const ended = informer.run(stop.signal);
    await clock.advance(0);
    stop.abort();
    await ended;
    api.put(key('one'));
    await clock.advance(0);
    assert.deepEqual([told, informer.size, clock.nextTimerMs()], [[], 0, undefined]);
  });

  it('finds by index what has a value now', async () => {
    const { api, informer, start, clock } = setup();
    const owner = (object: ConfigMap): readonly string[] => (object.data?.['owner'] ?? '').split(',').filter(Boolean);
    api.put(key('one'), { data: { owner: 'x,y' } });
    await start();
    informer.addIndexers({ owner });
    const found = (value: string): readonly string[] => informer.byIndex('owner', value).map(describeObject);
    assert.deepEqual([found('x'), found('y'), found('z')], [['a/one@2'], ['a/one@2'], []]);
    api.put(key('one'), { data: { owner: 'y,z' } });
    api.put(key('two'), { data: { owner: 'z' } });
    await clock.advance(0);
    assert.deepEqual([found('x'), found('y'), found('z')], [[], ['a/one@3'], ['a/one@3', 'a/two@4']]);
    api.remove(key('one'));
    await clock.advance(0);
    assert.deepEqual([found('x'), found('y'), found('z')], [[], [], ['a/two@4']]);
    assert.throws(() => informer.byIndex('other', 'x'), /no index "other"/);
    assert.throws(() => informer.addIndexers({ owner: () => [] }), /already registered/);
  });
});
