/** What the API server fills into core kinds other than pods. */
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';

/** Moves `stringData` into `data` as base64 and names the type `Opaque` when there is none. */
export function completeSecret(secret: UnknownObject): UnknownObject {
  const { stringData, ...rest } = secret;
  const typed = { ...rest, type: rest['type'] ?? 'Opaque' } as UnknownObject;
  if (!isJsonObject(stringData)) return typed;
  const moved = Object.entries(stringData).map(([key, value]): [string, Json] => [key, base64(String(value))]);
  const data: JsonObject = { ...(isJsonObject(rest['data']) ? rest['data'] : {}), ...Object.fromEntries(moved) };
  return { ...typed, data };
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The label every namespace carries so that selectors can name it. */
export function completeNamespace(namespace: UnknownObject): UnknownObject {
  const { name } = namespace.metadata;
  if (name === undefined) return namespace;
  const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name };
  return { ...namespace, metadata: { ...namespace.metadata, labels } };
}

/** A new namespace is active and keeps itself until its content is gone. */
export function initializeNamespace(namespace: UnknownObject): UnknownObject {
  return { ...namespace, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
}

/** A new claim waits for its volume. */
export function initializeClaim(claim: UnknownObject): UnknownObject {
  return { ...claim, status: { phase: 'Pending' } };
}
