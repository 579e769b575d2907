import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { dryRunParameter, fieldManagerParameter, fieldValidationParameter, isDryRun } from '../query-options.ts';
import { booleanParameter } from '../query-options.ts';
import { bodyOf } from '../request-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { badRequest } from '../status-errors.ts';
import type { PropagationPolicy } from '../write/deletion.ts';
import type { DeleteRequest } from '../write/delete-object.ts';
import type { WriteOptions } from '../write/write-options.ts';

/** The options of a write, from the query and the headers. */
export function writeOptionsOf({ user, request }: ResourceCall): WriteOptions {
  return {
    user,
    manager: fieldManagerParameter(request, user.name),
    dryRun: dryRunParameter(request.query),
    fieldValidation: fieldValidationParameter(request.query),
  };
}

/** How objects are deleted, from the body (`DeleteOptions`) and the query; the body wins. */
export function deletionOf(call: ResourceCall): Omit<DeleteRequest, 'kind' | 'key'> {
  const { query } = call.request;
  const body = optionsBody(call);
  const options = writeOptionsOf(call);
  const grace = graceOf(body['gracePeriodSeconds'], query['gracePeriodSeconds']);
  const propagation = propagationOf(body, query);
  const preconditions = preconditionsOf(body['preconditions']);
  return {
    options: { ...options, dryRun: options.dryRun || isDryRun(dryRunStages(body['dryRun'])) },
    ...(grace === undefined ? {} : { graceSeconds: grace }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}

function optionsBody({ request }: ResourceCall): JsonObject {
  const body = bodyOf(request);
  if (body === undefined || body === null) return {};
  if (!isJsonObject(body)) throw badRequest('the body of a delete must be DeleteOptions');
  const { kind } = body;
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be DeleteOptions, not ${JSON.stringify(kind)}`);
  }
  return body;
}

function graceOf(inBody: Json | undefined, inQuery: string | undefined): number | undefined {
  const value = inBody ?? (inQuery === undefined || inQuery === '' ? undefined : Number(inQuery));
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw badRequest(`gracePeriodSeconds must be a whole number, not ${JSON.stringify(inBody ?? inQuery)}`);
  }
  return value;
}

function propagationOf(body: JsonObject, query: Readonly<Record<string, string>>): PropagationPolicy | undefined {
  const policy = body['propagationPolicy'] ?? query['propagationPolicy'];
  const orphan = body['orphanDependents'] ?? (query['orphanDependents'] && booleanParameter(query, 'orphanDependents'));
  if (orphan !== undefined && orphan !== null && orphan !== '' && typeof orphan !== 'boolean') {
    throw badRequest(`orphanDependents must be true or false, not ${JSON.stringify(orphan)}`);
  }
  if (policy === undefined || policy === '') {
    return typeof orphan === 'boolean' ? (orphan ? 'Orphan' : 'Background') : undefined;
  }
  if (typeof orphan === 'boolean') throw badRequest('orphanDependents and propagationPolicy cannot both be set');
  if (policy === 'Orphan' || policy === 'Background' || policy === 'Foreground') return policy;
  throw badRequest(`propagationPolicy must be Orphan, Background or Foreground, not ${JSON.stringify(policy)}`);
}

/** A precondition that cannot be read is no reason to delete without it. */
function preconditionsOf(value: Json | undefined): DeleteRequest['preconditions'] {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw badRequest(`preconditions must be an object, not ${JSON.stringify(value)}`);
  const uid = preconditionOf(value, 'uid');
  const resourceVersion = preconditionOf(value, 'resourceVersion');
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

function preconditionOf(preconditions: JsonObject, member: string): string | undefined {
  const value = preconditions[member];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw badRequest(`preconditions.${member} must be a string, not ${JSON.stringify(value)}`);
}

/** `dryRun` of the body: whoever asked for a dry run in a way we cannot read does not want a wet one. */
function dryRunStages(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (isJsonList(value)) return value;
  throw badRequest(`dryRun must be a list, not ${JSON.stringify(value)}`);
}
