import { toRfc3339 } from '../../base/clock.ts';
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { jsonPatch } from '../../kube/json-patch.ts';
import { mergePatch } from '../../kube/merge-patch.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { applySchema } from '../../schema/apply-schema.ts';
import { canonicalKeys } from '../../schema/canonical-keys.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { patchTypes } from '../../schema/openapi/operations.ts';
import { strategicMerge } from '../../schema/strategic-merge.ts';
import { applyObject } from '../apply/apply.ts';
import { booleanParameter } from '../query-options.ts';
import { bodyOf, mediaTypeOf, objectBody } from '../request-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ServerParts } from '../server-parts.ts';
import { badRequest, notFound } from '../status-errors.ts';
import { createObject } from '../write/create-object.ts';
import { refuseOtherKind, reportUnknownFields } from '../write/judge-write.ts';
import { readObject } from '../write/stored-objects.ts';
import { updateObject } from '../write/update-object.ts';
import type { WantedObject } from '../write/update-object.ts';
import type { WriteOptions, WriteResult } from '../write/write-options.ts';
import { duplicateWarnings, withWarnings } from './field-warnings.ts';
import { writeOptionsOf } from './write-options-of.ts';

const applyType = 'application/apply-patch+yaml';

/** Carries out a PATCH of any kind. */
export function patchObject(parts: ServerParts, call: ResourceCall): WriteResult {
  const type = mediaTypeOf(call.request);
  const accepted = patchTypes(call.kind);
  if (!accepted.includes(type)) {
    const list = accepted.join(', ');
    const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
    throw new ApiStatusError('UnsupportedMediaType', message);
  }
  if (type === applyType) return apply(parts, call);
  if (call.request.query['force'] !== undefined) throw badRequest('force is forbidden for patches other than apply');
  const body = bodyOf(call.request);
  if (body === undefined) throw badRequest('a patch must have a body');
  const { kind, key, subresource } = call;
  const options = writeOptionsOf(call);
  const warnings = duplicateWarnings(call, options);
  const change = (current: UnknownObject): WantedObject => ({ object: patched(kind, type, current, body) });
  return withWarnings(updateObject(parts, { kind, key, subresource, options, change }), warnings);
}

function patched(kind: KindDefinition, type: string, current: UnknownObject, patch: Json): UnknownObject {
  const value = patchedValue(kind, type, current as unknown as JsonObject, patch);
  if (!isJsonObject(value) || !isJsonObject(value['metadata'])) {
    throw badRequest('the patch must leave an object with metadata');
  }
  return value as unknown as UnknownObject;
}

function patchedValue(kind: KindDefinition, type: string, current: JsonObject, patch: Json): Json {
  if (type === 'application/json-patch+json') return jsonPatch(current, patch);
  if (!isJsonObject(patch)) throw badRequest('the patch must be an object');
  return type === 'application/merge-patch+json'
    ? mergePatch(current, patch)
    : strategicMerge(kind.schema, current, patch);
}

/** Server-side apply: creates the object when there is none. */
function apply(parts: ServerParts, call: ResourceCall): WriteResult {
  const { kind, key, subresource, request } = call;
  const options: WriteOptions = { ...writeOptionsOf(call), manager: request.query['fieldManager'] ?? '' };
  const warnings = duplicateWarnings(call, options);
  const applied = appliedObject(call);
  const force = booleanParameter(request.query, 'force');
  const base = { schema: kind.schema, hasStatus: kind.subresources.status === true, manager: options.manager };
  const merge = (live: UnknownObject | undefined): UnknownObject =>
    applyObject({ ...base, live, applied, force, subresource, time: toRfc3339(parts.clock.now()) });
  const existing = readObject(parts.store, kind, key);
  if (existing === undefined) {
    if (subresource !== '' || applied.metadata.uid) throw notFound(kind.type, key.name);
    return withWarnings(createApplied(parts, call, merge(undefined), options), warnings);
  }
  const result = updateObject(parts, {
    kind,
    key,
    subresource,
    options,
    change: (current) => {
      const merged = merge(current);
      const { managedFields = [], ...metadata } = merged.metadata;
      return { object: { ...merged, metadata }, managedFields };
    },
  });
  return withWarnings(result, warnings);
}

function createApplied(
  parts: ServerParts,
  { kind, key }: ResourceCall,
  merged: UnknownObject,
  options: WriteOptions,
): WriteResult {
  const { managedFields = [], ...metadata } = merged.metadata;
  const written = { ...merged, metadata };
  return createObject(parts, { kind, written, namespace: key.namespace, options, managedFields });
}

/** What is applied. Members that no schema knows are refused whatever `fieldValidation` says: nobody could own those. */
function appliedObject(call: ResourceCall): UnknownObject {
  const { kind, key, request } = call;
  const written = objectBody(request);
  refuseOtherKind(kind, written);
  const { name, namespace } = written.metadata;
  if (name !== undefined && name !== key.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${key.name})`);
  }
  if (namespace && namespace !== key.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const named = { ...written, metadata: { ...written.metadata, name: key.name } } as UnknownObject;
  const spelt = kind.foldsKeys ? canonicalKeys(kind.schema, named) : named;
  const nulls = kind.decoding === 'go' ? 'typed' : 'all';
  const pruned = applySchema(kind.schema, spelt, { prune: true, nulls });
  reportUnknownFields(kind, pruned.unknownFields, { fieldValidation: 'Strict' }, []);
  return pruned.value;
}
