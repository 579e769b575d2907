import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../base/system-clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { describeStoreContract, eventText, named, nextEvents } from './store-contract.ts';
import type { Store } from './store.ts';
import { openSqliteStore, type SqliteStoreOptions, storeFileName, syncDelayMs } from './sqlite-store.ts';

const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-store-'));
  directories.push(directory);
  return directory;
}

after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function open(directory: string, options: Partial<SqliteStoreOptions> = {}): Store {
  return openSqliteStore({ directory, clock: systemClock, ...options });
}

/** Runs the store's end-of-turn work when told to. */
function turns(): { afterTurn: (action: () => void) => void; end: () => void } {
  let planned: (() => void)[] = [];
  return {
    afterTurn: (action) => planned.push(action),
    end: () => {
      const actions = planned;
      planned = [];
      for (const action of actions) action();
    },
  };
}

describeStoreContract('sqlite', (limits) => open(newDirectory(), limits));

describe('sqlite: opened again', () => {
  it('has every value with its revisions, and its history', async () => {
    const directory = newDirectory();
    const first = open(directory);
    first.put('p/a', 0, named('one'));
    first.put('p/b', 0, named('two'));
    first.put('p/a', 2, named('three'));
    first.delete('p/b', undefined, (revision) => ({ gone: revision }));
    await first.close();

    const second = open(directory);
    assert.equal(second.revision(), 5);
    assert.equal(second.oldestRevision(), 1);
    assert.deepEqual(second.range('').items, [
      { key: 'p/a', value: { name: 'three', at: 4 }, modRevision: 4, createRevision: 2 },
    ]);
    assert.deepEqual(second.put('p/b', 0, named('anew')), { done: true, revision: 6 });
    const events = await nextEvents(second.watch('', 2), 4);
    assert.deepEqual(events.map(eventText), ['3 put p/b', '4 put p/a', '5 delete p/b', '6 put p/b']);
    assert.deepEqual(events[2], {
      type: 'delete',
      key: 'p/b',
      revision: 5,
      value: { gone: 5 },
      previous: { name: 'two', at: 3 },
      createRevision: 3,
    });
    await second.close();
  });

  it('still knows which history it forgot', async () => {
    const directory = newDirectory();
    const first = open(directory);
    for (let count = 0; count < 10; count++) first.put(`p/${count % 3}`, undefined, named('p'));
    first.delete('p/0', undefined);
    await first.durable();
    first.compact(9);
    await first.close();

    const second = open(directory);
    assert.equal(second.oldestRevision(), 9);
    assert.throws(() => second.watch('', 8), { name: 'RevisionGoneError', oldestRevision: 9 });
    const events = await nextEvents(second.watch('', 9), 3);
    assert.deepEqual(events.map(eventText), ['10 put p/2', '11 put p/0', '12 delete p/0']);
    await second.close();
  });

  it('keeps one row for a value whose history is forgotten, and none for a deleted key', async () => {
    const directory = newDirectory();
    const first = open(directory);
    for (let count = 0; count < 50; count++) first.put(`p/${count % 5}`, undefined, named('p'));
    first.delete('p/0', undefined);
    await first.durable();
    first.compact(first.revision());
    await first.close();
    const database = new DatabaseSync(join(directory, storeFileName), { readOnly: true });
    assert.deepEqual(
      database
        .prepare('SELECT key FROM log ORDER BY revision')
        .all()
        .map((row) => row['key']),
      ['p/1', 'p/2', 'p/3', 'p/4'],
    );
    database.close();
  });

  it('is readable by its user only', async () => {
    const directory = join(newDirectory(), 'data');
    await open(directory).close();
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(join(directory, storeFileName)).mode & 0o777, 0o600);
  });
});

