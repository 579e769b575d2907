/** Import this file lazily: the client of Amazon takes a while to load. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { BlobInfo, BlobStore } from '../blob-store.ts';

/** What {@link createBucketStore} needs. */
export interface BucketStoreOptions {
  readonly bucket: string;
  /** Put before every key, with its slash: `penstock/logs/`. Default none. */
  readonly prefix?: string;
  /** Default `us-east-1`, which servers other than Amazon's take. */
  readonly region?: string;
  /** Of a server that is not Amazon's; buckets are then part of the path. */
  readonly endpoint?: string;
  /** Absent = what the machine has: environment, files, the identity of the pod or of the instance. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A {@link BlobStore} that holds connections. */
export interface BucketStore extends BlobStore {
  close(): void;
}

/**
 * Blobs as objects of a bucket that speaks S3. A key that is taken is refused by the server itself (`If-None-Match: *`): it
 * must know conditional writes, as Amazon, MinIO, Ceph and Cloudflare do.
 */
export function createBucketStore(options: BucketStoreOptions): BucketStore {
  const { bucket: Bucket, prefix = '', region = 'us-east-1', endpoint, credentials } = options;
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return {
    async create(key, bytes) {
      try {
        await client.send(new PutObjectCommand({ Bucket, Key: prefix + key, Body: bytes, IfNoneMatch: '*' }));
        return true;
      } catch (thrown) {
        // 409: another write of this key is under way; whoever asks again will see how it ended.
        if (statusOf(thrown) === 412) return false;
        throw thrown;
      }
    },
    async read(key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + key }));
        return await Body?.transformToByteArray();
      } catch (thrown) {
        if (statusOf(thrown) === 404) return undefined;
        throw thrown;
      }
    },
    list: (folder) => listObjects(client, Bucket, prefix, folder === '' ? '' : `${folder}/`),
    async remove(key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }));
    },
    close: () => client.destroy(),
  };
}

async function* listObjects(
  client: S3Client,
  Bucket: string,
  prefix: string,
  folder: string,
): AsyncGenerator<BlobInfo> {
  for (let token: string | undefined; ;) {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: prefix + folder,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
      yield { key: Key.slice(prefix.length), bytes: Size, storedMs: LastModified?.getTime() ?? 0 };
    }
    token = page.NextContinuationToken;
    if (token === undefined) return;
  }
}

function statusOf(thrown: unknown): number | undefined {
  return thrown instanceof S3ServiceException ? thrown.$metadata.httpStatusCode : undefined;
}
