import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForgeError } from '../../forge/forge.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import { runKeys } from '../../forge/kinds/run-keys.ts';
import { definition, onPull, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = { '.tekton/build.yaml': definition('build', onPush), '.tekton/pull.yaml': definition('pull', onPull) };
const hour = 3_600_000;

async function definitionsRun(rig: PlannerRig): Promise<readonly string[]> {
  return (await rig.runs()).map(({ metadata }) => metadata.annotations?.[runKeys.originalName] ?? '');
}

describe('deliveries', () => {
  it('that tell the same twice, one after the other or at once, lead to one run', async () => {
    const rig = await PlannerRig.create(files);
    const event = rig.push();
    const names = [await rig.deliver(event), await rig.deliver(event)];
    await rig.pass();
    names.push(await rig.deliver(event));
    await rig.pass();
    assert.equal((await rig.runs()).length, 1);
    const reasons = await Promise.all(names.map(async (name) => (await rig.reason(name)) ?? ''));
    assert.deepEqual(reasons.sort(), ['Duplicate', 'Duplicate', 'Planned']);
  });

  it('that ask for the same commit again at another occasion lead to a new attempt', async () => {
    const rig = await PlannerRig.create(files);
    await rig.deliver(rig.push());
    await rig.pass();
    const again = await rig.deliver(rig.push('main', { occurrence: 'pushed back and forth' }));
    await rig.pass();
    assert.equal((await rig.runs()).length, 2);
    assert.equal((await rig.status(again)).runs?.[0]?.attempt, 2);
  });

  it('of one repository, many at once, each lead to their own runs', async () => {
    const rig = await PlannerRig.create(files);
    const events: GitEvent[] = [];
    for (let index = 0; index < 20; index++) {
      rig.app.commit('main', { a: String(index) });
      events.push(rig.push());
    }
    for (const event of events) await rig.deliver(event);
    await rig.pass(1_000);
    assert.equal((await rig.runs()).length, 20);
  });

  it('that no Repository is about lead to nothing, and say so', async () => {
    const rig = await PlannerRig.create(files);
    const other = rig.model.addRepository('org', 'other');
    const event = rig.push();
    const project = { ...event.project, url: `https://github.com/${other.fullName}` };
    const name = await rig.deliver({ ...event, project });
    await rig.pass();
    assert.equal(await rig.reason(name), 'NoRepository');
    assert.equal(rig.host.calls.length, 0);
  });

  it('find their Repository however its address is spelt', async () => {
    const rig = await PlannerRig.create(files, { repository: { url: 'https://GitHub.com/Org/App.git/' } });
    const names = [await rig.deliver(rig.push()), await rig.deliver(rig.push(), { verifiedBy: 'ci/app' })];
    await rig.pass();
    const reasons = await Promise.all(names.map((name) => rig.reason(name)));
    assert.deepEqual(reasons.map(String).sort(), ['Duplicate', 'Planned']);
  });

  it('concern the Repository whose secret verified them, else the oldest', async () => {
    const rig = await PlannerRig.create(files);
    await rig.pass(5_000);
    await rig.repository('younger', { git_provider: { type: 'github', secret: { name: 'token' } } });
    await rig.pass();
    await rig.deliver(rig.push());
    await rig.deliver(rig.push('main', { occurrence: 'b' }), { verifiedBy: 'ci/younger' });
    const stranger = await rig.deliver(rig.push('main', { occurrence: 'c' }), { verifiedBy: 'other/else' });
    await rig.pass();
    const owners = (await rig.runs()).map(({ metadata }) => metadata.labels?.[runKeys.repository] ?? '');
    assert.deepEqual([...owners].sort(), ['app', 'younger']);
    assert.equal(await rig.reason(stranger), 'NoRepository');
  });

  it('wait for a host that is down for hours, visibly, and then lead to their runs', async () => {
    const rig = await PlannerRig.create(files);
    rig.host.down = true;
    const name = await rig.deliver(rig.push());
    await rig.pass(6 * hour);
    const waiting = await rig.status(name);
    assert.equal(waiting.lastError, 'HTTP status 503');
    assert.ok((waiting.tries ?? 0) > 10 && (waiting.tries ?? 0) < 200, String(waiting.tries));
    assert.equal(waiting.notices, undefined);
    rig.host.down = false;
    await rig.pass(10 * 60_000);
    const { phase, lastError, nextTryAt } = await rig.status(name);
    assert.deepEqual([phase, lastError, nextTryAt], ['Done', undefined, undefined]);
    assert.equal((await rig.runs()).length, 1);
  });

  it('are given up after a day, with the reason', async () => {
    const rig = await PlannerRig.create(files);
    rig.host.down = true;
    const name = await rig.deliver(rig.push());
    await rig.pass(25 * hour);
    const status = await rig.status(name);
    assert.equal(status.phase, 'Failed');
    assert.match(status.outcomes?.[0]?.message ?? '', /given up after 24 hours: HTTP status 503/);
    assert.equal(status.notices?.[0]?.state, 'error');
  });

  it('wait as long as a host asks', async () => {
    const rig = await PlannerRig.create(files);
    rig.host.failures.push(new ForgeError('rate-limited', 'HTTP status 429', { retryAfterMs: 600_000 }));
    await rig.deliver(rig.push());
    await rig.pass(599_000);
    assert.equal((await rig.runs()).length, 0);
    await rig.pass(2_000);
    assert.equal((await rig.runs()).length, 1);
  });
});

describe('definitions', () => {
  it('are known and matched by what placeholders stand for, also when they are read again after a crash', async () => {
    const rules = {
      'on-event': '[{{ kind }}]',
      'on-target-branch': 'refs/heads/{{ target_branch }}',
      'cancel-in-progress': '{{ cancels }}',
      'on-label': '{{ secret }}',
    };
    const { 'on-label': _label, ...plain } = rules;
    const params = [
      { name: 'kind', value: 'push' },
      { name: 'cancels', value: 'true' },
      { name: 'secret', secret_ref: { name: 'token', key: 'provider.token' } },
    ];
    const rig = await PlannerRig.create(
      {
        '.tekton/a.yaml': definition('{{ repo_name }}-{{ body.stage }}', plain),
        '.tekton/b.yaml': definition('{{ secret }}-b', plain),
        '.tekton/c.yaml': definition('c', rules),
      },
      { repository: { params } },
    );
    rig.interfere = (request, next) => {
      if (request.method === 'POST' && request.path.endsWith('/pipelineruns')) rig.crash();
      return next(request);
    };
    const name = await rig.deliver(rig.push(), {}, { stage: 'test' });
    await rig.pass();
    rig.interfere = (request, next) => next(request);
    await rig.start();
    await rig.pass(5_000);
    assert.equal((await rig.status(name)).phase, 'Done');
    assert.deepEqual([...(await definitionsRun(rig))].sort(), ['app-test', '{{ secret }}-b']);
    const planned = (await rig.status(name)).runs ?? [];
    assert.deepEqual(
      planned.map(({ outcome, supersedes }) => [['created', 'adopted'].includes(outcome), supersedes]),
      [
        [true, true],
        [true, true],
      ],
    );
    assert.ok(planned.some(({ target }) => target.context.includes('/ app-test /')));
  });

  it('that are wrong fail by themselves, in a context of their own, and name the place', async () => {
    const rig = await PlannerRig.create({
      ...files,
      '.tekton/expression.yaml': definition('expression', { 'on-cel-expression': 'event ==' }),
      '.tekton/missing.yaml': `apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: missing\n  annotations:\n    pipelinesascode.tekton.dev/on-event: push\n    pipelinesascode.tekton.dev/on-target-branch: main\nspec:\n  pipelineRef: {name: nowhere}\n`,
      '.tekton/broken.yaml': 'a: [\n',
    });
    const name = await rig.deliver(rig.push());
    await rig.pass();
    assert.deepEqual(await definitionsRun(rig), ['build']);
    const { notices = [], phase } = await rig.status(name);
    assert.equal(phase, 'Done');
    const told = Object.fromEntries(notices.map(({ target, state, title }) => [target.context, `${state}: ${title}`]));
    assert.deepEqual(Object.keys(told).sort(), [
      'Pipelines as Code CI / .tekton/broken.yaml / main',
      'Pipelines as Code CI / expression / main',
      'Pipelines as Code CI / missing / main',
    ]);
    assert.match(
      told['Pipelines as Code CI / .tekton/broken.yaml / main'] ?? '',
      /^error: \.tekton\/broken\.yaml:\d+:\d+: /,
    );
    assert.match(
      told['Pipelines as Code CI / missing / main'] ?? '',
      /^error: \.tekton\/missing\.yaml:9:\d+: there is no Pipeline "nowhere"/,
    );
  });

  it('that are too many are told at the commit', async () => {
    const rig = await PlannerRig.create(files);
    rig.host.before = (call) => {
      if (call.startsWith('readFolder'))
        throw new ForgeError('too-large', '.tekton has 500 files; at most 200 are read');
    };
    const name = await rig.deliver(rig.push());
    await rig.pass();
    const { notices = [], phase } = await rig.status(name);
    assert.equal(phase, 'Done');
    assert.deepEqual(
      notices.map(({ target, state, title }) => [target.context, state, title]),
      [['Pipelines as Code CI / .tekton / main', 'error', '.tekton has 500 files; at most 200 are read']],
    );
  });

  it('that are right again clear what was said of the commit as a whole', async () => {
    const rig = await PlannerRig.create(files);
    rig.app.commit('feature', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    rig.host.before = (call) => {
      if (call.startsWith('readFolder')) throw new ForgeError('refused', 'the host is being repaired');
    };
    const failed = await rig.deliver(rig.pull(pull));
    await rig.pass();
    const [said] = (await rig.status(failed)).notices ?? [];
    assert.equal(said?.state, 'error');
    await rig.reportNotice(said);
    rig.host.before = () => undefined;
    const again = await rig.deliver(rig.comment(pull, 'org', '/test'));
    await rig.pass();
    const { notices = [], outcomes = [] } = await rig.status(again);
    assert.equal(outcomes[0]?.reason, 'Planned');
    assert.deepEqual(
      notices.map(({ target, state, attempt }) => [target.context, state, attempt]),
      [['Pipelines as Code CI / .tekton / #1', 'skipped', 2]],
    );
  });

  it('are those of the default branch where the policy says so', async () => {
    const rig = await PlannerRig.create(files, {
      repository: { settings: { pipelinerun_provenance: 'default_branch' } },
    });
    rig.app.commit('feature', { '.tekton/pull.yaml': definition('pull', onPull, 'echo changed') });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    const name = await rig.deliver(rig.pull(pull));
    await rig.pass();
    const [run] = await rig.runs();
    assert.doesNotMatch(JSON.stringify(run?.spec), /echo changed/);
    assert.equal((await rig.status(name)).pins?.[0]?.definitionsSha, rig.app.resolve('main')?.sha);
  });

  it('run under the Repository of the namespace they name', async () => {
    const rig = await PlannerRig.create({
      '.tekton/there.yaml': definition('there', { ...onPush, 'target-namespace': 'other' }),
      '.tekton/here.yaml': definition('here', onPush),
    });
    const data = { 'provider.token': 't' };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'token', namespace: 'other' },
      stringData: data,
    };
    await rig.client.create(
      { group: '', version: 'v1', resource: 'secrets', kind: 'Secret', namespaced: true },
      secret,
    );
    await rig.pass(2_000);
    await rig.repository('app', {}, 'other');
    await rig.pass();
    await rig.deliver(rig.push());
    await rig.pass();
    const places = (await rig.runs()).map(
      ({ metadata }) => `${metadata.namespace} ${metadata.annotations?.[runKeys.originalName]}`,
    );
    assert.deepEqual([...places].sort(), ['ci here', 'other there']);
  });
});

