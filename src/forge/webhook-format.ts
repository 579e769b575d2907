import type { JsonObject } from '../base/json.ts';
import type { ForgeKind, GitEvent } from './git-event.ts';

/** A webhook as it came: header names in lower case. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a webhook says, or why there is nothing to do. */
export type Normalised =
  | { readonly ok: true; readonly events: readonly GitEvent[] }
  /** Well formed, and nothing we act upon: answered 200 with the reason. */
  | { readonly ok: false; readonly ignored: string };

/** Thrown by `normalise` when a payload is not what the host's documentation says: answered 400. */
export class WebhookPayloadError extends Error {
  override readonly name = 'WebhookPayloadError';
  readonly code = 'WEBHOOK_PAYLOAD';
  /** Path in the payload: `pull_request.head.sha`. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}

/** How one kind of Git host sends webhooks. Stateless. */
export interface WebhookFormat {
  readonly kind: ForgeKind;
  /** Whether the headers are those of this host. */
  recognises(headers: Readonly<Record<string, string>>): boolean;
  /**
   * The one of `secrets` that the request proves to know, compared in constant time; undefined = forged. Nothing of the
   * body has been parsed before this answers. Empty secrets never match.
   */
  verify(request: WebhookRequest, secrets: readonly string[]): string | undefined;
  /** The host's id of this delivery, the same when it is sent again; undefined = it sends none. */
  deliveryId(headers: Readonly<Record<string, string>>): string | undefined;
  /** The host's name for the event, for messages and metrics: `pull_request`. */
  eventName(headers: Readonly<Record<string, string>>): string;
  /** What the parsed payload says. Throws {@link WebhookPayloadError}. */
  normalise(headers: Readonly<Record<string, string>>, payload: JsonObject): Normalised;
}
