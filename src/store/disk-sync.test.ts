import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred, type Deferred } from '../base/deferred.ts';
import { DiskSync, type SyncedFile } from './disk-sync.ts';

/** A file whose syncs end when the test says so. */
function slowFile(): { file: SyncedFile; syncs: Deferred<void>[] } {
  const syncs: Deferred<void>[] = [];
  const sync = (): Promise<void> => {
    const running = deferred<void>();
    syncs.push(running);
    return running.promise;
  };
  return { file: { sync, close: () => undefined }, syncs };
}

function diskSync(failures: unknown[] = []) {
  const { file, syncs } = slowFile();
  const sync = new DiskSync({
    file,
    revision: 1,
    onFailure: (error) => {
      failures.push(error);
      sync.fail(new Error('failed'));
    },
  });
  const done: number[] = [];
  const until = (revision: number): Promise<unknown> => sync.until(revision).then(() => done.push(revision));
  return { sync, syncs, done, until };
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('DiskSync', () => {
  it('resolves after a sync that began when the revision was written', async () => {
    const { sync, syncs, done, until } = diskSync();
    void until(2);
    assert.equal(syncs.length, 0);
    sync.written(2);
    assert.equal(syncs.length, 1);
    // Written while the first sync runs: that sync may have missed it.
    sync.written(3);
    void until(3);
    assert.equal(syncs.length, 1);
    syncs[0]?.resolve();
    await settle();
    assert.deepEqual(done, [2]);
    assert.equal(syncs.length, 2);
    syncs[1]?.resolve();
    await settle();
    assert.deepEqual(done, [2, 3]);
    await until(3);
    assert.equal(syncs.length, 2);
  });

  it('serves everybody who waited with one sync', async () => {
    const { sync, syncs, done, until } = diskSync();
    for (const revision of [2, 3, 4]) void until(revision);
    sync.written(4);
    syncs[0]?.resolve();
    await settle();
    assert.deepEqual([done, syncs.length], [[2, 3, 4], 1]);
  });

  it('hears who asks right behind the end of a sync', async () => {
    const { sync, syncs, done, until } = diskSync();
    const asked = until(2).then(() => until(3));
    sync.written(2);
    sync.written(3);
    syncs[0]?.resolve();
    await settle();
    assert.equal(syncs.length, 2);
    syncs[1]?.resolve();
    await asked;
    assert.deepEqual(done, [2, 3]);
  });

  it('syncs without anybody waiting when told to, also while a sync runs', async () => {
    const { sync, syncs } = diskSync();
    sync.written(2);
    assert.equal(syncs.length, 0);
    sync.start();
    sync.written(3);
    sync.start();
    syncs[0]?.resolve();
    await settle();
    assert.equal(syncs.length, 2);
    syncs[1]?.resolve();
    await settle();
    sync.start();
    assert.equal(syncs.length, 2);
  });

  it('never tries again after a failure', async () => {
    const failures: unknown[] = [];
    const { sync, syncs, until } = diskSync(failures);
    const waiting = until(2);
    sync.written(2);
    syncs[0]?.reject(new Error('input/output error'));
    await assert.rejects(waiting, /failed/);
    assert.match(String(failures), /input\/output error/);
    await assert.rejects(until(2), /failed/);
    sync.written(3);
    sync.start();
    assert.equal(syncs.length, 1);
  });

  it('closes the file behind the sync that runs', async () => {
    const closed: string[] = [];
    const running = deferred<void>();
    const file = { sync: () => running.promise, close: () => void closed.push('closed') };
    const sync = new DiskSync({ file, revision: 1, onFailure: () => undefined });
    sync.written(2);
    sync.start();
    const closing = sync.close();
    await settle();
    assert.deepEqual(closed, []);
    running.resolve();
    await closing;
    assert.deepEqual(closed, ['closed']);
  });
});
