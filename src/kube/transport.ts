import type { Json, JsonObject } from '../base/json.ts';

/** The verbs of HTTP that the Kubernetes API uses. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request to a Kubernetes API, without a socket. */
export interface ApiRequest {
  readonly method: HttpMethod;
  /** Decoded only as a whole path: segments are percent-encoded. `/apis/tekton.dev/v1/namespaces/a/taskruns/b/status`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. `content-type` matters for patches, `accept` for tables. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Text is undecoded (from a socket; of a binary media type, one character a byte); anything else is already decoded
   * and must not be changed by either side.
   */
  readonly body?: string | Json;
  /** Aborts the call and ends a watch or a followed log. */
  readonly signal?: AbortSignal;
}

/** One event of a watch stream. `ERROR` carries a `Status`, `BOOKMARK` an object with only a resourceVersion. */
export interface RawWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

/** What a response carries. Objects are shared and read-only. */
export type ApiResponseBody =
  | { readonly kind: 'json'; readonly value: JsonObject }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly contentType: string }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array>; readonly contentType: string }
  | { readonly kind: 'watch'; readonly events: AsyncIterable<RawWatchEvent> };

/** The answer to an {@link ApiRequest}. A status of 400 or more carries a Kubernetes `Status` as JSON. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ApiResponseBody;
}

/**
 * The way from a client to a Kubernetes API. The embedded API server *is* such a function; a real cluster is reached
 * through one that speaks HTTP. Rejects only when no answer came (connection lost, aborted): errors are answers.
 */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
