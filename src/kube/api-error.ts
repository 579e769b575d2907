import type { JsonObject } from '../base/json.ts';

/** The reasons of Kubernetes `metav1.Status` that we answer or understand. */
export type StatusReason =
  | 'Unknown'
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'ServerTimeout'
  | 'Timeout';

/** One cause in `status.details.causes`: which field is wrong and how. */
export interface StatusCause {
  /** `FieldValueRequired`, `FieldValueInvalid`, `FieldValueNotSupported`, `FieldValueDuplicate`, `FieldManagerConflict`, … */
  readonly reason: string;
  readonly message: string;
  /** JSON path, `spec.tasks[0].name`. */
  readonly field?: string;
}

/** `details` of a `Status`. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

const codeByReason: Readonly<Record<StatusReason, number>> = {
  Unknown: 500,
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
};

/** An answer of a Kubernetes API that is not a success: `metav1.Status` as an error. */
export class ApiStatusError extends Error {
  override readonly name = 'ApiStatusError';
  readonly code = 'API_STATUS';
  readonly reason: StatusReason;
  /** The HTTP status. */
  readonly status: number;
  readonly details: StatusDetails;

  constructor(reason: StatusReason, message: string, options: { details?: StatusDetails; status?: number } = {}) {
    super(message);
    this.reason = reason;
    this.status = options.status ?? codeByReason[reason];
    this.details = options.details ?? {};
  }

  /** The `Status` object that goes over the wire. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details as unknown as JsonObject,
      code: this.status,
    };
  }

  /** Reads a `Status` object; whatever it lacks is filled from the HTTP status. */
  static fromStatus(value: JsonObject, httpStatus: number): ApiStatusError {
    const reason = typeof value['reason'] === 'string' ? (value['reason'] as StatusReason) : reasonOfCode(httpStatus);
    const message = typeof value['message'] === 'string' ? value['message'] : `HTTP ${httpStatus}`;
    const details = (value['details'] ?? {}) as StatusDetails;
    return new ApiStatusError(reason, message, { details, status: httpStatus });
  }
}

function reasonOfCode(status: number): StatusReason {
  const found = Object.entries(codeByReason).find(([, code]) => code === status);
  return (found?.[0] as StatusReason | undefined) ?? 'Unknown';
}

/** Whether `thrown` is an API answer with this reason. */
export function isApiError(thrown: unknown, reason: StatusReason): thrown is ApiStatusError {
  return thrown instanceof ApiStatusError && thrown.reason === reason;
}

/** Whether a later identical call may succeed: overload, timeouts, internal errors, lost connections. */
export function isTransientApiError(thrown: unknown): boolean {
  if (!(thrown instanceof ApiStatusError)) return true;
  return thrown.status === 429 || thrown.status >= 500;
}

/** How long the API asked to wait before the call is made again, in milliseconds, at most `limitMs`; 0 when it did not ask. */
export function retryAfterMs(thrown: unknown, limitMs: number): number {
  const seconds = thrown instanceof ApiStatusError ? thrown.details.retryAfterSeconds : undefined;
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds * 1000, limitMs) : 0;
}
