import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import { builtinKinds } from '../schema/core/builtin-kinds.ts';
import { openApiV2ProtobufType } from '../schema/openapi/openapi-v2-protobuf.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { OpenApiEndpoint } from './openapi.ts';

function get(path: string, more: Partial<ApiRequest> = {}): ApiRequest {
  return { method: 'GET', path, query: {}, headers: {}, ...more };
}

function valueOf(response: ApiResponse | undefined): JsonObject {
  assert.ok(response?.body.kind === 'json');
  return response.body.value;
}

function addressOf(endpoint: OpenApiEndpoint, group: string): string {
  const paths = valueOf(endpoint.respond(get('/openapi/v3')))['paths'];
  const entry = isJsonObject(paths) ? paths[group] : undefined;
  assert.ok(isJsonObject(entry), group);
  return String(entry['serverRelativeURL']);
}

describe('OpenApiEndpoint', () => {
  it('lists one document a group and version, and serves each', () => {
    const endpoint = new OpenApiEndpoint(() => builtinKinds);
    const paths = valueOf(endpoint.respond(get('/openapi/v3')))['paths'] as JsonObject;
    assert.deepEqual(Object.keys(paths), ['api/v1', 'apis/apiextensions.k8s.io/v1', 'apis/coordination.k8s.io/v1']);
    const [path = '', hash = ''] = addressOf(endpoint, 'api/v1').split('?hash=');
    assert.match(hash, /^[0-9A-F]{32}$/);
    const answer = endpoint.respond(get(path, { query: { hash } }));
    assert.match(answer?.headers['cache-control'] ?? '', /immutable/);
    assert.equal(valueOf(answer)['openapi'], '3.0.0');
    assert.equal(endpoint.respond(get(path, { query: { hash: 'old' } }))?.headers['cache-control'], undefined);
    assert.equal(endpoint.respond(get('/openapi/v3/apis/nobody/v1')), undefined);
    assert.equal(endpoint.respond(get('/api/v1/pods')), undefined);
  });

  it('keeps the address of a group that did not change when another kind comes', () => {
    let kinds: readonly KindDefinition[] = builtinKinds;
    const endpoint = new OpenApiEndpoint(() => kinds);
    const before = addressOf(endpoint, 'api/v1');
    kinds = [...builtinKinds, ...tektonKinds];
    assert.equal(addressOf(endpoint, 'api/v1'), before);
    assert.ok(addressOf(endpoint, 'apis/tekton.dev/v1'));
  });

  it('answers version 2 as JSON, or in protocol buffers to old clients', () => {
    const endpoint = new OpenApiEndpoint(() => builtinKinds);
    assert.equal(valueOf(endpoint.respond(get('/openapi/v2')))['swagger'], '2.0');
    const old = endpoint.respond(
      get('/openapi/v2', { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } }),
    );
    assert.ok(
      old?.body.kind === 'bytes' && old.body.contentType === openApiV2ProtobufType && old.body.bytes.length > 10_000,
    );
  });
});
