/** GitHub's own description of its API, as a judge of what is sent and answered. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { isJsonList, isJsonObject, type JsonObject } from '../../../../src/base/json.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';

/** Installed by `npm ci --prefix test/published`: it is too large for everybody. */
const descriptionPath = join(
  import.meta.dirname,
  '../../../published/node_modules/@octokit/openapi/generated/api.github.com.json',
);

/** Why nothing is compared with the published description; undefined = it is. */
export const descriptionMissing: string | undefined = existsSync(descriptionPath)
  ? undefined
  : 'the published description is not here: npm ci --prefix test/published';

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly operation: JsonObject;
  readonly parameters: readonly JsonObject[];
}

/** Judges calls. `path` is below the base of the API. */
export interface PublishedApi {
  /** What the description does not allow about the call and its answer. */
  violationsOf(request: HostRequest, path: string, answer: HostAnswer): readonly string[];
}

let loaded: PublishedApi | undefined;

/** undefined when the description is not installed. */
export function publishedApi(): PublishedApi | undefined {
  if (descriptionMissing !== undefined) return undefined;
  loaded ??= judgeOf(JSON.parse(readFileSync(descriptionPath, 'utf8'), withNull) as JsonObject);
  return loaded;
}

/** What OpenAPI 3.0 says with `nullable`, JSON Schema says with a type or value of its own. */
function withNull(_key: string, value: unknown): unknown {
  if (!isJsonObject(value) || value['nullable'] !== true) return value;
  const { nullable, ...rest } = value;
  if (value['type'] === undefined) return { anyOf: [rest, { type: 'null' }] };
  if (!isJsonList(value['enum'])) return value;
  return { ...rest, nullable, enum: [...new Set([...value['enum'], null])] };
}

function judgeOf(description: JsonObject): PublishedApi {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  formats.default(ajv);
  // Template addresses ({/sha}) are announced as addresses, which they are not quite.
  ajv.addFormat('uri', (text) => URL.canParse(text.replaceAll(/\{[^}]*\}/g, '')));
  ajv.addFormat('int64', true);
  ajv.addSchema({ $id: 'github', components: description['components'] });
  const operations = operationsOf(description);
  const compiled = new Map<string, ValidateFunction>();
  const check = (name: string, schema: unknown, value: unknown): readonly string[] => {
    const validate = compiled.get(name) ?? ajv.compile(withRefs(schema) as JsonObject);
    compiled.set(name, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${name}: ${instancePath} ${message ?? ''}`);
  };
  return {
    violationsOf(request, path, answer) {
      const found = operations.find((operation) => operation.method === request.method && operation.path.test(path));
      if (found === undefined) return [`${request.method} ${path}: the description has no such call`];
      return [...requestProblems(found, request, check), ...answerProblems(found, answer, description, check)];
    },
  };
}

type Check = (name: string, schema: unknown, value: unknown) => readonly string[];

function requestProblems(found: Operation, request: HostRequest, check: Check): readonly string[] {
  const known = new Map(found.parameters.filter((each) => each['in'] === 'query').map((each) => [each['name'], each]));
  const query = [...request.query].flatMap(([name, text]) => {
    const parameter = known.get(name);
    if (parameter === undefined) return [`${found.name}: there is no parameter ${name}`];
    const schema = parameter['schema'];
    const isNumber = isJsonObject(schema) && schema['type'] === 'integer';
    return check(`${found.name} ?${name}`, schema, isNumber ? Number(text) : text);
  });
  const content = mediaOf(found.operation['requestBody']);
  const body = content === undefined ? [] : check(`${found.name} body`, content, request.json ?? {});
  const unasked = content === undefined && request.body.length > 0 ? [`${found.name}: takes no body`] : [];
  return [...query, ...body, ...unasked];
}

function answerProblems(
  found: Operation,
  answer: HostAnswer,
  description: JsonObject,
  check: Check,
): readonly string[] {
  const responses = found.operation['responses'];
  const response = isJsonObject(responses) ? responses[String(answer.status)] : undefined;
  if (response === undefined) {
    // Refusals that may meet any call are not listed at each.
    const general = [401, 403, 404, 422, 429].includes(answer.status) || answer.status >= 500;
    return general ? [] : [`${found.name}: an answer with status ${answer.status} is not described`];
  }
  const content = mediaOf(resolved(response, description));
  return content === undefined ? [] : check(`${found.name} ${answer.status}`, content, answer.json);
}

function mediaOf(holder: unknown): unknown {
  const content = isJsonObject(holder) ? holder['content'] : undefined;
  const media = isJsonObject(content) ? content['application/json'] : undefined;
  return isJsonObject(media) ? media['schema'] : undefined;
}

function operationsOf(description: JsonObject): readonly Operation[] {
  const paths = isJsonObject(description['paths']) ? description['paths'] : {};
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(isJsonObject(item) ? item : {}).flatMap(([method, operation]) =>
      isJsonObject(operation) ? [operationOf(path, method, operation, description)] : [],
    ),
  );
  // Paths with fewer variables are more precise.
  return all.toSorted((a, b) => a.name.split('{').length - b.name.split('{').length);
}

function operationOf(path: string, method: string, operation: JsonObject, description: JsonObject): Operation {
  const parameters = isJsonList(operation['parameters']) ? operation['parameters'] : [];
  const pattern = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+');
  return {
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path: new RegExp(`^${pattern}$`),
    operation,
    parameters: parameters.map((each) => resolved(each, description)).filter(isJsonObject),
  };
}

/** What a reference stands for. */
function resolved(value: unknown, description: JsonObject): unknown {
  const reference = isJsonObject(value) ? value['$ref'] : undefined;
  if (typeof reference !== 'string') return value;
  return reference
    .split('/')
    .slice(1)
    .reduce<unknown>((holder, key) => (isJsonObject(holder) ? holder[key] : undefined), description);
}

/** References lead into the description that was added whole. */
function withRefs(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"github#/')) as unknown;
}
