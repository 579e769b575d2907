import type { ApiClient } from '../client/api-client.ts';
import { ApiStatusError, isApiError, type StatusReason } from '../kube/api-error.ts';
import { controllerOf, keyOf, keyText, type KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** A child that exists and is ours, or why it cannot be made: in the API's own words, ready for a status. */
export type Adoption<T> =
  | { readonly ok: true; readonly object: T; readonly created: boolean }
  | { readonly ok: false; readonly message: string; readonly quota: boolean };

/** Answers that the same request will get again until somebody changes something. */
const refusals: ReadonlySet<StatusReason> = new Set([
  'Invalid',
  'BadRequest',
  'Forbidden',
  'MethodNotAllowed',
  'RequestEntityTooLarge',
]);

/**
 * Creates `object`, which carries its deterministic name and its controller; if the name is taken, adopts what is there
 * when the same owner (by uid) controls it. So a create may be repeated after a crash, a lost answer or a stale cache.
 * Throws what may pass (overload, timeouts, lost connections); answers `ok: false` for what will not.
 */
export async function createOrAdopt<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  object: T,
): Promise<Adoption<T>> {
  try {
    return { ok: true, object: await client.create(type, object), created: true };
  } catch (thrown) {
    if (isApiError(thrown, 'AlreadyExists')) return adopt(client, type, object);
    if (isRefusal(thrown)) return refusalOf(type, object, thrown);
    throw thrown;
  }
}

/** Whether the API has refused for good, as far as the caller can tell. */
export function isRefusal(thrown: unknown): thrown is ApiStatusError {
  return thrown instanceof ApiStatusError && refusals.has(thrown.reason);
}

async function adopt<T extends KubeObject>(client: ApiClient, type: ResourceType<T>, object: T): Promise<Adoption<T>> {
  const existing = await client.get(type, keyOf(object));
  const owner = controllerOf(existing);
  if (owner !== undefined && owner.uid === controllerOf(object)?.uid)
    return { ok: true, object: existing, created: false };
  const whose = owner === undefined ? 'nobody' : `${owner.kind} "${owner.name}" (uid ${owner.uid})`;
  const what = `${type.kind} "${keyText(keyOf(object))}"`;
  const message = `cannot create ${what}: one of that name exists already and is controlled by ${whose}; delete or rename it`;
  return { ok: false, message, quota: false };
}

function refusalOf<T extends KubeObject>(type: ResourceType<T>, object: T, error: ApiStatusError): Adoption<T> {
  const message = `cannot create ${type.kind} "${keyText(keyOf(object))}": ${error.message}`;
  return { ok: false, message, quota: error.reason === 'Forbidden' && error.message.includes('exceeded quota') };
}
