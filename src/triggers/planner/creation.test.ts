import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { ApiRequest, ApiResponse } from '../../kube/transport.ts';
import { secrets } from '../../kube/core-types.ts';
import { pipelineRuns } from '../../tekton/types.ts';
import { definition, type Interference, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = { '.tekton/build.yaml': definition('build', onPush) };
const hour = 3_600_000;

const isCreate = ({ method, path }: ApiRequest): boolean => method === 'POST' && path.endsWith('/pipelineruns');
const isSecretPatch = ({ method, path }: ApiRequest): boolean => method === 'PATCH' && path.includes('/secrets/');

function answer(code: number, reason: string, message: string): ApiResponse {
  const value = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
  return { status: code, headers: {}, body: { kind: 'json', value } };
}

/** The first `times` calls that `meets` are answered so. */
function first(times: number, meets: (request: ApiRequest) => boolean, interference: Interference): Interference {
  let left = times;
  return (request, next) => (meets(request) && left-- > 0 ? interference(request, next) : next(request));
}

async function pushed(interference: Interference): Promise<{ readonly rig: PlannerRig; readonly name: string }> {
  const rig = await PlannerRig.create(files);
  rig.interfere = interference;
  const name = await rig.deliver(rig.push());
  await rig.pass(1_000);
  return { rig, name };
}

describe('creating a run', () => {
  it('goes on when what comes after the create fails, says so, and mends it', async () => {
    const failing: Interference = () => Promise.resolve(answer(500, 'InternalError', 'etcd is slow'));
    const { rig, name } = await pushed(first(4, isSecretPatch, failing));
    await rig.pass(10_000);

    const [run, ...others] = await rig.runs();
    assert.equal(others.length, 0);
    assert.equal(run?.spec.status, undefined);
    const status = await rig.status(name);
    assert.equal(status.phase, 'Done');
    assert.equal(status.notices, undefined);
    assert.deepEqual(
      rig.logger.messages('error').filter((line) => line.startsWith('failed to patch')),
      Array(4).fill(`failed to patch pipelinerun ci/${run?.metadata.name}: etcd is slow`),
    );
    const [secret] = await rig.secrets();
    assert.equal(secret?.metadata.ownerReferences?.[0]?.uid, run?.metadata.uid);
  });

  it('adopts what an unanswered create has made', async () => {
    const { rig, name } = await pushed(
      first(1, isCreate, async (request, next) => {
        await next(request);
        throw new ConnectionError('NET_TIMEOUT', 'no answer in time');
      }),
    );
    await rig.pass(1_000);
    const runs = await rig.runs();
    assert.equal(runs.length, 1);
    const status = await rig.status(name);
    assert.deepEqual(
      status.runs?.map(({ outcome, attempt, uid }) => [outcome, attempt, uid]),
      [['adopted', 1, runs[0]?.metadata.uid]],
    );
    assert.equal(status.notices, undefined);
    assert.equal((await rig.secrets()).length, 1);
  });

  it('adopts its own run when the server says that it is there already', async () => {
    for (const message of ['is there', 'the server was not able to generate a unique name for the object']) {
      const { rig, name } = await pushed(
        first(1, isCreate, async (request, next) => {
          await next(request);
          return answer(
            message === 'is there' ? 409 : 500,
            message === 'is there' ? 'AlreadyExists' : 'ServerTimeout',
            message,
          );
        }),
      );
      assert.equal((await rig.runs()).length, 1);
      assert.equal((await rig.status(name)).runs?.[0]?.outcome, 'adopted');
      assert.equal((await rig.status(name)).notices, undefined);
    }
  });

  it('takes another name and number when the name belongs to somebody else', async () => {
    const rig = await PlannerRig.create(files);
    const written: string[] = [];
    const stored: (string | undefined)[] = [];
    const noting: Interference = async (request, next) => {
      if (isCreate(request)) stored.push((await rig.status('github-1')).runs?.[0]?.name);
      return next(request);
    };
    rig.interfere = first(1, isCreate, async (request, next) => {
      rig.interfere = noting;
      const { metadata } = request.body as { metadata: { name: string } };
      const object = {
        apiVersion: 'tekton.dev/v1',
        kind: 'PipelineRun',
        metadata: { name: metadata.name, namespace: 'ci' },
      };
      await rig.client.create(pipelineRuns, { ...object, spec: { pipelineRef: { name: 'theirs' } } });
      written.push(metadata.name);
      return next(request);
    });
    const name = await rig.deliver(rig.push());
    await rig.pass();

    const status = await rig.status(name);
    const [planned] = status.runs ?? [];
    assert.equal(planned?.outcome, 'created');
    assert.equal(planned.attempt, 2);
    assert.equal(planned.collision, 1);
    assert.notEqual(planned.name, written[0]);
    assert.deepEqual(stored, [planned.name], 'the plan says so before anything is made under the new name');
    const ours = (await rig.runs()).find(({ metadata }) => metadata.name === planned.name);
    assert.equal(ours?.metadata.annotations?.[penstockKeys.attempt], '2');
    const theirs = (await rig.runs()).find(({ metadata }) => metadata.name === written[0]);
    assert.equal(theirs?.spec.status, undefined);
    assert.deepEqual(
      (await rig.secrets()).map(({ metadata }) => metadata.name),
      [ours?.metadata.annotations?.[runKeys.gitAuthSecret]],
    );
    assert.equal(status.notices, undefined);
  });

  it('cancels an attempt of another plan under its name, and makes a new one', async () => {
    const rig = await PlannerRig.create(files);
    rig.interfere = first(1, isCreate, async (request, next) => {
      const wanted = request.body as { metadata: { annotations: Record<string, string> }; spec: object };
      const annotations = { ...wanted.metadata.annotations, [penstockKeys.digest]: 'of an older plan' };
      await next({
        ...request,
        body: { ...(request.body as JsonObject), metadata: { ...wanted.metadata, annotations } },
      });
      return next(request);
    });
    const name = await rig.deliver(rig.push());
    await rig.pass();

    const [planned] = (await rig.status(name)).runs ?? [];
    const runs = await rig.runs();
    assert.equal(runs.length, 2);
    const [old] = runs.filter(({ metadata }) => metadata.name !== planned?.name);
    assert.equal(old?.spec.status, 'CancelledRunFinally');
    assert.match(old.metadata.annotations?.[penstockKeys.cancelledBy] ?? '', /plan has changed/);
    assert.equal(planned?.attempt, 2);
    assert.equal(planned.outcome, 'created');
  });

  it('waits for room in a quota, visibly, and then creates', async () => {
    const full = 'pipelineruns.tekton.dev "x" is forbidden: exceeded quota: runs, requested: 1, used: 5, limited: 5';
    const { rig, name } = await pushed(first(3, isCreate, () => Promise.resolve(answer(403, 'Forbidden', full))));
    const waiting = await rig.status(name);
    assert.equal(waiting.phase, 'Planned');
    assert.deepEqual(
      waiting.notices?.map(({ state, title, attempt }) => [state, title, attempt]),
      [['queued', `Waiting for room: ${full}`, 1]],
    );
    await rig.pass(2 * 60_000);
    const status = await rig.status(name);
    assert.equal(status.phase, 'Done');
    assert.equal(status.notices, undefined);
    assert.equal(status.runs?.[0]?.outcome, 'created');
  });

  it('says in the end that there was no room', async () => {
    const full = 'is forbidden: exceeded quota: runs';
    const { rig, name } = await pushed((request, next) =>
      isCreate(request) ? Promise.resolve(answer(403, 'Forbidden', full)) : next(request),
    );
    await rig.pass(7 * hour);
    const status = await rig.status(name);
    assert.equal(status.phase, 'Done');
    assert.deepEqual(
      status.notices?.map(({ state, title }) => [state, title]),
      [['error', full]],
    );
    assert.equal((await rig.secrets()).length, 0);
  });

  it('says in the words of the server why there can be no run, once it is certain', async () => {
    const refusals = [
      answer(422, 'Invalid', 'admission webhook "policy" denied the request: no images from docker.io'),
      answer(403, 'Forbidden', 'User "penstock" cannot create resource "pipelineruns" in the namespace "ci"'),
    ];
    for (const refusal of refusals) {
      const { message } = (refusal.body as unknown as { value: { message: string } }).value;
      const { rig, name } = await pushed((request, next) =>
        isCreate(request) ? Promise.resolve(refusal) : next(request),
      );
      const status = await rig.status(name);
      assert.equal(status.phase, 'Done');
      assert.equal(status.runs?.[0]?.outcome, 'failed');
      const [notice] = status.notices ?? [];
      assert.equal(notice?.state, 'error');
      assert.equal(notice.title, message);
      assert.match(notice.text, new RegExp(message.slice(0, 20)));
      assert.equal(notice.target.context, 'Pipelines as Code CI / build / main');
      assert.equal((await rig.secrets()).length, 0);
    }
  });

  it('gives no token for a repository that has no Repository in the namespace', async () => {
    const settings = { github_app_token_scope_repos: ['org/secret'] };
    const rig = await PlannerRig.create(files, { repository: { git_provider: { type: 'github' }, settings } });
    await rig.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'penstock', name: 'pipelines-as-code-secret' },
      stringData: {
        'github-application-id': '7',
        'github-private-key': '-----BEGIN RSA PRIVATE KEY-----\n',
      },
    });
    await rig.repository('secret', { url: 'https://github.com/org/secret' }, 'other');
    const name = await rig.deliver(rig.push());
    await rig.pass();
    const { runs, notices } = await rig.status(name);
    assert.equal(runs?.[0]?.outcome, 'failed');
    assert.match(notices?.[0]?.title ?? '', /names org\/secret, which has no Repository in namespace ci/);
    assert.ok(!rig.host.calls.includes('gitCredential'));
    await rig.repository('secret', { url: 'https://github.com/org/secret' }, 'ci');
    await rig.deliver(rig.push('main', { occurrence: 'again' }));
    await rig.pass();
    assert.equal((await rig.runs()).length, 1);
  });

  it('never shows what may pass: an hour of refusals, conflicts and silence', async () => {
    const answers = [
      answer(500, 'InternalError', 'failed calling webhook "policy": context deadline exceeded'),
      answer(429, 'TooManyRequests', 'the server is busy'),
      answer(409, 'Conflict', 'the object has been modified'),
      answer(503, 'ServiceUnavailable', 'no'),
      answer(401, 'Unauthorized', 'the token has expired'),
    ];
    let calls = 0;
    let healed = false;
    const { rig, name } = await pushed((request, next) => {
      if (healed || !isCreate(request)) return next(request);
      const given = answers[calls++ % (answers.length + 1)];
      return given === undefined
        ? Promise.reject(new ConnectionError('NET_CONNECTION', 'socket hang up'))
        : Promise.resolve(given);
    });
    for (let minute = 0; minute < 60; minute += 5) {
      await rig.pass(5 * 60_000);
      assert.equal((await rig.status(name)).notices, undefined);
    }
    assert.ok(calls > 10, `${calls} tries`);
    healed = true;
    await rig.pass(hour);
    assert.equal((await rig.runs()).length, 1);
    assert.equal((await rig.status(name)).phase, 'Done');
  });
});
