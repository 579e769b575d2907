import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { present } from '../base/assert.ts';
import type { JsonObject } from '../base/json.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { type ConfigMap, configMaps, namespaces, pods } from '../kube/core-types.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { ApiRequest, ApiResponse, ApiResponseBody, RawWatchEvent } from '../kube/transport.ts';
import type { ApiClient } from './api-client.ts';
import { createClient } from './client.ts';
import { UnexpectedAnswerError } from './unexpected-answer.ts';

const key = { namespace: 'a', name: 'one' };
const taskRuns: ResourceType = {
  group: 'tekton.dev',
  version: 'v1',
  resource: 'taskruns',
  kind: 'TaskRun',
  namespaced: true,
};
const one: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'a', name: 'one' },
  data: { k: 'v' },
};

/** A client whose transport answers with `body` and keeps what it was asked. */
function answering(body: ApiResponseBody | JsonObject, options: Partial<ApiResponse> = {}) {
  const asked: ApiRequest[] = [];
  const client = createClient((request) => {
    asked.push(request);
    const known = 'kind' in body && ['json', 'text', 'bytes', 'stream', 'watch'].includes(String(body['kind']));
    const answer = known ? (body as ApiResponseBody) : ({ kind: 'json', value: body as JsonObject } as const);
    return Promise.resolve({ status: 200, headers: {}, ...options, body: answer });
  });
  return { client, asked };
}

/** Method, path, query and body of what a call sends. */
async function sentBy(call: (client: ApiClient) => Promise<unknown>): Promise<readonly unknown[]> {
  const { client, asked } = answering({ metadata: { resourceVersion: '1' }, items: [] });
  await call(client);
  assert.equal(asked.length, 1);
  const { method, path, query, headers, body } = present(asked[0], 'a request was sent');
  return [method, path, query, headers['content-type'], body];
}

