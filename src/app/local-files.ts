import { open, readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError, errorText } from '../base/errors.ts';
import type { EntryKind, FileReader } from '../base/file-system.ts';

/** The disk of this machine, for commands. */
export const localFiles: FileReader = {
  kindOf,
  async list(path) {
    return (await readable(path, () => readdir(path))).sort();
  },
  read: (path, bytesMax) => readable(path, () => readStart(path, bytesMax)),
  readInput: (bytesMax) => readStream(process.stdin, bytesMax),
  resolve: (path) => resolve(path),
};

async function kindOf(path: string): Promise<EntryKind> {
  try {
    const entry = await stat(path);
    return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw unreadable(path, thrown);
  }
}

async function readStart(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const entry = await file.stat();
    // A pipe has no size, and is read to its end.
    if (!entry.isFile()) return await readStream(file.createReadStream({ autoClose: false }), bytesMax);
    const buffer = new Uint8Array(Math.min(entry.size, bytesMax + 1));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

async function readStream(stream: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax + 1);
}

async function readable<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, thrown: unknown): UserError {
  return new UserError(`${path} cannot be read: ${errorText(thrown)}`, { code: 'PATH_UNREADABLE', cause: thrown });
}
