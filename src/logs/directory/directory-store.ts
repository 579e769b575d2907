import { link, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import { randomSuffix } from '../../base/random.ts';
import type { BlobInfo, BlobStore } from '../blob-store.ts';

/** Where {@link createDirectoryStore} puts what is not whole yet; listings do not show it. */
const unfinishedFolder = '.unfinished';
const keyPattern = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

/** What {@link createDirectoryStore} needs. */
export interface DirectoryStoreOptions {
  /** Made when it is not there. A volume shared by machines is fine, if it has hard links. */
  readonly directory: string;
  readonly random: Random;
}

/**
 * Blobs as files of their own. A file appears whole or not at all, and never changes: it is written and synced beside, then
 * linked to its name, which fails when the name is taken.
 */
export function createDirectoryStore({ directory, random }: DirectoryStoreOptions): BlobStore {
  const pathOf = (key: string): string => {
    assert(keyPattern.test(key), 'keys name files below the folder, and nothing else');
    return join(directory, ...key.split('/'));
  };
  return {
    async create(key, bytes) {
      const path = pathOf(key);
      const unfinished = join(directory, unfinishedFolder);
      const draft = join(unfinished, randomSuffix(random, 20));
      await mkdir(unfinished, { recursive: true, mode: 0o700 });
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      try {
        await writeDurably(draft, bytes);
        await link(draft, path);
        await syncFolder(dirname(path));
        return true;
      } catch (thrown) {
        if (isCode(thrown, 'EEXIST')) return false;
        throw thrown;
      } finally {
        await rm(draft, { force: true });
      }
    },
    async read(key) {
      try {
        return await readFile(pathOf(key));
      } catch (thrown) {
        if (isCode(thrown, 'ENOENT')) return undefined;
        throw thrown;
      }
    },
    list: (folder) => listFolder(directory, folder === '' ? '' : pathOf(folder).slice(directory.length + 1)),
    async remove(key) {
      const path = pathOf(key);
      await rm(path, { force: true });
      await removeEmptyFolders(directory, dirname(path));
    },
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* listFolder(directory: string, folder: string): AsyncGenerator<BlobInfo> {
  for (const entry of await entriesOf(join(directory, folder))) {
    if (entry.name === unfinishedFolder) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFolder(directory, path);
    else {
      const found = await statUnlessGone(join(directory, path));
      if (found) yield { key: path.split(sep).join('/'), bytes: found.size, storedMs: found.mtimeMs };
    }
  }
}

async function entriesOf(path: string): Promise<readonly { readonly name: string; isDirectory(): boolean }[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return [];
    throw thrown;
  }
}

async function statUnlessGone(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** Removes `path` and the folders above it, below `directory`, as long as they are empty. */
async function removeEmptyFolders(directory: string, path: string): Promise<void> {
  for (let folder = path; folder.length > directory.length; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (thrown) {
      if (isCode(thrown, 'ENOTEMPTY') || isCode(thrown, 'EEXIST') || isCode(thrown, 'ENOENT')) return;
      throw thrown;
    }
  }
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
