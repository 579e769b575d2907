/** What a {@link UserError} carries besides its message. */
export interface UserErrorOptions {
  /** Stable identifier in CAPITALS, listed in docs/errors.md. */
  readonly code: string;
  /** What the person can do about it; shown on a line of its own. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The person's input or environment is at fault: shown without a stack, with what to do. Exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly remedy: string | undefined;
  constructor(message: string, options: UserErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.remedy = options.remedy;
  }
}

/** Text of anything that was thrown, for logs and messages. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
