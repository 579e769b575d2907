import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { BlobStore } from '../../src/logs/blob-store.ts';
import { createBucketStore } from '../../src/logs/bucket/bucket-store.ts';
import { startTestBucket, testCredentials, type TestBucket } from '../support/test-bucket.ts';
import { createDirectoryStore } from '../../src/logs/directory/directory-store.ts';
import { MemoryBlobStore } from '../../src/logs/memory-blob-store.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const directory = mkdtempSync(join(tmpdir(), 'penstock-blobs-'));
let bucket: TestBucket;
before(async () => {
  bucket = await startTestBucket('logs');
});
after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await bucket.close();
});

const bucketStore = (secretAccessKey: string = testCredentials.secretAccessKey) =>
  createBucketStore({
    bucket: 'logs',
    prefix: 'penstock/',
    endpoint: bucket.url,
    credentials: { ...testCredentials, secretAccessKey },
  });

const stores: Readonly<Record<string, () => BlobStore>> = {
  memory: () => new MemoryBlobStore(new VirtualClock()),
  directory: () => createDirectoryStore({ directory, random: seededRandom(1) }),
  bucket: () => bucketStore(),
};

for (const [name, create] of Object.entries(stores)) {
  describe(`the ${name} store`, () => {
    it('keeps what was first stored under a key', async () => {
      const store = create();
      assert.equal(await store.read('a/b/x.log'), undefined);
      assert.equal(await store.create('a/b/x.log', bytes('first')), true);
      assert.equal(await store.create('a/b/x.log', bytes('second')), false);
      assert.equal(Buffer.from((await store.read('a/b/x.log')) ?? []).toString(), 'first');
      await store.remove('a/b/x.log');
      await store.remove('a/b/x.log');
      assert.equal(await store.read('a/b/x.log'), undefined);
      assert.equal(await store.create('a/b/x.log', new Uint8Array(0)), true);
      assert.deepEqual([...((await store.read('a/b/x.log')) ?? [1])], []);
      await store.remove('a/b/x.log');
    });

    it('lists what is below a folder, in order, beyond a page', async () => {
      const store = create();
      const keys = ['a-b/1', 'a/1', 'a/2/x', 'a/2/y', 'a/3', 'a/4', 'a/5', 'b/1'];
      for (const key of keys.toReversed()) await store.create(key, bytes(key));
      const listed = async (folder: string): Promise<string[]> => {
        const found: string[] = [];
        for await (const info of store.list(folder)) {
          assert.equal(info.bytes, info.key.length);
          assert.ok(info.storedMs > 0);
          found.push(info.key);
        }
        return found;
      };
      assert.deepEqual(await listed('a'), ['a/1', 'a/2/x', 'a/2/y', 'a/3', 'a/4', 'a/5']);
      assert.deepEqual((await listed('')).toSorted(), keys.toSorted());
      assert.deepEqual(await listed('c'), []);
      for (const key of keys) await store.remove(key);
      assert.deepEqual(await listed(''), []);
    });

    it('lets one of many writers of a key win', async () => {
      const store = create();
      const results = await Promise.all(Array.from({ length: 8 }, (_, index) => store.create('k', bytes(`${index}`))));
      const winner = results.indexOf(true);
      assert.equal(results.filter(Boolean).length, 1);
      assert.equal(Buffer.from((await store.read('k')) ?? []).toString(), String(winner));
      await store.remove('k');
    });
  });
}

describe('the directory store', () => {
  it('leaves no drafts and no empty folders, and nothing outside of itself', async () => {
    const store = stores['directory']?.() as BlobStore;
    await store.create('x/y/z', bytes('1'));
    await store.create('x/y/z', bytes('2'));
    await store.remove('x/y/z');
    assert.deepEqual(readdirSync(directory), ['.unfinished']);
    assert.deepEqual(readdirSync(join(directory, '.unfinished')), []);
    for (const key of ['../x', 'a/../../x', '/x', 'a//b', '.unfinished/x', '']) {
      await assert.rejects(store.create(key, bytes('1')), { code: 'ASSERTION' }, key);
    }
  });
});

describe('the bucket store', () => {
  it('signs what it asks, and tells of refusals and failures', async () => {
    const wrong = bucketStore('another');
    await assert.rejects(wrong.create('k', bytes('1')), { name: 'SignatureDoesNotMatch' });
    assert.ok(bucket.refused > 0);
    const store = bucketStore();
    await store.create('ns/run/it', bytes('1'));
    assert.deepEqual([...bucket.objects.keys()], ['penstock/ns/run/it']);
    bucket.failures.push(500);
    assert.equal(Buffer.from((await store.read('ns/run/it')) ?? []).toString(), '1', 'one failure is tried again');
    bucket.failures.push(403);
    await assert.rejects(store.read('ns/run/it'));
    store.close();
  });
});
