/** Where a list goes on: opaque to clients. */
import { isJsonObject } from '../../base/json.ts';
import type { StoreKey } from '../../store/store.ts';
import { badRequest } from '../status-errors.ts';

/** The place behind the last key a page showed, in the state of the first page. */
export interface ListPosition {
  readonly revision: number;
  readonly after: StoreKey;
}

/** The `continue` of a list. */
export function continueToken({ revision, after }: ListPosition): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: revision, after })).toString('base64url');
}

/** Reads a `continue`; `prefix` is what its key must start with. Throws `BadRequest`. */
export function parseContinueToken(token: string, prefix: StoreKey): ListPosition {
  const value = decode(token);
  if (!isJsonObject(value) || value['v'] !== 1) throw badRequest('continue key is not valid: not one of this server');
  const { rv, after } = value;
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < 1 || typeof after !== 'string') {
    throw badRequest('continue key is not valid: incomplete');
  }
  if (!after.startsWith(prefix)) throw badRequest('continue key is not valid: it belongs to another list');
  return { revision: rv, after };
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
