/** Most bytes of one document of the network. */
export const remoteDocumentBytesMax: number = 1024 * 1024;

/** A document of the network cannot be had. */
export class RemoteFetchError extends Error {
  override readonly name = 'RemoteFetchError';
  readonly code = 'REMOTE_FETCH';
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly passing: boolean;

  constructor(message: string, details: { readonly passing: boolean; readonly cause?: unknown }) {
    super(message, { cause: details.cause });
    this.passing = details.passing;
  }
}

/**
 * Reads documents by address, without any credential. Whoever implements it refuses hosts that are not allowed, and
 * addresses and redirects that lead into private networks.
 */
export interface RemoteFetcher {
  /** The text at `url`; undefined = there is none. Throws {@link RemoteFetchError}. */
  fetchText(url: string, bytesMax: number): Promise<string | undefined>;
}
