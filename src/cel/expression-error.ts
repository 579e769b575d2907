/** Why an expression or a regular expression of a user cannot be used. */
export type ExpressionErrorCode =
  | 'REGEX_SYNTAX'
  | 'REGEX_TOO_LARGE'
  | 'CEL_SYNTAX'
  | 'CEL_TYPE'
  | 'CEL_TOO_LARGE'
  | 'CEL_EVALUATION'
  | 'CEL_TOO_COSTLY';

/** What an {@link ExpressionError} carries besides its message. */
export interface ExpressionErrorOptions {
  readonly code: ExpressionErrorCode;
  /** 0-based index into the source, in UTF-16 units. */
  readonly position?: number | undefined;
  readonly cause?: unknown;
}

/** What somebody wrote cannot be read or evaluated. The message is one line and names what and where. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code: ExpressionErrorCode;
  /** 0-based index into the source, in UTF-16 units; absent = it is about the whole. */
  readonly position: number | undefined;

  constructor(message: string, options: ExpressionErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.position = options.position;
  }
}
