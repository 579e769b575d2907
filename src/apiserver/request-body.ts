/** Bodies of requests: already decoded in process, text from a socket. */
import { errorText } from '../base/errors.ts';
import { isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { UnknownObject } from '../kube/object.ts';
import { apiVersionOf } from '../kube/resource.ts';
import type { ApiRequest } from '../kube/transport.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { decodeProtobufObject, protobufType } from './protobuf/decode-object.ts';
import { duplicateFields } from './duplicate-fields.ts';
import { badRequest } from './status-errors.ts';

/** Most bytes of a request body, as in Kubernetes. */
export const requestBytesMax: number = 3 * 1024 * 1024;

/** How deep a body may nest: beyond this nothing we serve could be valid. */
const bodyDepthMax = 200;

/** The body as JSON; undefined when there is none. Throws `BadRequest` for what cannot be read. */
export function bodyOf(request: ApiRequest): Json | undefined {
  const { body } = request;
  if (typeof body !== 'string') return body;
  if (body === '') return undefined;
  if (body.length > requestBytesMax) {
    throw new ApiStatusError('RequestEntityTooLarge', `Request entity too large: limit is ${requestBytesMax}`);
  }
  const value = decode(mediaTypeOf(request), body);
  refuseTooDeep(value);
  return value;
}

function decode(type: string, body: string): Json {
  if (type === protobufType) return decodeProtobufObject(Buffer.from(body, 'latin1'));
  refuseUnreadableType(type);
  return isJsonText(type, body) ? fromJson(body) : fromYaml(body);
}

/** Members that a JSON body has twice; the last of each is what {@link bodyOf} reads. YAML that does so is refused there. */
export function duplicatesInBody(request: ApiRequest): readonly string[] {
  const { body } = request;
  return typeof body === 'string' && body !== '' && isJsonText(mediaTypeOf(request), body) ? duplicateFields(body) : [];
}

function isJsonText(type: string, body: string): boolean {
  return type !== protobufType && (!type.includes('yaml') || /^\s*[[{]/.test(body));
}

/** The media type of the body, without parameters; JSON when the header is absent. */
export function mediaTypeOf({ headers }: ApiRequest): string {
  return (headers['content-type'] ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function refuseUnreadableType(type: string): void {
  if (/[/+](?:json|yaml)$/.test(type)) return;
  throw new ApiStatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
  );
}

function fromJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (thrown) {
    throw badRequest(`the body is not JSON: ${errorText(thrown)}`);
  }
}

function fromYaml(text: string): Json {
  const { documents, diagnostics } = parseYaml(text, 'body');
  const [problem] = diagnostics;
  if (problem) throw badRequest(`the body is not YAML: ${problem.message}`);
  const [document, second] = documents;
  if (document === undefined || second !== undefined) throw badRequest('the body must be one YAML document');
  return document.value;
}

/** Without recursion: this is what keeps everything after it safe to recurse. */
function refuseTooDeep(value: Json): void {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bodyDepthMax) throw badRequest(`the body is nested deeper than ${bodyDepthMax} levels`);
    const next: Json[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const member of Object.values(item)) if (typeof member === 'object' && member !== null) next.push(member);
    }
    level = next;
  }
}

/** The body as an object of the API, as far as its outside goes. Throws `BadRequest`. */
export function objectBody(request: ApiRequest): UnknownObject {
  const value = bodyOf(request);
  if (!isJsonObject(value)) throw badRequest('the body must be an object');
  const { metadata } = value;
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) {
    throw badRequest('metadata in the body must be an object');
  }
  const object = metadata ? value : { ...value, metadata: {} };
  refuseOddMetadata(object['metadata'] as JsonObject);
  return object as unknown as UnknownObject;
}

const textMembers = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const;

/** The object with the kind and version of the endpoint when it names none, as Kubernetes reads its core kinds. */
export function withKind({ type, strategicMerge }: KindDefinition, object: Partial<UnknownObject>): UnknownObject {
  const complete = object as UnknownObject;
  if (strategicMerge === undefined || (object.kind !== undefined && object.apiVersion !== undefined)) return complete;
  return { ...complete, kind: object.kind ?? type.kind, apiVersion: object.apiVersion ?? apiVersionOf(type) };
}

/** What the verbs look at before the schema is asked. */
function refuseOddMetadata(metadata: JsonObject): void {
  for (const member of textMembers) {
    const value = metadata[member];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw badRequest(`metadata.${member} in the body must be a string`);
    }
  }
}
