/** Reading the files of a folder one by one, where a host has no call for many. */
import { ForgeError, type RepositoryFile, fileBytesMax, folderBytesMax } from '../forge.ts';

/** Files that are read at the same time; the budget of the credential may let fewer. */
const filesAtOnce = 8;

/**
 * The files at `paths` that are there. Throws `ForgeError` `too-large`, naming `what`, as soon as they are more than
 * {@link folderBytesMax} together.
 */
export async function readFiles(
  what: string,
  paths: readonly string[],
  read: (path: string) => Promise<string | undefined>,
): Promise<readonly RepositoryFile[]> {
  const files: RepositoryFile[] = [];
  for (let first = 0, bytes = 0; first < paths.length; first += filesAtOnce) {
    const some = paths.slice(first, first + filesAtOnce);
    const texts = await Promise.all(some.map(read));
    files.push(...some.flatMap((path, index) => (texts[index] === undefined ? [] : [{ path, text: texts[index] }])));
    bytes += texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
    if (bytes > folderBytesMax) {
      throw new ForgeError('too-large', `${what} has more than ${folderBytesMax} bytes`);
    }
  }
  return files;
}

/** Refuses the text of a file that is larger than we read. */
export function checkFileSize(what: string, text: string | undefined): string | undefined {
  if (text === undefined || Buffer.byteLength(text) <= fileBytesMax) return text;
  throw new ForgeError('too-large', `${what} has more than ${fileBytesMax} bytes`);
}
