import type { CommitStatus } from '../forge/kinds/commit-status.ts';

/**
 * The version of each CommitStatus that this process wrote last. Nobody else writes while it leads: a cache that shows this
 * version shows the newest one, and the API need not be asked. Any other version may be older or newer, and says nothing.
 */
export class NewestWritten {
  readonly #versions = new Map<string, string>();

  /** Takes what the API answered to a write. */
  wrote({ metadata: { uid = '', resourceVersion = '' } }: CommitStatus): void {
    this.#versions.set(uid, resourceVersion);
  }

  isNewest({ metadata: { uid = '', resourceVersion } }: CommitStatus): boolean {
    return resourceVersion !== undefined && this.#versions.get(uid) === resourceVersion;
  }

  /** A CommitStatus is gone. */
  gone(uid: string): void {
    this.#versions.delete(uid);
  }
}
