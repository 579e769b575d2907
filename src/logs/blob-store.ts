/** What is stored under a key. */
export interface BlobInfo {
  readonly key: string;
  readonly bytes: number;
  /** When it was stored, in epoch milliseconds. */
  readonly storedMs: number;
}

/**
 * Named pieces of bytes that are written once: a directory, a bucket, a map in a test. Keys are segments of letters, digits,
 * `.`, `-` and `_`, joined by `/`. Every method rejects when the store cannot be reached; the caller tries again.
 */
export interface BlobStore {
  /**
   * Stores `bytes`, whole and for good when it resolves; false, and nothing is done, when the key is taken. After a
   * rejection the bytes may be there or not.
   */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** What is stored; `undefined` when there is nothing. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** What there is below `folder` (a key without its last segments), in the order of keys. */
  list(folder: string): AsyncIterable<BlobInfo>;
  /** Removes what is there; nothing is fine, too. */
  remove(key: string): Promise<void>;
}
