import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { createClient } from '../client/client.ts';
import type { ApiResponse, Transport } from '../kube/transport.ts';
import { tokenMsMax, logsByReview } from './log-access.ts';
import { LogFixture, runUntil } from './log-fixture.ts';

/** An API server that knows `ann`, who may read logs in `ns` only. */
function reviewer(asked: string[]): Transport {
  return async ({ path, body }) => {
    asked.push(path.split('/').at(-1) ?? '');
    const spec = isJsonObject(body) && isJsonObject(body['spec']) ? body['spec'] : {};
    const status: JsonObject = path.endsWith('/tokenreviews')
      ? { authenticated: spec['token'] === 'secret', user: { username: 'ann', groups: ['people'] } }
      : { allowed: isAllowed(spec) };
    return { status: 201, headers: {}, body: { kind: 'json', value: { metadata: {}, status } } };
  };
}

function isAllowed({ user, groups, resourceAttributes }: JsonObject): boolean {
  assert.deepEqual([user, groups], ['ann', ['people']]);
  const namespace = isJsonObject(resourceAttributes) ? resourceAttributes['namespace'] : undefined;
  assert.deepEqual(resourceAttributes, { namespace, verb: 'get', resource: 'pods', subresource: 'log' });
  return namespace === 'ns';
}

const get = (api: Transport, namespace: string): Promise<ApiResponse> => {
  const path = `/apis/penstock.dev/v1alpha1/namespaces/${namespace}/taskruns/run-p/log`;
  return api({ method: 'GET', path, query: {}, headers: {} });
};

describe('logsByReview', () => {
  it('lets those read who may read the logs of pods, and asks about each token once a minute', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    const pod = fixture.createPod('p', ['step-a']);
    fixture.start('p', 'step-a');
    fixture.write('p', 'step-a', 'one\n');
    fixture.end('p', 'step-a');
    await runUntil(fixture.clock, () => keeper.isSettled(pod));
    const asked: string[] = [];
    const client = createClient(reviewer(asked));
    const logsFor = logsByReview({ client, clock: fixture.clock, archive: fixture.archive(keeper) });
    assert.equal(await logsFor(undefined), undefined);
    assert.equal(await logsFor('wrong'), undefined);
    assert.equal(await logsFor('wrong'), undefined);
    const logs = await logsFor('secret');
    assert.ok(logs);
    const { status, body } = await get(logs, 'ns');
    assert.deepEqual([status, body.kind], [200, 'stream']);
    const refused = await get(logs, 'other');
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(refused.body), /user \\"ann\\" cannot get pods\/log in the namespace \\"other\\"/);
    assert.equal((await logs({ method: 'GET', path: '/api/v1/pods', query: {}, headers: {} })).status, 404);
    await logsFor('secret');
    assert.deepEqual(asked, ['tokenreviews', 'tokenreviews', 'subjectaccessreviews', 'subjectaccessreviews']);
    await fixture.clock.advance(tokenMsMax);
    await logsFor('secret');
    assert.equal(asked.length, 5);
  });
});
