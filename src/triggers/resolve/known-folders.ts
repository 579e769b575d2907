import { createHash } from 'node:crypto';
import type { RepositoryFile } from '../../forge/forge.ts';
import { readDefinitions, type TektonFolder } from './read-definitions.ts';

/** Most characters of the files whose objects are kept; the objects take many times as much. */
export const knownCharactersMax: number = 1024 * 1024;

interface Known {
  readonly folder: TektonFolder;
  readonly characters: number;
}

/** `.tekton` folders that were read lately: most commits leave theirs as it was. What is handed out is shared and frozen. */
export class KnownFolders {
  readonly #charactersMax: number;
  /** By a hash of paths and texts, in order of use. */
  readonly #known = new Map<string, Known>();
  #characters = 0;

  constructor(charactersMax: number = knownCharactersMax) {
    this.#charactersMax = charactersMax;
  }

  /** What `readDefinitions` says of the files. */
  read(files: readonly RepositoryFile[]): TektonFolder {
    const key = digestOf(files);
    const known = this.#known.get(key);
    this.#known.delete(key);
    const folder = known?.folder ?? readDefinitions(files);
    const characters = files.reduce((sum, { path, text }) => sum + path.length + text.length, 0);
    this.#known.set(key, { folder, characters });
    if (known === undefined) this.#characters += characters;
    this.#shrink();
    return folder;
  }

  #shrink(): void {
    for (const [key, { characters }] of this.#known) {
      if (this.#characters <= this.#charactersMax) return;
      this.#known.delete(key);
      this.#characters -= characters;
    }
  }
}

/** Lengths tell where one text ends and the next begins. */
function digestOf(files: readonly RepositoryFile[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of files) hash.update(`${path.length} ${text.length} ${path}${text}`);
  return hash.digest('base64');
}
