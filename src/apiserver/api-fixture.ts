/** For tests: an API server in memory, and short words for calling it. */
import assert from 'node:assert/strict';
import { seededRandom } from '../base/random.ts';
import { deepFreeze } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiRequest, ApiResponse, HttpMethod, RawWatchEvent } from '../kube/transport.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createApiServer } from './api-server.ts';
import type { ApiServer, ApiServerOptions } from './api-server.ts';

/** Query, headers and body of a call. */
export interface CallParts {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Json;
  readonly signal?: AbortSignal;
}

/** An API server with virtual time, and everything a test does with it. */
export class TestApi {
  readonly clock: VirtualClock = new VirtualClock();
  readonly store: Store;
  readonly server: ApiServer;

  constructor(options: Partial<ApiServerOptions> = {}) {
    this.store = options.store ?? createMemoryStore();
    this.server = createApiServer({
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      ...options,
      store: this.store,
    });
  }

  /** Any call. Bodies are frozen: a server that changes what it is given fails the test. */
  call(method: HttpMethod, path: string, { query = {}, headers = {}, ...rest }: CallParts = {}): Promise<ApiResponse> {
    return this.server.handle({ method, path, query, headers, ...deepFreeze(withoutSignal(rest)), ...signalOf(rest) });
  }

  /** A call that succeeds with an object. */
  async json(method: HttpMethod, path: string, parts: CallParts = {}): Promise<JsonObject> {
    const response = await this.call(method, path, parts);
    assert.ok(response.body.kind === 'json', `${method} ${path} answered ${response.body.kind}`);
    assert.ok(response.status < 400, `${method} ${path}: ${JSON.stringify(response.body.value)}`);
    return response.body.value;
  }

  /** A call that is refused: its `Status`. */
  async refusal(method: HttpMethod, path: string, parts: CallParts = {}): Promise<JsonObject> {
    const response = await this.call(method, path, parts);
    assert.ok(response.body.kind === 'json' && response.status >= 400, `${method} ${path} was not refused`);
    assert.equal(response.body.value['kind'], 'Status');
    assert.equal(response.body.value['code'], response.status);
    return response.body.value;
  }

  /** A merge patch. */
  patch(path: string, body: Json, query: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    return this.json('PATCH', path, { body, query, headers: { 'content-type': 'application/merge-patch+json' } });
  }

  /** Starts a watch. */
  async watch(path: string, parts: CallParts = {}): Promise<AsyncIterator<RawWatchEvent, undefined>> {
    const response = await this.call('GET', path, { ...parts, query: { ...parts.query, watch: 'true' } });
    assert.ok(response.body.kind === 'watch', JSON.stringify(response.body));
    return response.body.events[Symbol.asyncIterator]();
  }
}

function withoutSignal({ signal: _signal, ...rest }: CallParts): CallParts {
  return rest;
}

function signalOf({ signal }: CallParts): Pick<ApiRequest, 'signal'> {
  return signal ? { signal } : {};
}

/** The next `count` events of a watch. */
export async function take(watch: AsyncIterator<RawWatchEvent>, count: number): Promise<readonly RawWatchEvent[]> {
  const events: RawWatchEvent[] = [];
  while (events.length < count) {
    const next = await watch.next();
    assert.ok(!next.done, `the watch ended after ${events.length} of ${count} events`);
    events.push(next.value);
  }
  return events;
}

/** `TYPE name` of events. */
export function eventNames(events: readonly RawWatchEvent[]): readonly string[] {
  return events.map(({ type, object }) => `${type} ${metadataOf(object)['name'] as string}`);
}

/** The metadata of an object. */
export function metadataOf(object: JsonObject): JsonObject {
  return object['metadata'] as JsonObject;
}

/** A ConfigMap to write. */
export function configMap(
  name: string,
  data: Readonly<Record<string, string>> = {},
  metadata: JsonObject = {},
): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

/** A PipelineRun to write. */
export function pipelineRun(name: string, more: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name },
    spec: { pipelineRef: { name: 'build' } },
    ...more,
  };
}

/** A pod to write. */
export function pod(name: string, spec: JsonObject = {}): JsonObject {
  const containers = [{ name: 'main', image: 'busybox:1' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers, ...spec } };
}

/** Paths the tests use. */
export const configMapsPath = '/api/v1/namespaces/default/configmaps';
export const podsPath = '/api/v1/namespaces/default/pods';
export const pipelineRunsPath = '/apis/tekton.dev/v1/namespaces/default/pipelineruns';
