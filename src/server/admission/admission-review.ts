/** `AdmissionReview` of admission.k8s.io/v1: what an API server asks a webhook, and what it is answered. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { DiffOperation } from '../../kube/json-diff.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { UserInfo } from '../../kube/user.ts';

/** The question of an API server, decoded. Objects are shared: read-only. */
export interface Review {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly key: ObjectKey;
  /** Absent on DELETE. */
  readonly object?: JsonObject;
  /** Absent on CREATE. */
  readonly oldObject?: JsonObject;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

/** What became of a question. */
export interface Verdict {
  /** The refusal; absent when the write may go on. */
  readonly refusal?: ApiStatusError;
  /** Changes to make to the object first. */
  readonly patch?: readonly DiffOperation[];
  /** For the person who writes. */
  readonly warnings?: readonly string[];
}

const apiVersion = 'admission.k8s.io/v1';
const operations: readonly unknown[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** Reads an AdmissionReview. Throws `BadRequest` that names the member which is missing or of another type. */
export function decodeReview(body: unknown): Review {
  if (!isJsonObject(body) || body['kind'] !== 'AdmissionReview' || body['apiVersion'] !== apiVersion) {
    throw bad(`the body is no AdmissionReview of ${apiVersion}`);
  }
  const request = objectIn(body, 'request', '');
  const operation = request['operation'];
  if (!operations.includes(operation)) throw bad('request.operation is none of CREATE, UPDATE, DELETE and CONNECT');
  const object = optionalObject(request, 'object');
  const oldObject = optionalObject(request, 'oldObject');
  if (operation === 'CREATE' && object === undefined) throw bad('request.object is missing');
  if (operation === 'UPDATE' && (object === undefined || oldObject === undefined)) {
    throw bad('request.object and request.oldObject must both be there for an UPDATE');
  }
  return {
    uid: textIn(request, 'uid'),
    operation: operation as Review['operation'],
    resource: resourceOf(objectIn(request, 'resource', 'request.')),
    subresource: textIn(request, 'subResource', ''),
    key: keyOf(request, object ?? oldObject),
    ...(object === undefined ? {} : { object }),
    ...(operation === 'CREATE' || oldObject === undefined ? {} : { oldObject }),
    user: userOf(objectIn(request, 'userInfo', 'request.')),
    dryRun: request['dryRun'] === true,
  };
}

/** The AdmissionReview that answers the question `uid`. */
export function encodeReview(uid: string, { refusal, patch = [], warnings = [] }: Verdict): JsonObject {
  const changes = patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: base64(JSON.stringify(patch)) };
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: refusal === undefined,
      ...(refusal === undefined ? changes : { status: refusal.toStatus() }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  };
}

function resourceOf(resource: JsonObject): Review['resource'] {
  return {
    group: textIn(resource, 'group', ''),
    version: textIn(resource, 'version'),
    resource: textIn(resource, 'resource'),
  };
}

/** The name may be known only to the object, or to nobody yet while one is generated. */
function keyOf(request: JsonObject, object: JsonObject | undefined): ObjectKey {
  const metadata = object?.['metadata'];
  const ofObject = isJsonObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
  return { namespace: textIn(request, 'namespace', ''), name: textIn(request, 'name', '') || ofObject };
}

function userOf(user: JsonObject): UserInfo {
  const uid = textIn(user, 'uid', '');
  const groups = user['groups'];
  return {
    name: textIn(user, 'username', ''),
    ...(uid === '' ? {} : { uid }),
    groups: Array.isArray(groups) ? (groups as readonly Json[]).filter((group) => typeof group === 'string') : [],
  };
}

function optionalObject(parent: JsonObject, member: string): JsonObject | undefined {
  const value = parent[member];
  if (value === undefined || value === null) return undefined;
  const object = objectIn(parent, member, 'request.');
  // The rules read the metadata of what they judge.
  objectIn(object, 'metadata', `request.${member}.`);
  return object;
}

function objectIn(parent: JsonObject, member: string, path: string): JsonObject {
  const value = parent[member];
  if (isJsonObject(value)) return value;
  throw bad(`${path}${member} is ${value === undefined ? 'missing' : 'no object'}`);
}

function textIn(parent: JsonObject, member: string, otherwise?: string): string {
  const value = parent[member] ?? otherwise;
  if (typeof value === 'string') return value;
  throw bad(`${member} is ${value === undefined ? 'missing' : 'no text'}`);
}

function bad(message: string): ApiStatusError {
  return new ApiStatusError('BadRequest', message);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