describe('commits', () => {
  it('whose message says so are skipped, and shown as skipped', async () => {
    const rig = await PlannerRig.create(files);
    rig.app.commit('main', { a: '1' }, { message: 'docs\n\n[skip ci]' });
    const name = await rig.deliver(rig.push());
    await rig.pass();
    assert.equal((await rig.runs()).length, 0);
    assert.equal(await rig.reason(name), 'SkippedByMessage');
    assert.equal((await rig.status(name)).notices?.[0]?.state, 'skipped');
  });

  it('are run all the same by a schedule and for a merge queue, which nobody skips', async () => {
    const rules = { 'on-event': '[schedule, merge_group]', 'on-target-branch': '*' };
    const rig = await PlannerRig.create({ '.tekton/any.yaml': definition('any', rules) });
    rig.app.commit('main', { a: '1' }, { message: 'release 1.2 [skip ci]' });
    const { push: _push, revision: _revision, ...event } = rig.push();
    const at = new Date(rig.clock.now()).toISOString();
    const schedule = { name: 'nightly', branch: 'main', at, params: {} };
    const names = [
      await rig.deliver({ ...event, trigger: 'schedule', occurrence: 'a', schedule }),
      await rig.deliver({ ...rig.push(), trigger: 'merge_group', occurrence: 'b' }),
    ];
    await rig.pass();
    for (const name of names) assert.equal(await rig.reason(name), 'Planned');
    assert.equal((await rig.runs()).length, 2);
  });

  it('of an open pull request are not run as a push of their branch as well', async () => {
    const rig = await PlannerRig.create({
      '.tekton/any.yaml': definition('any', { 'on-event': 'push', 'on-target-branch': '*' }),
    });
    rig.app.commit('feature', { a: '1' });
    rig.app.openPullRequest({ author: 'org', head: 'feature' });
    const name = await rig.deliver(rig.push('feature'));
    const main = await rig.deliver(rig.push('main'));
    await rig.pass();
    assert.equal(await rig.reason(name), 'PushOfPullRequest');
    assert.equal(await rig.reason(main), 'Planned');
  });

  it("of a stranger's pull request do not keep a push of theirs from being run", async () => {
    const rig = await PlannerRig.create({
      '.tekton/any.yaml': definition('any', { 'on-event': 'push', 'on-target-branch': '*' }),
    });
    const fork = rig.model.fork(rig.app, 'guest');
    fork.branches.set('release', rig.app.branches.get('main') ?? '');
    rig.app.openPullRequest({ author: 'guest', head: 'release', from: fork });
    rig.app.branches.set('release', rig.app.branches.get('main') ?? '');
    const name = await rig.deliver(rig.push('release'));
    await rig.pass();
    assert.equal(await rig.reason(name), 'Planned');
  });

  it('of a comment are those that were the head when it was first looked up', async () => {
    const rig = await PlannerRig.create(files);
    const first = rig.app.commit('feature', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    rig.host.before = (call) => {
      if (call.startsWith('readFolder')) throw new ForgeError('unavailable', 'HTTP status 503');
    };
    await rig.deliver(rig.comment(pull, 'org', '/test'));
    await rig.pass();
    rig.app.commit('feature', { a: '2' });
    rig.host.before = () => undefined;
    await rig.pass(60_000);
    const [run] = await rig.runs();
    assert.equal(run?.metadata.annotations?.[runKeys.sha], first);
  });
});

describe('other events', () => {
  it('start a definition by name: incoming and schedule', async () => {
    const rig = await PlannerRig.create(files);
    const { revision: _revision, push: _push, ...rest } = rig.push();
    const params = {};
    await rig.deliver(
      {
        ...rest,
        trigger: 'incoming',
        eventType: 'incoming',
        incoming: { repository: 'app', branch: 'main', pipelineRun: 'pull', params },
      },
      { verifiedBy: 'ci/app' },
    );
    await rig.deliver(
      {
        ...rest,
        trigger: 'schedule',
        eventType: 'schedule',
        schedule: { name: 'nightly', branch: '', at: '2026-01-01T00:00:00Z', pipelineRun: 'build', params },
      },
      { verifiedBy: 'ci/app' },
    );
    await rig.pass();
    assert.deepEqual([...(await definitionsRun(rig))].sort(), ['build', 'pull']);
    assert.deepEqual(
      (await rig.runs()).map(({ metadata }) => metadata.annotations?.[runKeys.sha]),
      [rig.app.resolve('main')?.sha, rig.app.resolve('main')?.sha],
    );
  });

  it('of a merge queue run what is for it', async () => {
    const rig = await PlannerRig.create({
      '.tekton/queue.yaml': definition('queue', { 'on-event': 'merge_group', 'on-target-branch': 'main' }),
    });
    const sha = rig.app.commit('gh-readonly-queue/main/pr-1', { a: '1' });
    const event = rig.push('gh-readonly-queue/main/pr-1');
    await rig.deliver({ ...event, trigger: 'merge_group', push: { ref: event.push?.ref ?? '', baseBranch: 'main' } });
    await rig.pass();
    assert.equal((await rig.runs())[0]?.metadata.annotations?.[runKeys.sha], sha);
  });
});
