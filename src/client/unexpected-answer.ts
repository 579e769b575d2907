/** Thrown when an API answered with success but not with what was asked for: a broken proxy, or no Kubernetes API at all. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
  readonly code = 'CLIENT_UNEXPECTED_ANSWER';

  /** `asked` is the method and path; `got` says what came instead. */
  constructor(asked: string, got: string) {
    super(`${asked}: expected an answer of the Kubernetes API, got ${got}`);
  }
}
