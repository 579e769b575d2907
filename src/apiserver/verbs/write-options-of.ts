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
  const stages = body['dryRun'];
  const options = writeOptionsOf(call);
  const grace = graceOf(body['gracePeriodSeconds'], query['gracePeriodSeconds']);
  const propagation = propagationOf(body, query);
  const preconditions = preconditionsOf(body['preconditions']);
  return {
    options: { ...options, dryRun: options.dryRun || isDryRun(isJsonList(stages) ? stages : []) },
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
  if (policy === undefined || policy === '') {
    return typeof orphan === 'boolean' ? (orphan ? 'Orphan' : 'Background') : undefined;
  }
  if (typeof orphan === 'boolean') throw badRequest('orphanDependents and propagationPolicy cannot both be set');
  if (policy === 'Orphan' || policy === 'Background' || policy === 'Foreground') return policy;
  throw badRequest(`propagationPolicy must be Orphan, Background or Foreground, not ${JSON.stringify(policy)}`);
}

function preconditionsOf(value: Json | undefined): DeleteRequest['preconditions'] {
  if (!isJsonObject(value)) return undefined;
  const { uid, resourceVersion } = value;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
