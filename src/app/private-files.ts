import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UserError, errorText } from '../base/errors.ts';

/** Only the owner may read: keys, tokens, and what gives access by them. */
const privateMode = 0o600;
const privateFolderMode = 0o700;

/** Makes a folder that only its owner may enter, with its parents; one that exists stays as it is. */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: privateFolderMode });
  } catch (thrown) {
    throw new UserError(`the folder ${path} cannot be made: ${errorText(thrown)}`, {
      code: 'DATA_FOLDER',
      cause: thrown,
    });
  }
}

/** Writes a file whole or not at all, readable by its owner only. */
export function writePrivateFile(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: privateMode, flag: 'wx', flush: true });
  renameSync(draft, path);
}

/** The text of a file; undefined where there is none. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
