/** What went wrong on the way: the code of a {@link ConnectionError}. */
export type ConnectionErrorCode =
  /** Refused, reset, TLS not trusted, ended in the middle. */
  | 'NET_CONNECTION'
  /** No answer, or no whole answer, in time. */
  | 'NET_TIMEOUT'
  /** More bytes than we are ready to hold. */
  | 'NET_TOO_LARGE'
  /** An answer that no Kubernetes API gives: a redirect, a login page, broken JSON. */
  | 'NET_BAD_ANSWER'
  /** A network that must not be reached, as nobody in charge named the host. */
  | 'NET_ADDRESS_REFUSED'
  /** A redirect that is not followed. */
  | 'NET_REDIRECT';

/** No usable answer came. The request may have been carried out all the same. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ConnectionErrorCode;

  constructor(code: ConnectionErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