async function* eventsOf(...events: readonly RawWatchEvent[]): AsyncGenerator<RawWatchEvent> {
  yield* events;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('createClient', () => {
  it('sends reads', async () => {
    assert.deepEqual(await sentBy((client) => client.get(configMaps, key)), [
      'GET',
      '/api/v1/namespaces/a/configmaps/one',
      {},
      undefined,
      undefined,
    ]);
    const selection = { labelSelector: 'a=b,c in (d)', fieldSelector: '' };
    assert.deepEqual(
      await sentBy((client) => client.list(taskRuns, { ...selection, limit: 5, continue: 'x', resourceVersion: '0' })),
      [
        'GET',
        '/apis/tekton.dev/v1/taskruns',
        { labelSelector: 'a=b,c in (d)', limit: '5', continue: 'x', resourceVersion: '0' },
        undefined,
        undefined,
      ],
    );
  });

  it('sends writes', async () => {
    const collection = '/api/v1/namespaces/a/configmaps';
    const type = 'application/json';
    assert.deepEqual(await sentBy((client) => client.create(configMaps, one)), ['POST', collection, {}, type, one]);
    assert.deepEqual(await sentBy((client) => client.update(configMaps, one, { dryRun: true })), [
      'PUT',
      `${collection}/one`,
      { dryRun: 'All' },
      type,
      one,
    ]);
    assert.deepEqual(await sentBy((client) => client.updateStatus(configMaps, one)), [
      'PUT',
      `${collection}/one/status`,
      {},
      type,
      one,
    ]);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };
    assert.deepEqual((await sentBy((client) => client.create(namespaces, namespace))).slice(0, 2), [
      'POST',
      '/api/v1/namespaces',
    ]);
  });

  it('sends patches under the media type that says how to read them', async () => {
    const sent = async (type: 'json' | 'merge' | 'strategic' | 'apply') =>
      (await sentBy((client) => client.patch(configMaps, key, { data: null }, { type })))[3];
    assert.deepEqual(await Promise.all([sent('json'), sent('merge'), sent('strategic'), sent('apply')]), [
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
    ]);
    const patch = [{ op: 'remove', path: '/data' }];
    const options = { type: 'json', subresource: 'status', fieldManager: 'm', force: true, dryRun: true } as const;
    assert.deepEqual(await sentBy((client) => client.patch(configMaps, key, patch, options)), [
      'PATCH',
      '/api/v1/namespaces/a/configmaps/one/status',
      { fieldManager: 'm', force: 'true', dryRun: 'All' },
      'application/json-patch+json',
      patch,
    ]);
  });

  it('sends deletes', async () => {
    const options = {
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u' },
      dryRun: true,
    } as const;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...options, dryRun: ['All'] };
    assert.deepEqual((await sentBy((client) => client.delete(configMaps, key, options))).slice(0, 3), [
      'DELETE',
      '/api/v1/namespaces/a/configmaps/one',
      {},
    ]);
    assert.deepEqual((await sentBy((client) => client.delete(configMaps, key, options)))[4], body);
    const selection = { namespace: 'a', labelSelector: 'x=y' };
    assert.deepEqual(await sentBy((client) => client.deleteCollection(configMaps, selection)), [
      'DELETE',
      '/api/v1/namespaces/a/configmaps',
      { labelSelector: 'x=y' },
      'application/json',
      { kind: 'DeleteOptions', apiVersion: 'v1' },
    ]);
  });

  it('refuses, unsent, names that would make the path mean something else', async () => {
    const { client, asked } = answering({});
    for (const name of ['', '.', '..']) {
      await assert.rejects(client.delete(pods, { namespace: 'a', name }), { reason: 'BadRequest' });
      await assert.rejects(client.get(pods, { namespace: name, name: 'x' }), { reason: 'BadRequest' });
    }
    await assert.rejects(client.create(configMaps, { ...one, metadata: { name: 'x' } }), {
      reason: 'BadRequest',
    });
    assert.equal(asked.length, 0);
    await assert.rejects(client.get(pods, { namespace: 'a/b', name: 'c?d' }));
    assert.equal(asked[0]?.path, '/api/v1/namespaces/a%2Fb/pods/c%3Fd');
  });

  it('hands out what came, uncopied', async () => {
    const stored = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } };
    assert.equal(await answering(stored).client.get(configMaps, key), stored);
    const list = { metadata: { resourceVersion: '7', continue: 't' }, items: [stored] };
    const { items, metadata } = await answering(list).client.list(configMaps);
    assert.equal(items[0], stored);
    assert.deepEqual(metadata, list.metadata);
  });

  it('gives the items of a list the kind that only the list names', async () => {
    const list = { kind: 'TaskRunList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'x' } }] };
    const { items } = await answering(list).client.list(taskRuns);
    assert.deepEqual(items, [{ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'x' } }]);
  });

  it('turns an error status into the error it carries', async () => {
    const status = new ApiStatusError('Conflict', 'changed', { details: { name: 'one' } }).toStatus();
    await assert.rejects(answering(status, { status: 409 }).client.get(configMaps, key), {
      name: 'ApiStatusError',
      reason: 'Conflict',
      message: 'changed',
      details: { name: 'one' },
    });
    const overloaded = answering(
      { kind: 'text', text: ' busy \n', contentType: 'text/plain' },
      { status: 429, headers: { 'retry-after': '3' } },
    );
    await assert.rejects(overloaded.client.get(configMaps, key), {
      reason: 'TooManyRequests',
      message: 'busy',
      details: { retryAfterSeconds: 3 },
    });
  });

  it('does not take just any success for an answer', async () => {
    const text = answering({ kind: 'text', text: 'hello', contentType: 'text/html' }).client;
    await assert.rejects(text.get(configMaps, key), UnexpectedAnswerError);
    await assert.rejects(collect(text.watch(configMaps, {})), UnexpectedAnswerError);
    await assert.rejects(answering({ hello: 'world' }).client.get(configMaps, key), UnexpectedAnswerError);
    await assert.rejects(answering({ hello: 'world' }).client.list(configMaps), UnexpectedAnswerError);
    await assert.rejects(collect(answering({ hello: 'world' }).client.podLog(key)), UnexpectedAnswerError);
    await assert.rejects(answering({}, { status: 304 }).client.get(configMaps, key), UnexpectedAnswerError);
  });

  it('yields watch events as they are, and bookmarks as versions', async () => {
    const added = { type: 'ADDED', object: one as unknown as JsonObject } as const;
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } } as const;
    const { client, asked } = answering({ kind: 'watch', events: eventsOf(added, bookmark) });
    const { signal } = new AbortController();
    const options = { namespace: 'a', resourceVersion: '5', allowWatchBookmarks: true, timeoutSeconds: 9, signal };
    const events = await collect(client.watch(configMaps, options));
    assert.equal(events[0], added);
    assert.deepEqual(events[1], { type: 'BOOKMARK', resourceVersion: '9' });
    assert.equal(asked[0]?.signal, signal);
    assert.deepEqual(asked[0]?.query, {
      watch: 'true',
      resourceVersion: '5',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '9',
    });
  });

  it('throws the error that a watch carries', async () => {
    const gone = new ApiStatusError('Expired', 'too old').toStatus();
    const { client } = answering({ kind: 'watch', events: eventsOf({ type: 'ERROR', object: gone }) });
    await assert.rejects(collect(client.watch(configMaps, {})), { reason: 'Expired', status: 410 });
  });

  it('lets go of the watch that its reader leaves', async () => {
    let left = false;
    async function* endless(): AsyncGenerator<RawWatchEvent> {
      try {
        for (;;) yield { type: 'ADDED', object: {} };
      } finally {
        left = true;
      }
    }
    const { client } = answering({ kind: 'watch', events: endless() });
    for await (const event of client.watch(configMaps, {})) {
      assert.equal(event.type, 'ADDED');
      break;
    }
    assert.equal(left, true);
  });

  it('streams logs', async () => {
    const bytes = new TextEncoder().encode('line\n');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    const contentType = 'text/plain';
    const { client, asked } = answering({ kind: 'stream', chunks: chunks(), contentType });
    const options = { container: 'c', follow: true, timestamps: false, tailLines: 0, limitBytes: 10 };
    assert.deepEqual(await collect(client.podLog(key, options)), [bytes]);
    assert.equal(asked[0]?.path, '/api/v1/namespaces/a/pods/one/log');
    assert.equal(asked[0]?.headers['accept'], '*/*');
    assert.deepEqual(asked[0]?.query, {
      container: 'c',
      follow: 'true',
      timestamps: 'false',
      tailLines: '0',
      limitBytes: '10',
    });
    assert.deepEqual(await collect(answering({ kind: 'bytes', bytes, contentType }).client.podLog(key)), [bytes]);
    assert.deepEqual(await collect(answering({ kind: 'text', text: 'line\n', contentType }).client.podLog(key)), [
      bytes,
    ]);
  });
});
