import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import type { ModelPullRequest } from '../../../test/support/git-hosts/git-model.ts';
import { definition, onPull, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = {
  '.tekton/one.yaml': definition('one', onPull, 'echo {{ greeting }}'),
  '.tekton/two.yaml': definition('two', onPull),
  '.tekton/push.yaml': definition('push', onPush),
  '.tekton/deploy.yaml': definition('deploy', { 'on-comment': '^/deploy' }),
};

const nameOf = (run: PipelineRun): string => run.metadata.annotations?.[runKeys.originalName] ?? '';

/** A pull request from a branch of the repository itself, opened and tested once. */
async function opened(
  options: Parameters<typeof PlannerRig.create>[1] = {},
): Promise<{ readonly rig: PlannerRig; readonly pull: ModelPullRequest }> {
  const rig = await PlannerRig.create(files, options);
  rig.app.commit('feature', { a: '1' });
  const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
  await rig.deliver(rig.pull(pull));
  await rig.pass(1_000);
  return { rig, pull };
}

/** Writes a comment and lets it work. */
async function say(rig: PlannerRig, pull: ModelPullRequest, author: string, body: string): Promise<string> {
  const name = await rig.deliver(rig.comment(pull, author, body));
  await rig.pass(1_000);
  return name;
}

async function attempts(rig: PlannerRig): Promise<readonly string[]> {
  const runs = await rig.runs();
  return runs.map((run) => `${nameOf(run)} ${run.metadata.annotations?.[penstockKeys.attempt]}`).sort();
}

describe('commands', () => {
  it('/test makes a new attempt of everything, or of what is named, with arguments', async () => {
    const { rig, pull } = await opened();
    assert.deepEqual(await attempts(rig), ['one 1', 'two 1']);
    await say(rig, pull, 'org', '/test');
    assert.deepEqual(await attempts(rig), ['one 1', 'one 2', 'two 1', 'two 2']);
    await say(rig, pull, 'org', '/test one');
    assert.deepEqual(await attempts(rig), ['one 1', 'one 2', 'one 3', 'two 1', 'two 2']);
    const missing = await say(rig, pull, 'org', '/test nothing');
    assert.equal(await rig.reason(missing), 'NothingMatched');
  });

  it('/retest leaves alone what succeeded, also when its run is gone, and what is under way', async () => {
    const { rig, pull } = await opened();
    const [one, two] = await rig.runs();
    assert.ok(one !== undefined && two !== undefined);
    const idle = await say(rig, pull, 'org', '/retest');
    assert.equal(await rig.reason(idle), 'NothingToRun');
    await rig.finish(one);
    await rig.report(one, 'succeeded');
    await rig.client.delete(
      { group: 'tekton.dev', version: 'v1', resource: 'pipelineruns', kind: 'PipelineRun', namespaced: true },
      { namespace: 'ci', name: one.metadata.name ?? '' },
    );
    await rig.finish(two, 'Failed');
    await rig.pass();
    await say(rig, pull, 'org', '/retest');
    const [first, second] = [nameOf(one), nameOf(two)];
    assert.deepEqual(await attempts(rig), [`${second} 1`, `${second} 2`]);
    await say(rig, pull, 'org', `/retest ${first}`);
    assert.deepEqual(await attempts(rig), [`${first} 2`, `${second} 1`, `${second} 2`].sort());
  });

  it('/cancel ends the unfinished runs of the pull request, those named or all, and says by whom', async () => {
    const { rig, pull } = await opened();
    await rig.deliver(rig.push());
    await rig.pass();
    await say(rig, pull, 'org', '/cancel one');
    const told = async (): Promise<readonly string[]> =>
      (await rig.runs())
        .map(
          (run) =>
            `${nameOf(run)} ${run.spec.status ?? '-'} ${run.metadata.annotations?.[penstockKeys.cancelledBy] ?? '-'}`,
        )
        .sort();
    assert.deepEqual(await told(), ['one CancelledRunFinally org', 'push - -', 'two - -']);
    const all = await say(rig, pull, 'org', '/cancel');
    assert.deepEqual(await told(), ['one CancelledRunFinally org', 'push - -', 'two CancelledRunFinally org']);
    assert.deepEqual(
      (await rig.status(all)).cancelled?.map(({ by }) => by),
      ['org'],
    );
  });

  it('/cancel wins over what is planned and not made yet', async () => {
    const { rig, pull } = await opened();
    const planned = await rig.deliver(rig.comment(pull, 'org', '/test one'));
    rig.interfere = (request, next) =>
      request.method === 'POST' && request.path.endsWith('/pipelineruns')
        ? Promise.reject(new Error('the API is away'))
        : next(request);
    await rig.pass(1_000);
    assert.equal((await rig.status(planned)).phase, 'Planned');
    await rig.deliver(rig.comment(pull, 'org', '/cancel one'));
    await rig.pass(1_000);
    rig.interfere = (request, next) => next(request);
    await rig.pass(600_000);
    const status = await rig.status(planned);
    assert.equal(status.runs?.[0]?.outcome, 'superseded');
    assert.deepEqual(
      status.notices?.map(({ state, title, attempt }) => [state, title, attempt]),
      [['cancelled', 'Cancelled by org', 2]],
    );
    assert.deepEqual(await attempts(rig), ['one 1', 'two 1']);
  });

  it('/cancel wins over what is just being made', async () => {
    const { rig, pull } = await opened();
    rig.interfere = async (request, next) => {
      if (request.method === 'POST' && request.path.endsWith('/pipelineruns')) await sleep(rig.clock, 1_000);
      return next(request);
    };
    await rig.deliver(rig.comment(pull, 'org', '/test one'));
    await rig.pass(500);
    await rig.deliver(rig.comment(pull, 'org', '/cancel one'));
    await rig.pass(5_000);
    const made = (await rig.runs()).filter((run) => nameOf(run) === 'one');
    assert.deepEqual(
      made.map(({ spec }) => spec.status),
      ['CancelledRunFinally', 'CancelledRunFinally'],
    );
  });

  it('are for those who may push only, whoever opened the pull request', async () => {
    const { rig, pull } = await opened();
    for (const body of ['/test', '/retest', '/cancel', '/ok-to-test', '/deploy now']) {
      const name = await say(rig, pull, 'stranger', body);
      assert.equal(await rig.reason(name), 'PermissionDenied', body);
      assert.equal((await rig.status(name)).notices, undefined, body);
    }
    assert.deepEqual(await attempts(rig), ['one 1', 'two 1']);
    assert.ok((await rig.runs()).every(({ spec }) => spec.status === undefined));
    rig.app.permissions.set('reader', 'read');
    assert.equal(await rig.reason(await say(rig, pull, 'reader', '/test')), 'PermissionDenied');
  });

  it('may come from those whom OWNERS of the default branch names, not that of the pull request', async () => {
    const { rig, pull } = await opened();
    rig.app.commit('feature', { OWNERS: 'approvers: [stranger]\n' });
    assert.equal(await rig.reason(await say(rig, pull, 'stranger', '/test')), 'PermissionDenied');
    rig.app.commit('main', { OWNERS: 'approvers: [team]\n', OWNERS_ALIASES: 'aliases: {team: [Stranger]}\n' });
    assert.equal(await rig.reason(await say(rig, pull, 'stranger', '/test')), 'Planned');
  });

  it('do not come from somebody whose number is the login that OWNERS names', async () => {
    const { rig, pull } = await opened();
    rig.app.commit('main', { OWNERS: 'approvers: ["4711"]\n' });
    const actor = { login: 'stranger', id: '4711' };
    const name = await rig.deliver({ ...rig.comment(pull, 'stranger', '/test'), actor });
    await rig.pass(1_000);
    assert.equal(await rig.reason(name), 'PermissionDenied');
  });

  it('on-comment runs what matches, and nothing else', async () => {
    const { rig, pull } = await opened();
    await say(rig, pull, 'org', '/deploy now');
    assert.deepEqual(await attempts(rig), ['deploy 1', 'one 1', 'two 1']);
    const deploy = (await rig.runs()).find((run) => nameOf(run) === 'deploy');
    assert.equal(deploy?.metadata.labels?.[runKeys.eventType], 'on-comment');
    const plain = await say(rig, pull, 'org', 'nice work');
    assert.equal(await rig.reason(plain), 'NothingMatched');
  });

  it('on a closed pull request start nothing', async () => {
    const { rig, pull } = await opened();
    rig.app.closePullRequest(pull);
    assert.equal(await rig.reason(await say(rig, pull, 'org', '/test')), 'PullRequestClosed');
  });

  it('cannot change what is tested', async () => {
    const { rig, pull } = await opened();
    const name = await say(rig, pull, 'org', '/test one revision=evil target_namespace=other');
    assert.equal(await rig.reason(name), 'BadCommand');
    const [notice] = (await rig.status(name)).notices ?? [];
    assert.match(notice?.comment?.marker ?? '', /^penstock-command-/);
    assert.match(notice?.text ?? '', /@org, .*\n\n```\n\/test one revision=evil[^]*revision/);
    const stranger = await say(rig, pull, 'stranger', '/test one revision=evil');
    assert.equal((await rig.status(stranger)).notices, undefined);
    assert.deepEqual(await attempts(rig), ['one 1', 'two 1']);
  });
});

describe('newer commits', () => {
  const eager = { 'enable-cancel-in-progress-on-pull-requests': 'true' };

  it('cancel what is under way for older ones, also where the Repository has a limit', async () => {
    const { rig, pull } = await opened({ settings: eager, repository: { concurrency_limit: 1 } });
    rig.app.commit('feature', { a: '2' });
    await rig.deliver(rig.pull(pull));
    await rig.pass(1_000);
    const states = (await rig.runs()).map(({ spec, metadata }) => [
      spec.status ?? '',
      metadata.annotations?.[penstockKeys.supersededBy] ?? '',
    ]);
    const newer = (await rig.runs()).slice(2).map(({ metadata }) => metadata.name ?? '');
    assert.deepEqual(
      states.slice(0, 2).map(([state]) => state),
      ['CancelledRunFinally', 'CancelledRunFinally'],
    );
    assert.deepEqual(
      states
        .slice(0, 2)
        .map(([, by = '']) => by)
        .sort(),
      [...newer].sort(),
    );
    assert.deepEqual(
      states.slice(2).map(([state]) => state),
      ['', ''],
    );
  });

  it('are not cancelled by older ones that are worked on later', async () => {
    const rig = await PlannerRig.create(files, { settings: eager });
    rig.app.commit('feature', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    const older = rig.pull(pull);
    const olderAt = new Date(rig.clock.now()).toISOString();
    await rig.pass(1_000);
    const newestSha = rig.app.commit('feature', { a: '2' });
    await rig.deliver(rig.pull(pull));
    await rig.pass(1_000);
    const late = await rig.deliver(older, { receivedAt: olderAt });
    await rig.pass(1_000);
    const runs = await rig.runs();
    assert.deepEqual(
      runs.map(({ metadata }) => metadata.annotations?.[runKeys.sha]),
      [newestSha, newestSha],
    );
    assert.ok(runs.every(({ spec }) => spec.status === undefined));
    const { notices = [] } = await rig.status(late);
    assert.deepEqual(
      notices.map(({ state }) => state),
      ['superseded', 'superseded'],
    );
  });

  it('that ask for nothing are not cancelled by older ones that do', async () => {
    const rig = await PlannerRig.create(files);
    const older = rig.app.commit('feature', {
      '.tekton/one.yaml': definition('one', { ...onPull, 'cancel-in-progress': 'true' }),
    });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    const event = rig.pull(pull);
    const receivedAt = new Date(rig.clock.now()).toISOString();
    await rig.pass(1_000);
    rig.app.commit('feature', { '.tekton/one.yaml': definition('one', onPull) });
    await rig.deliver(rig.pull(pull));
    await rig.pass(1_000);
    await rig.deliver(event, { receivedAt });
    await rig.pass(1_000);
    const runs = await rig.runs();
    assert.ok(runs.some(({ metadata }) => metadata.annotations?.[runKeys.sha] === older));
    assert.ok(runs.every(({ spec }) => spec.status === undefined));
  });

  it('that cannot be run leave alone what runs', async () => {
    const { rig, pull } = await opened({ settings: eager });
    rig.interfere = (request, next) =>
      request.method === 'POST' && request.path.endsWith('/pipelineruns')
        ? next({ ...request, body: { ...(request.body as JsonObject), spec: { pipelineSpec: { tasks: [] } } } })
        : next(request);
    rig.app.commit('feature', { a: '2' });
    const name = await rig.deliver(rig.pull(pull));
    await rig.pass(1_000);
    assert.deepEqual(
      (await rig.status(name)).runs?.map(({ outcome }) => outcome),
      ['failed', 'failed'],
    );
    assert.ok((await rig.runs()).every(({ spec }) => spec.status === undefined));
  });

  it('of another branch, pull request or definition are left alone', async () => {
    const { rig } = await opened({ settings: eager });
    rig.app.commit('other', { b: '1' });
    const other = rig.app.openPullRequest({ author: 'org', head: 'other' });
    await rig.deliver(rig.pull(other));
    await rig.pass(1_000);
    assert.ok((await rig.runs()).every(({ spec }) => spec.status === undefined));
    assert.equal((await rig.runs()).length, 4);
  });

  it('and a closed pull request cancel only what opted in', async () => {
    const { rig, pull } = await opened();
    const event: GitEvent = { ...rig.pull(pull), trigger: 'pull_request_closed', occurrence: 'closed' };
    await rig.deliver(event);
    await rig.pass();
    assert.ok((await rig.runs()).every(({ spec }) => spec.status === undefined));
    const willing = await opened({ settings: eager });
    await willing.rig.deliver({
      ...willing.rig.pull(willing.pull),
      trigger: 'pull_request_closed',
      occurrence: 'closed',
    });
    await willing.rig.pass();
    assert.ok((await willing.rig.runs()).every(({ spec }) => spec.status === 'CancelledRunFinally'));
    const [run] = await willing.rig.runs();
    assert.equal(run?.metadata.annotations?.[penstockKeys.cancelledBy], 'pull request #1 was closed');
  });
});

describe('buttons at checks', () => {
  function rerun(
    rig: PlannerRig,
    pull: ModelPullRequest,
    actor: string,
    scope: 'check' | 'suite',
    context?: string,
  ): GitEvent {
    const { pullRequest: _pull, ...rest } = rig.pull(pull);
    return {
      ...rest,
      trigger: 'rerun',
      eventType: scope === 'check' ? 'check_run' : 'check_suite',
      occurrence: `${scope} ${rig.clock.now()}`,
      actor: { login: actor },
      rerun: { scope, pullRequestNumbers: [pull.number], ...(context === undefined ? {} : { context }) },
    };
  }

  it('of one check run one definition again; of a suite what did not succeed', async () => {
    const { rig, pull } = await opened();
    const [one, two] = await rig.runs();
    assert.ok(one !== undefined && two !== undefined);
    await rig.finish(one);
    await rig.report(one, 'succeeded');
    await rig.finish(two, 'Failed');
    await rig.report(two, 'failed');
    await rig.pass();
    await rig.deliver(rerun(rig, pull, 'org', 'check', `Pipelines as Code CI / ${nameOf(one)} / #1`));
    await rig.pass(1_000);
    assert.deepEqual(await attempts(rig), [`${nameOf(one)} 1`, `${nameOf(one)} 2`, `${nameOf(two)} 1`].sort());
    await rig.deliver(rerun(rig, pull, 'org', 'suite'));
    await rig.pass(1_000);
    assert.deepEqual(
      await attempts(rig),
      [`${nameOf(one)} 1`, `${nameOf(one)} 2`, `${nameOf(two)} 1`, `${nameOf(two)} 2`].sort(),
    );
    const denied = await rig.deliver(rerun(rig, pull, 'stranger', 'suite'));
    await rig.pass(1_000);
    assert.notEqual(await rig.reason(denied), 'Planned');
  });
});
