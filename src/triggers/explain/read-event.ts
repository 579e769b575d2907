import { UserError } from '../../base/errors.ts';
import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { DeliverySpec } from '../../forge/kinds/delivery.ts';
import { type WebhookSender, guessHeaders } from '../../forge/guess-headers.ts';
import { type WebhookFormat, WebhookPayloadError } from '../../forge/webhook-format.ts';

/** Most bytes of a file with an event: what a webhook may have. */
export const eventBytesMax: number = 25 * 1024 * 1024;

/** An event that a person wants explained. */
export interface WrittenEvent {
  /** Text of the file, and its name for messages. */
  readonly text: string;
  readonly file: string;
  /** Text of a file of headers: `Name: value` a line, or a JSON object. */
  readonly headers?: string;
  readonly sender?: WebhookSender;
}

/** What a file says that happened. */
export interface ReadEvent {
  /** Empty = nothing that Penstock acts upon, and `ignored` says why. */
  readonly events: readonly GitEvent[];
  readonly ignored?: string;
  readonly body: Json;
  /** The Delivery it was stored in: then the body is in there. */
  readonly delivery?: DeliverySpec;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads an event from a file: the body of a webhook, with its headers or without (then they are guessed from the body), or
 * an event in Penstock's own words, alone or in a Delivery. Throws `UserError`.
 */
export function readEvent(written: WrittenEvent, formats: readonly WebhookFormat[]): ReadEvent {
  const body = parsedBody(written);
  const stored = storedEvents(body);
  if (stored !== undefined) return stored;
  const own = ownEvent(body);
  if (own !== undefined) return { events: [own], body: null, headers: headersOf(written.headers) };
  const given = headersOf(written.headers);
  const headers = formats.some((format) => format.recognises(given)) ? given : { ...given, ...guessed(written, body) };
  const format = formats.find((one) => one.recognises(headers));
  if (format === undefined) throw unknownSender(written);
  try {
    const normalised = format.normalise(headers, body);
    if (normalised.ok) return { events: normalised.events, body, headers };
    return { events: [], ignored: normalised.ignored, body, headers };
  } catch (thrown) {
    if (!(thrown instanceof WebhookPayloadError)) throw thrown;
    throw new UserError(`${written.file} is not a webhook of ${format.kind}: ${thrown.message}`, {
      code: 'MATCH_EVENT',
    });
  }
}

function parsedBody({ text, file }: WrittenEvent): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    const message = `${file} is not JSON: ${thrown instanceof Error ? thrown.message : ''}`;
    throw new UserError(message, { code: 'MATCH_EVENT', cause: thrown });
  }
  if (!isJsonObject(parsed)) throw new UserError(`${file} holds no JSON object`, { code: 'MATCH_EVENT' });
  return parsed;
}

/** What a Delivery holds, as `penstock delivery show -o json` and kubectl print it. */
function storedEvents({ kind, spec }: JsonObject): ReadEvent | undefined {
  if (kind !== 'Delivery' || !isJsonObject(spec) || !isJsonList(spec['events'])) return undefined;
  const delivery = spec as unknown as DeliverySpec;
  return { events: delivery.events, body: null, delivery, headers: delivery.headers };
}

/** The body as an event of ours: it says what no host's webhook says. */
function ownEvent(body: JsonObject): GitEvent | undefined {
  const { trigger, forge, eventType, project, actor } = body;
  if (typeof trigger !== 'string' || typeof forge !== 'string' || typeof eventType !== 'string') return undefined;
  if (!isJsonObject(project) || typeof project['url'] !== 'string' || !isJsonObject(actor)) return undefined;
  return body as unknown as GitEvent;
}

function guessed(written: WrittenEvent, body: JsonObject): Readonly<Record<string, string>> {
  const headers = guessHeaders(body, written.sender);
  if (headers === undefined) throw unknownSender(written);
  return headers;
}

function unknownSender({ file, sender }: WrittenEvent): UserError {
  const of = sender === undefined ? 'of no Git host that is known' : `no event of ${sender} that is known`;
  return new UserError(`${file} is the webhook ${of}`, {
    code: 'MATCH_EVENT',
    remedy: 'name the host with --provider, or give the headers it came with: --headers FILE',
  });
}

function headersOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  const entries = text.trimStart().startsWith('{') ? jsonHeaders(text) : lineHeaders(text);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

function jsonHeaders(text: string): readonly (readonly [string, string])[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new UserError('the file of headers is neither lines nor JSON', { code: 'MATCH_EVENT', cause: thrown });
  }
  return Object.entries(isJsonObject(parsed) ? parsed : {}).flatMap(([name, value]) => {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? [[name, first] as const] : [];
  });
}

function lineHeaders(text: string): readonly (readonly [string, string])[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 ? [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const] : [];
  });
}
