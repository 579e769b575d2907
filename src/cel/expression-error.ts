/** Why an expression or a regular expression of a user cannot be used. */
export type ExpressionErrorCode =
  | 'REGEX_SYNTAX'
  | 'REGEX_TOO_LARGE'
  | 'CEL_SYNTAX'
  | 'CEL_TYPE'
  | 'CEL_TOO_LARGE'
  | 'CEL_EVALUATION'
  | 'CEL_TOO_COSTLY';

/** What somebody wrote cannot be read or evaluated. The message names what and where; it never spans lines. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code: ExpressionErrorCode;
  /** 0-based index into the source, in UTF-16 units; absent = it is about the whole. */
  readonly position: number | undefined;

  constructor(
    code: ExpressionErrorCode,
    message: string,
    details: { readonly position?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.position = details.position;
  }
}
