/** Thrown by a store that was closed. */
export class StoreClosedError extends Error {
  override readonly name = 'StoreClosedError';
  readonly code = 'STORE_CLOSED';
  constructor() {
    super('the store is closed');
  }
}

/**
 * Thrown by writes and by `durable` once the store could not reach its disk (full, or an I/O error; see `cause`).
 * It stays: what was written since the last commit has been taken back, reads go on, and the program must restart.
 */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
  readonly code = 'STORE_FAILED';
  constructor(file: string, reason: string, options: { cause: unknown }) {
    super(`the store cannot write to ${file}: ${reason}`, options);
  }
}
