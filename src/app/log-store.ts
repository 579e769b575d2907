import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { BlobStore } from '../logs/blob-store.ts';

/** What to write where no logs are to be kept. */
export const noLogs = 'none';

/**
 * The store of logs that `place` names: `none`, a directory, or `s3://BUCKET/PREFIX?region=…&endpoint=…`, whose keys come from
 * the usual places of Amazon's tools. Throws `UserError` (`LOG_PLACE`) when it names nothing.
 */
export async function openLogStore(place: string, random: Random): Promise<BlobStore | undefined> {
  if (place === noLogs) return undefined;
  if (/^[a-z0-9]+:\/\//.test(place)) return openBucket(place);
  const { createDirectoryStore } = await import('../logs/directory/directory-store.ts');
  return createDirectoryStore({ directory: isAbsolute(place) ? place : resolve(place), random });
}

async function openBucket(place: string): Promise<BlobStore> {
  if (!URL.canParse(place)) throw unknownPlace(place);
  const { protocol, hostname, pathname, searchParams } = new URL(place);
  if (protocol !== 's3:' || hostname === '') throw unknownPlace(place);
  const folder = pathname.replaceAll(/^\/+|\/+$/g, '');
  const [region, endpoint] = [searchParams.get('region'), searchParams.get('endpoint')];
  const { createBucketStore } = await import('../logs/bucket/bucket-store.ts');
  return createBucketStore({
    bucket: hostname,
    prefix: folder === '' ? '' : `${folder}/`,
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
  });
}

function unknownPlace(place: string): UserError {
  return new UserError(`logs cannot be kept in ${place}`, {
    code: 'LOG_PLACE',
    remedy: 'name a directory, s3://BUCKET/PREFIX?region=REGION&endpoint=URL, or none',
  });
}
