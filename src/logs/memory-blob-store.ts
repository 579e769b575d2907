import type { Clock } from '../base/clock.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';

/** A {@link BlobStore} in memory, with faults on demand: for tests. */
export class MemoryBlobStore implements BlobStore {
  readonly #clock: Clock;
  readonly #blobs = new Map<string, { readonly bytes: Uint8Array; readonly storedMs: number }>();
  /** Asked before every call: what it throws is how the call fails, with nothing done. */
  before: (call: string, key: string) => void = () => undefined;
  /** Asked after every call: what it throws loses the answer. */
  after: (call: string, key: string) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  create(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#call('create', key, () => {
      if (this.#blobs.has(key)) return false;
      this.#blobs.set(key, { bytes: bytes.slice(), storedMs: this.#clock.now() });
      return true;
    });
  }

  read(key: string): Promise<Uint8Array | undefined> {
    return this.#call('read', key, () => this.#blobs.get(key)?.bytes);
  }

  async *list(folder: string): AsyncIterable<BlobInfo> {
    const found = await this.#call('list', folder, () =>
      [...this.#blobs].filter(([key]) => folder === '' || key.startsWith(`${folder}/`)),
    );
    for (const [key, { bytes, storedMs }] of found.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      yield { key, bytes: bytes.length, storedMs };
    }
  }

  remove(key: string): Promise<void> {
    return this.#call('remove', key, () => {
      this.#blobs.delete(key);
    });
  }

  async #call<T>(call: string, key: string, action: () => T): Promise<T> {
    this.before(call, key);
    await Promise.resolve();
    const answer = action();
    this.after(call, key);
    return answer;
  }
}
