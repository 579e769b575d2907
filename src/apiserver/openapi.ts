import { createHash } from 'node:crypto';
import type { JsonObject } from '../base/json.ts';
import { stableJson } from '../base/json.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { openApiV2Protobuf, openApiV2ProtobufType } from '../schema/openapi/openapi-v2-protobuf.ts';
import { openApiV2Document } from '../schema/openapi/openapi-v2.ts';
import { openApiV3Document, openApiV3Path } from '../schema/openapi/openapi-v3.ts';

/** Seconds a client may keep a document whose address names its content. */
const immutableSeconds = 365 * 86_400;

interface Document {
  readonly value: JsonObject;
  readonly hash: string;
}

/**
 * Answers `/openapi/v2` and `/openapi/v3`: documents are made from the kinds when somebody asks, and kept until the list
 * of kinds is another one.
 */
export class OpenApiEndpoint {
  readonly #kinds: () => readonly KindDefinition[];
  #madeFrom: readonly KindDefinition[] | undefined;
  #version2: JsonObject | undefined;
  #version3: ReadonlyMap<string, Document> | undefined;

  /** `kinds` gives what is served now: the same list as long as nothing changed, a new one after a CRD came or went. */
  constructor(kinds: () => readonly KindDefinition[]) {
    this.#kinds = kinds;
  }

  /** The answer to a `GET` of an OpenAPI path; undefined for any other path, and for a group that is not served. */
  respond(request: ApiRequest): ApiResponse | undefined {
    if (!request.path.startsWith('/openapi/')) return undefined;
    this.#forgetOld();
    const path = request.path.replace(/\/$/, '');
    if (path === '/openapi/v2') return this.#answerVersion2(request);
    if (path === '/openapi/v3') return json(this.#index());
    const document = this.#documents().get(path.replace('/openapi/v3/', ''));
    return document && answerVersion3(document, request);
  }

  #forgetOld(): void {
    const kinds = this.#kinds();
    if (kinds === this.#madeFrom) return;
    this.#madeFrom = kinds;
    this.#version2 = undefined;
    this.#version3 = undefined;
  }

  #answerVersion2(request: ApiRequest): ApiResponse {
    const document = (this.#version2 ??= openApiV2Document(this.#kinds()));
    if (!/proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/.test(request.headers['accept'] ?? '')) return json(document);
    const bytes = openApiV2Protobuf(document);
    return { status: 200, headers: {}, body: { kind: 'bytes', bytes, contentType: openApiV2ProtobufType } };
  }

  #documents(): ReadonlyMap<string, Document> {
    return (this.#version3 ??= documentsOf(this.#kinds()));
  }

  #index(): JsonObject {
    const entries = [...this.#documents()].map(([path, { hash }]): [string, JsonObject] => [
      path,
      { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` },
    ]);
    return { paths: Object.fromEntries(entries) };
  }
}

function documentsOf(kinds: readonly KindDefinition[]): ReadonlyMap<string, Document> {
  const byPath = Map.groupBy(kinds, (kind) => openApiV3Path(kind.type));
  const documents = [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, group]): [string, Document] => {
      const value = openApiV3Document(group);
      return [
        path,
        { value, hash: createHash('sha256').update(stableJson(value)).digest('hex').slice(0, 32).toUpperCase() },
      ];
    });
  return new Map(documents);
}

function answerVersion3({ value, hash }: Document, request: ApiRequest): ApiResponse {
  if (request.query['hash'] !== hash) return json(value);
  return {
    ...json(value),
    headers: { 'cache-control': `public, immutable, max-age=${immutableSeconds}`, etag: `"${hash}"` },
  };
}

function json(value: JsonObject): ApiResponse {
  return { status: 200, headers: {}, body: { kind: 'json', value } };
}