describe('sqlite: group commit', () => {
  it('shows writes to readers at once, to watchers after the commit, in one transaction', async () => {
    const { afterTurn, end } = turns();
    const store = open(newDirectory(), { afterTurn });
    const watch = store.watch('', 1);
    store.put('p/a', 0, named('one'));
    store.put('p/b', 0, named('two'));
    assert.equal(store.range('').items.length, 2);
    const iterator = watch.events[Symbol.asyncIterator]();
    let seen = 0;
    const first = iterator.next().then(() => seen++);
    await new Promise(setImmediate);
    assert.equal(seen, 0);
    // A watch that begins behind an unpublished write must not see it either.
    const late = store.watch('', 3);
    end();
    await first;
    assert.equal(seen, 1);
    store.put('p/c', 0, named('three'));
    end();
    assert.deepEqual((await nextEvents(late, 1)).map(eventText), ['4 put p/c']);
    await store.close();
  });

  it('does not forget what watchers were not shown', async () => {
    const { afterTurn, end } = turns();
    const store = open(newDirectory(), { afterTurn });
    const watch = store.watch('', 1);
    store.put('p/a', 0, named('one'));
    store.compact(2);
    assert.equal(store.oldestRevision(), 1);
    end();
    assert.deepEqual((await nextEvents(watch, 1)).map(eventText), ['2 put p/a']);
    store.compact(2);
    assert.equal(store.oldestRevision(), 2);
    await store.close();
  });

  it('is durable only after commit and sync', async () => {
    const { afterTurn, end } = turns();
    const store = open(newDirectory(), { afterTurn });
    store.put('p/a', 0, named('one'));
    let durable = false;
    const waiting = store.durable().then(() => (durable = true));
    await new Promise(setImmediate);
    assert.equal(durable, false);
    end();
    await waiting;
    await store.durable();
    await store.close();
  });

  it('resolves durability when the store closes first', async () => {
    const store = open(newDirectory(), { clock: new VirtualClock(), afterTurn: () => undefined });
    store.put('p/a', 0, named('one'));
    const waiting = store.durable();
    await store.close();
    await waiting;
    await assert.rejects(store.durable(), { code: 'STORE_CLOSED' });
  });
});

