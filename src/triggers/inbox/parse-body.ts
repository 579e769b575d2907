import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { WebhookPayloadError } from '../../forge/webhook-format.ts';

/** Deepest nesting of a payload. Hosts stay below 20; who reads it may recurse. */
export const payloadDepthMax = 100;

/**
 * The object that a body holds: JSON, or the field `payload` of a form, as GitHub sends it when it is told to. Throws
 * {@link WebhookPayloadError} with what is wrong.
 */
export function parseBody(body: Uint8Array, contentType: string | undefined): JsonObject {
  const text = decode(body);
  const isForm = contentType?.trim().toLowerCase().startsWith('application/x-www-form-urlencoded') ?? false;
  const json = isForm ? new URLSearchParams(text).get('payload') : text;
  if (json === null) throw new WebhookPayloadError('payload', 'is missing from the form');
  const value = parse(json);
  if (!isJsonObject(value)) throw new WebhookPayloadError('body', 'is not a JSON object');
  if (isDeeperThan(value, payloadDepthMax)) {
    throw new WebhookPayloadError('body', `nests deeper than ${payloadDepthMax} levels`);
  }
  return value;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new WebhookPayloadError('body', 'is not UTF-8 text');
  }
}

/** The parser's own message may quote the body, which may hold what is nobody else's business. */
function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    const problem = text.trim() === '' ? 'is empty' : `is not JSON, or was cut off (${text.length} characters came)`;
    throw new WebhookPayloadError('body', problem);
  }
}

function isDeeperThan(value: Json | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}
