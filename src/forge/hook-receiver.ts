import type { JsonObject } from '../base/json.ts';

/** A request that came in over HTTP for the inbox. Header names are in lower case. */
export interface HookCall {
  /** Without the query: `/hooks/github`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether the address had a query. What it said is not passed on: it may hold a secret. */
  readonly hasQuery: boolean;
}

/** What is answered. */
export interface HookAnswer {
  readonly status: number;
  /** `status` and `message`, as Pipelines-as-Code answers, and more. */
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who takes what hosts send: the inbox of `triggers`. `server` puts it on sockets without knowing it. */
export interface HookReceiver {
  /** Whether there is something at this path. */
  accepts(path: string): boolean;
  /** Never rejects. */
  receive(call: HookCall): Promise<HookAnswer>;
  /** Told of what was refused before it was read: too large, too slow. */
  refused(path: string, status: number): void;
}