describe('sqlite: what goes wrong', () => {
  it('refuses writes for good once a sync failed', async () => {
    const directory = newDirectory();
    const sync = (): Promise<void> => Promise.reject(new Error('EIO: i/o error, fdatasync'));
    const store = open(directory, { openSyncedFile: () => ({ sync, close: () => undefined }) });
    store.put('p/a', 0, named('a'));
    await assert.rejects(store.durable(), { code: 'STORE_FAILED', message: /EIO: i\/o error, fdatasync/ });
    assert.throws(() => store.put('p/b', 0, named('b')), { code: 'STORE_FAILED' });
    await assert.rejects(store.durable(), { code: 'STORE_FAILED' });
    assert.equal(store.get('p/a')?.modRevision, 2);
    await store.close();
  });

  it('syncs within a second when nobody asks for it', async () => {
    const clock = new VirtualClock();
    let syncs = 0;
    const sync = (): Promise<void> => Promise.resolve(void syncs++);
    const { afterTurn, end } = turns();
    const store = open(newDirectory(), { clock, afterTurn, openSyncedFile: () => ({ sync, close: () => undefined }) });
    store.put('p/a', 0, named('a'));
    end();
    await clock.advance(syncDelayMs - 1);
    assert.equal(syncs, 0);
    await clock.advance(1);
    assert.equal(syncs, 1);
    await clock.advance(10 * syncDelayMs);
    assert.equal(syncs, 1);
    await store.close();
  });

  it('takes back what does not fit, keeps the rest readable, and refuses writes', async () => {
    const directory = newDirectory();
    const failures: string[] = [];
    const store = open(directory, { fileBytesMax: 512 * 1024, onFailure: (error) => failures.push(error.message) });
    store.put('p/small', 0, named('small'));
    await store.durable();
    const watch = store.watch('', store.revision());
    store.put('p/small', undefined, named('changed'));
    store.put('p/large', 0, () => ({ text: 'x'.repeat(1024 ** 2) }));
    await assert.rejects(store.durable(), { code: 'STORE_FAILED', message: /store\.db: database or disk is full/ });
    await assert.rejects(nextEvents(watch, 1), { code: 'STORE_FAILED' });
    assert.throws(() => store.put('p/b', 0, named('b')), { code: 'STORE_FAILED' });
    assert.throws(() => store.delete('p/small', undefined), { code: 'STORE_FAILED' });
    assert.equal(failures.length, 1);
    assert.deepEqual(
      store.range('').items.map((item) => item.value),
      [{ name: 'small', at: 2 }],
    );
    assert.equal(store.revision(), 2);
    await store.close();
    const again = open(directory);
    assert.deepEqual(
      again.range('').items.map((item) => item.value),
      [{ name: 'small', at: 2 }],
    );
    await again.close();
  });

  it('lets nobody open the directory twice', async () => {
    const directory = newDirectory();
    const store = open(directory);
    assert.throws(() => open(directory), { name: 'UserError', code: 'STORE_LOCKED' });
    // Failing to open must not have broken the lock, which systems keep for the process, not for the file handle.
    const program = join(import.meta.dirname, 'crash.test.ts');
    const other = spawnSync(process.execPath, [program, 'write', directory, '1'], {
      encoding: 'utf8',
      timeout: 90_000,
    });
    assert.match(other.stderr, /STORE_LOCKED/);
    assert.equal(other.status, 1);
    await store.close();
    await open(directory).close();
  });

  it('says when the file is not a database, or another one, or from a newer version', async () => {
    const garbage = newDirectory();
    writeFileSync(join(garbage, storeFileName), 'this is certainly not a database file'.repeat(100));
    assert.throws(() => open(garbage), { name: 'UserError', code: 'STORE_CORRUPT' });

    const foreign = newDirectory();
    withDatabase(foreign, 'CREATE TABLE t (a)');
    assert.throws(() => open(foreign), { code: 'STORE_CORRUPT', message: /another program/ });

    const newer = newDirectory();
    await open(newer).close();
    withDatabase(newer, 'PRAGMA user_version = 99');
    assert.throws(() => open(newer), { code: 'STORE_VERSION', message: /layout 99/ });
  });

  it('says when a value or a revision is damaged', async () => {
    const damages = {
      'UPDATE log SET value = \'{"name":\' WHERE revision = 3': /p\/b at revision 3 is not JSON/,
      "UPDATE log SET value = '[]' WHERE revision = 3": /p\/b at revision 3 is not an object/,
      'DELETE FROM log WHERE revision = 3': /revision 3 is missing/,
    };
    for (const [damage, message] of Object.entries(damages)) {
      const directory = newDirectory();
      const store = open(directory);
      for (const key of ['p/a', 'p/b', 'p/c']) store.put(key, 0, named(key));
      await store.close();
      withDatabase(directory, damage);
      assert.throws(() => open(directory), { name: 'UserError', code: 'STORE_CORRUPT', message });
    }
  });

  it('says when pages of the file are overwritten', async () => {
    const directory = newDirectory();
    const store = open(directory);
    for (let count = 0; count < 200; count++) store.put(`p/${count}`, 0, () => ({ text: 'x'.repeat(2_000) }));
    await store.close();
    const file = join(directory, storeFileName);
    const handle = openSync(file, 'r+');
    const pageBytes = readFileSync(file).readUInt16BE(16);
    for (let page = 1; page < 40; page++)
      writeSync(handle, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, page * pageBytes);
    closeSync(handle);
    assert.throws(() => open(directory), { name: 'UserError', code: 'STORE_CORRUPT' });
  });

  it('says when the directory cannot be used', () => {
    const blocked = join(newDirectory(), 'file');
    writeFileSync(blocked, '');
    assert.throws(() => open(join(blocked, 'data')), { name: 'UserError', code: 'STORE_UNUSABLE' });
  });
});

function withDatabase(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, storeFileName));
  database.exec(sql);
  database.close();
}
