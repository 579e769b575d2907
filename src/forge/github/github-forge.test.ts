import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/system-clock.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { startGithubHost, type GithubHost } from '../../../test/support/git-hosts/github/github-host.ts';
import { descriptionMissing } from '../../../test/support/git-hosts/github/published-api.ts';
import type { ForgeAccess } from '../forge-directory.ts';
import { ForgeError, type Forge, type StatusReport, type StatusState } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { openForges } from '../open-forges.ts';
import { apiBaseOf } from './github-api.ts';

interface Bench {
  readonly host: GithubHost;
  readonly forge: Forge;
  readonly project: Project;
  readonly sha: string;
  /** A forge under another access. */
  readonly open: (access: ForgeAccess) => Forge;
}

async function setup(
  context: TestContext,
  options: { readonly credential?: 'app' | 'token'; readonly clock?: Clock } = {},
): Promise<Bench> {
  const clock = options.clock ?? systemClock;
  const host = await startGithubHost({ clock, credential: options.credential ?? 'app' });
  const forges = openForges({ clock, random: seededRandom(1), logger: silentLogger });
  context.after(async () => {
    forges.close();
    await host[Symbol.asyncDispose]();
  });
  context.after(() => assert.deepEqual(host.violations, []));
  const project = host.addProject('org', 'app', {
    'README.md': '# app\n',
    '.tekton/pr.yaml': 'a: 1\n',
    '.tekton/sub/b.yaml': 'b: 2\n',
  });
  const sha = host.model.repository('org', 'app')?.branches.get('main') ?? assert.fail('no main');
  return { host, forge: forges.open(host.access), project, sha, open: (access) => forges.open(access) };
}

function report(bench: Bench, state: StatusState, changes: Partial<StatusReport> = {}): StatusReport {
  return {
    project: bench.project,
    sha: bench.sha,
    context: 'CI / build / main',
    externalId: 'run-1',
    state,
    title: `it is ${state}`,
    text: `Details of **${state}**`,
    detailsUrl: 'https://penstock.example/run-1',
    startedAt: '2026-11-21T10:00:00Z',
    annotations: [],
    ...changes,
  };
}

const seen = (bench: Bench): readonly string[] =>
  bench.host.statuses(bench.project, bench.sha).map(({ state, externalId }) => `${state} ${externalId ?? ''}`.trim());

const allStates: readonly StatusState[] = [
  'queued',
  'awaiting_approval',
  'running',
  'succeeded',
  'failed',
  'error',
  'lost',
  'timed_out',
  'cancelled',
  'skipped',
  'superseded',
];

/** Moves virtual time while calls over real sockets are under way. */
async function settled<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  const outcome = { done: false };
  const watched = call.finally(() => {
    outcome.done = true;
  });
  watched.catch(() => undefined);
  for (let turn = 0; !outcome.done; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    // Sockets get some turns before time goes on: deadlines are in virtual time, too.
    if (turn % 200 === 199) await clock.advance(500);
  }
  return watched;
}

describe('what is published', { skip: descriptionMissing ?? false }, () => {
  it('knows calls that must not be', async (context) => {
    const host = await startGithubHost();
    context.after(() => host[Symbol.asyncDispose]());
    host.addProject('org', 'app');
    const authorization = `token ${host.app.userToken}`;
    const call = (path: string, init: RequestInit = {}): Promise<Response> =>
      globalThis.fetch(`${host.url}/api/v3${path}`, { ...init, headers: { authorization } });
    await call('/repos/org/app?nonsense=1');
    await call('/repos/org/app/check-runs', { method: 'POST', body: JSON.stringify({ name: 5 }) });
    await call('/no/such/call');
    assert.equal(host.violations.length, 4, host.violations.join('\n'));
  });
});

describe('check runs of a GitHub App', () => {
  it('show every state in a word of GitHub', async (context) => {
    const bench = await setup(context);
    for (const state of allStates) {
      const posted = await bench.forge.postStatus(
        report(bench, state, { externalId: state, context: state }),
        undefined,
      );
      assert.ok(posted.ok);
      const shown = await bench.forge.readStatus({ ...bench, context: state }, undefined);
      assert.equal(shown?.hostState, bench.forge.hostState(state));
      assert.equal(shown?.title, `it is ${state}`);
      assert.equal(shown?.externalId, state);
      assert.deepEqual(shown?.handle, posted.handle);
    }
    const words = bench.host.statuses(bench.project, bench.sha).map(({ state }) => state);
    assert.deepEqual(words, [
      'queued',
      'queued',
      'in_progress',
      'completed/success',
      'completed/failure',
      'completed/failure',
      'completed/failure',
      'completed/timed_out',
      'completed/cancelled',
      'completed/skipped',
      'completed/cancelled',
    ]);
  });

  it('of one attempt are one check; of the next another', async (context) => {
    const bench = await setup(context);
    const { forge } = bench;
    const first = await forge.postStatus(report(bench, 'queued'), undefined);
    assert.ok(first.ok);
    await forge.postStatus(report(bench, 'running'), first.handle);
    // A handle that was lost is found again.
    await forge.postStatus(report(bench, 'failed', { completedAt: '2026-11-21T10:01:00Z' }), undefined);
    const second = await forge.postStatus(report(bench, 'queued', { externalId: 'run-2' }), first.handle);
    assert.ok(second.ok);
    assert.deepEqual(seen(bench), ['queued run-1', 'in_progress run-1', 'completed/failure run-1', 'queued run-2']);
    assert.equal(bench.host.checks.runs.length, 2);
    assert.equal((await forge.readStatus(report(bench, 'queued'), undefined))?.externalId, 'run-2');
  });

  it('are made anew when the handle leads nowhere', async (context) => {
    const bench = await setup(context);
    const posted = await bench.forge.postStatus(report(bench, 'running'), { checkRunId: '99', externalId: 'run-1' });
    assert.ok(posted.ok);
    assert.deepEqual(seen(bench), ['in_progress run-1']);
  });

  it('are found, and not made twice, when the answer to their making was lost', async (context) => {
    for (const kind of ['accepted-but-500', 'accepted-but-cut'] as const) {
      const bench = await setup(context);
      bench.host.faults.next(/^POST .*\/check-runs/, { kind });
      await assert.rejects(bench.forge.postStatus(report(bench, 'running'), undefined), { code: 'FORGE_UNAVAILABLE' });
      assert.ok((await bench.forge.postStatus(report(bench, 'running'), undefined)).ok);
      assert.equal(bench.host.checks.runs.length, 1, kind);
      assert.equal(
        bench.host.requests.filter((line) => line.startsWith('POST') && line.endsWith('check-runs')).length,
        1,
      );
    }
  });

  it('take annotations by fifties, each once', async (context) => {
    const bench = await setup(context);
    const annotations = Array.from({ length: 120 }, (_, index) => ({
      path: 'src/a.ts',
      line: index + 1,
      message: `finding ${index}`,
      level: 'failure' as const,
    }));
    const ended = report(bench, 'failed', { annotations });
    bench.host.faults.next(/^PATCH .*\/check-runs/, { kind: 'accepted-but-500' });
    await assert.rejects(bench.forge.postStatus(ended, undefined), { code: 'FORGE_UNAVAILABLE' });
    assert.ok((await bench.forge.postStatus(ended, undefined)).ok);
    const [check] = bench.host.checks.runs;
    assert.equal(check?.annotations.length, 120);
    assert.equal(new Set(check?.annotations.map((each) => each['message'])).size, 120);
    assert.deepEqual(seen(bench), ['completed/failure run-1']);
  });

  it('are true even when GitHub refuses a finding', async (context) => {
    const bench = await setup(context);
    const annotations = [{ path: '', line: 1, message: 'no file', level: 'failure' as const }];
    assert.ok((await bench.forge.postStatus(report(bench, 'failed', { annotations }), undefined)).ok);
    assert.deepEqual(seen(bench), ['completed/failure run-1']);
  });

  it('hold no more than GitHub takes', async (context) => {
    const bench = await setup(context);
    const text = `${'ä'.repeat(40_000)}end`;
    assert.ok((await bench.forge.postStatus(report(bench, 'failed', { text, title: 'x'.repeat(500) }), undefined)).ok);
    const summary = bench.host.checks.runs[0]?.summary ?? '';
    assert.ok(Buffer.byteLength(summary) <= 65_535);
    assert.match(summary, /^ä+…$/);
  });

  it('are refused for a commit that is not there', async (context) => {
    const bench = await setup(context);
    const outcome = await bench.forge
      .postStatus(report(bench, 'running', { sha: 'f'.repeat(40) }), undefined)
      .catch((thrown: unknown) => thrown);
    assert.ok(!(outcome instanceof Error), String(outcome));
    assert.deepEqual(Object.keys(outcome as object), ['ok', 'refused']);
  });
});

describe('commit statuses of a token', () => {
  it('show every state in a word of GitHub', async (context) => {
    const bench = await setup(context, { credential: 'token' });
    for (const state of allStates) {
      assert.ok((await bench.forge.postStatus(report(bench, state, { context: state }), undefined)).ok);
      const shown = await bench.forge.readStatus({ ...bench, context: state }, undefined);
      assert.equal(shown?.hostState, bench.forge.hostState(state));
    }
    assert.deepEqual(seen(bench), [
      'pending',
      'pending',
      'pending',
      'success',
      'failure',
      'error',
      'error',
      'failure',
      'error',
      'success',
      'error',
    ]);
  });

  it('say it in 140 characters on one line', async (context) => {
    const bench = await setup(context, { credential: 'token' });
    const title = `first\nsecond ${'😀'.repeat(200)}`;
    assert.ok((await bench.forge.postStatus(report(bench, 'failed', { title }), undefined)).ok);
    const shown = await bench.forge.readStatus(report(bench, 'failed'), undefined);
    assert.match(shown?.title ?? '', /^first second 😀+…$/u);
    assert.equal(shown?.detailsUrl, 'https://penstock.example/run-1');
  });

  it('are refused, and say why, when there are too many', async (context) => {
    const bench = await setup(context, { credential: 'token' });
    const repository = bench.host.model.repository('org', 'app') ?? assert.fail();
    const body = { state: 'pending', context: 'CI / build / main' };
    for (let count = 0; count < 1000; count++) bench.host.checks.postStatus(repository, bench.sha, body, 'somebody');
    const outcome = await bench.forge.postStatus(report(bench, 'failed'), undefined);
    assert.match(outcome.ok ? '' : outcome.refused, /maximum number of statuses/);
  });
});

describe('the contents of a repository', () => {
  it('are read at a commit, all levels of a folder', async (context) => {
    const { host, forge, project, sha } = await setup(context);
    host.commit(project, 'main', { '.tekton/pr.yaml': 'a: 2\n' });
    const files = await forge.readFolder(project, sha, '.tekton');
    assert.deepEqual(files, [
      { path: '.tekton/pr.yaml', text: 'a: 1\n' },
      { path: '.tekton/sub/b.yaml', text: 'b: 2\n' },
    ]);
    assert.deepEqual(await forge.readFolder(project, sha, '.tekton/sub'), [
      { path: '.tekton/sub/b.yaml', text: 'b: 2\n' },
    ]);
    assert.deepEqual(await forge.readFolder(project, sha, 'none'), []);
    assert.equal(await forge.readFile(project, sha, '.tekton/pr.yaml'), 'a: 1\n');
    assert.equal(await forge.readFile(project, sha, 'none'), undefined);
    assert.equal(await forge.readFile(project, sha, '.tekton'), undefined);
  });

  it('are not asked for again when they did not change', async (context) => {
    const { host, forge, project, sha } = await setup(context);
    await forge.readFolder(project, sha, '.tekton');
    const next = host.commit(project, 'main', { other: 'x' });
    const before = host.requests.length;
    await forge.readFolder(project, next, '.tekton');
    assert.deepEqual(
      host.requests.slice(before).map((line) => line.replace(/trees\/.*/, 'trees')),
      ['GET /api/v3/repos/org/app/git/trees'],
    );
    const changed = host.commit(project, 'main', { '.tekton/pr.yaml': 'a: 3\n' });
    const files = await forge.readFolder(project, changed, '.tekton');
    assert.deepEqual(files, [
      { path: '.tekton/pr.yaml', text: 'a: 3\n' },
      { path: '.tekton/sub/b.yaml', text: 'b: 2\n' },
    ]);
  });

  it('have limits', async (context) => {
    const { host, forge, project } = await setup(context);
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`many/${index}.yaml`, 'x']));
    const sha = host.commit(project, 'main', { ...many, 'large/file': 'x'.repeat(1024 * 1024 + 1) });
    const tooLarge = { code: 'FORGE_TOO_LARGE' };
    await assert.rejects(forge.readFolder(project, sha, 'many'), tooLarge);
    await assert.rejects(forge.readFolder(project, sha, 'large'), tooLarge);
    await assert.rejects(forge.readFile(project, sha, 'large/file'), tooLarge);
  });

  it('are known by refs of all kinds', async (context) => {
    const { host, forge, project, sha } = await setup(context);
    const tip = host.commit(project, 'feature/x', { a: '1' }, { message: 'Add a\n\nand more', author: 'ada' });
    host.webhooks.tag(project, 'v1', sha, 'ada');
    assert.equal((await forge.readRevision(project, 'refs/tags/v1'))?.sha, sha);
    assert.equal((await forge.readRevision(project, sha))?.sha, sha);
    assert.equal((await forge.readRevision(project, 'refs/heads/feature/x'))?.sha, tip);
    const revision = await forge.readRevision(project, 'feature/x');
    assert.deepEqual([revision?.sha, revision?.title, revision?.author], [tip, 'Add a', 'ada']);
    assert.equal(revision?.url, `${project.url}/commit/${tip}`);
    assert.equal(await forge.readRevision(project, 'nope'), undefined);
    assert.equal(await forge.readRevision(project, 'f'.repeat(40)), undefined);
    assert.deepEqual(await forge.readProject(project), project);
  });
});

describe('changed files', () => {
  it('of a push are those of all its commits', async (context) => {
    const { host, forge, project, sha } = await setup(context);
    host.commit(project, 'main', { one: '1' });
    const after = host.commit(project, 'main', { 'README.md': 'new', '.tekton/pr.yaml': '', moved: 'a: 1\n' });
    assert.deepEqual(await forge.changedFiles(project, { kind: 'push', before: sha, after }), {
      added: ['one'],
      modified: ['README.md'],
      deleted: [],
      renamed: ['moved'],
      truncated: false,
    });
  });

  it('of a new branch are those since it left the default branch', async (context) => {
    const { host, forge, project, sha } = await setup(context);
    host.commit(project, 'topic', { a: '1' });
    const after = host.commit(project, 'topic', { b: '2' });
    assert.deepEqual((await forge.changedFiles(project, { kind: 'push', after })).added, ['a', 'b']);
    // Nothing of its own: what its last commit did.
    assert.deepEqual((await forge.changedFiles(project, { kind: 'push', after: sha })).added.length, 3);
  });

  it('of a push whose start is gone are not known', async (context) => {
    const { forge, project, sha } = await setup(context);
    const files = await forge.changedFiles(project, { kind: 'push', before: 'e'.repeat(40), after: sha });
    assert.equal(files.truncated, true);
  });

  it('of a pull request are paged, and cut short when GitHub does', async (context) => {
    const { host, forge, project } = await setup(context);
    const filesOf = async (count: number) => {
      const files = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, `${count} ${index}`]));
      host.commit(project, `with-${count}`, files);
      const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: `with-${count}` });
      const pull = await forge.readPullRequest(project, number);
      return forge.changedFiles(project, { kind: 'pull_request', number, headSha: pull?.headSha ?? '' });
    };
    const some = await filesOf(150);
    assert.deepEqual([some.added.length, some.truncated], [150, false]);
    const many = await filesOf(3001);
    assert.deepEqual([many.added.length, many.truncated], [3000, true]);
  });
});

describe('pull requests', () => {
  it('are read with the project of their head', async (context) => {
    const { host, forge, project } = await setup(context);
    const fork = host.fork(project, 'guest');
    const head = host.commit(fork, 'fix', { a: '1' });
    const { number } = host.webhooks.openPullRequest(project, {
      author: 'guest',
      head: 'fix',
      from: fork,
      title: 'Fix',
    });
    host.webhooks.label(project, number, 'ready', 'guest');
    const pull = await forge.readPullRequest(project, number);
    assert.equal(pull?.headSha, head);
    assert.equal(pull?.headProject.url, fork.url);
    assert.deepEqual([pull?.title, pull?.author.login, pull?.labels, pull?.state], ['Fix', 'guest', ['ready'], 'open']);
    assert.deepEqual(await forge.pullRequestsOf(project, head), [pull]);
    host.webhooks.close(project, number, 'guest');
    assert.equal((await forge.readPullRequest(project, number))?.state, 'closed');
    assert.deepEqual(await forge.pullRequestsOf(project, head), []);
    assert.equal(await forge.readPullRequest(project, 99), undefined);
  });

  it('have comments: the newest 500, oldest first', async (context) => {
    const { host, forge, project } = await setup(context);
    host.commit(project, 'topic', { a: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'topic' });
    for (let count = 1; count <= 620; count++) host.webhooks.comment(project, number, `comment ${count}`, 'ada');
    const comments = await forge.readComments(project, number);
    assert.equal(comments.at(-1)?.body, 'comment 620');
    assert.equal(comments[0]?.body, 'comment 201');
    assert.equal(comments[0]?.author.login, 'ada');
  });

  it('get a comment of ours once, which is changed from then on', async (context) => {
    for (const credential of ['app', 'token'] as const) {
      const { host, forge, project } = await setup(context, { credential });
      host.commit(project, 'topic', { a: '1' });
      const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'topic' });
      host.webhooks.comment(project, number, 'I quote <!-- mark -->', 'ada');
      const put = (body: string): Promise<void> =>
        forge.putComment({ project, pullRequest: number, marker: 'mark', body });
      await put('one');
      host.faults.next(/^PATCH .*\/comments/, { kind: 'accepted-but-500' });
      await assert.rejects(put('two'), { code: 'FORGE_UNAVAILABLE' });
      await put('two');
      const comments = host.comments(project, number);
      assert.equal(comments.length, 2);
      assert.match(comments[1]?.body ?? '', /two/);
      assert.equal(comments[1]?.author, credential === 'app' ? 'penstock-test[bot]' : 'penstock-bot');
    }
  });
});

describe('standing', () => {
  it('is what GitHub lets somebody do, not what they belong to', async (context) => {
    const { host, forge, project } = await setup(context);
    host.addUser('writer', { writes: [project] });
    host.addUser('member', { teams: ['core'] });
    assert.equal(await forge.standing(project, { login: 'writer' }), 'write');
    assert.equal(await forge.standing(project, { login: 'org' }), 'write');
    assert.equal(await forge.standing(project, { login: 'member' }), 'read');
    assert.equal(await forge.standing(project, { login: 'nobody' }), 'none');
  });

  it('is not that of somebody who took a name over', async (context) => {
    const { host, forge, project } = await setup(context);
    host.addUser('writer', { writes: [project] });
    const id = String(host.model.user('writer').id);
    assert.equal(await forge.standing(project, { login: 'writer', id }), 'write');
    assert.equal(await forge.standing(project, { login: 'writer', id: '1' }), 'none');
  });

  it('in a team of the organisation', async (context) => {
    const { host, forge, project } = await setup(context);
    host.addUser('member', { teams: ['core'] });
    host.addUser('guest');
    const inTeam = (team: string, login: string): Promise<boolean | undefined> =>
      forge.isTeamMember(project, team, { login });
    assert.equal(await inTeam('core', 'member'), true);
    assert.equal(await inTeam('org/core', 'member'), true);
    assert.equal(await inTeam('core', 'guest'), false);
    assert.equal(await inTeam('none', 'member'), undefined);
    assert.equal(await inTeam('other/core', 'member'), undefined);
  });
});

describe('tokens of a GitHub App', () => {
  it('for steps read the contents of this repository and nothing else', async (context) => {
    const { host, forge, project, sha, open } = await setup(context);
    const other = host.addProject('org', 'other');
    const credential = await forge.gitCredential(project, []);
    assert.equal(credential?.username, 'x-access-token');
    assert.ok(Date.parse(credential?.expiresAt ?? '') > systemClock.now() + 50 * 60_000);
    const asStep = open({ ...host.access, credential: { type: 'token', token: credential?.token ?? '' } });
    assert.equal(await asStep.readFile(project, sha, 'README.md'), '# app\n');
    assert.equal(await asStep.readProject(other), undefined);
    const status = asStep.postStatus({ ...report({ host, forge, project, sha, open }, 'succeeded') }, undefined);
    await assert.rejects(status, { code: 'FORGE_FORBIDDEN' });
    const wider = await forge.gitCredential(project, ['org/other']);
    const asWider = open({ ...host.access, credential: { type: 'token', token: wider?.token ?? '' } });
    assert.ok(await asWider.readProject(other));
    await assert.rejects(forge.gitCredential(project, ['somebody/else']), { code: 'FORGE_REFUSED' });
  });

  it('read other projects on behalf of the one they are for: what is public, and nothing that the App alone may', async (context) => {
    const { host, forge, project } = await setup(context);
    const secret = host.addProject('org', 'secret', { 'task.yaml': 'kind: Task\n' });
    const shared = host.addProject('tektoncd', 'catalog', { 'task.yaml': 'kind: Task\n' });
    const catalog = host.model.repository('tektoncd', 'catalog') ?? assert.fail('no catalog');
    catalog.isElsewhere = true;
    const shas = [catalog, host.model.repository('org', 'secret')].map((each) => each?.branches.get('main') ?? '');
    const reading = (await forge.readingFor?.(project)) ?? assert.fail('an App reads for somebody');
    assert.equal((await reading.readRevision(shared, 'main'))?.sha, shas[0]);
    assert.equal(await reading.readFile(shared, shas[0] ?? '', 'task.yaml'), 'kind: Task\n');
    assert.equal(await reading.readRevision(secret, 'main'), undefined);
    assert.equal(await reading.readFile(secret, shas[1] ?? '', 'task.yaml'), undefined);
    await assert.rejects(forge.readFile(shared, shas[0] ?? '', 'task.yaml'), { code: 'FORGE_REFUSED' });
  });

  it('reach all that the App is installed in only when that is asked for', async (context) => {
    const { host, forge, project, open } = await setup(context);
    const other = host.addProject('org', 'other');
    for (const [further, reached] of [
      [[], false],
      ['all', true],
    ] as const) {
      const credential = await forge.gitCredential(project, further);
      const asStep = open({ ...host.access, credential: { type: 'token', token: credential?.token ?? '' } });
      assert.equal((await asStep.readProject(other)) !== undefined, reached);
    }
  });

  it('are fetched once, and anew before they end', async (context) => {
    const clock = new VirtualClock();
    const { host, forge, project } = await setup(context, { clock });
    const issued = (): number => host.requests.filter((line) => line.endsWith('access_tokens')).length;
    await settled(clock, Promise.all([forge.readProject(project), forge.readProject(project)]));
    await settled(clock, forge.readProject(project));
    assert.equal(issued(), 1);
    await clock.advance(56 * 60_000);
    await settled(clock, forge.readProject(project));
    assert.equal(issued(), 2);
  });

  it('that are refused are fetched anew, once', async (context) => {
    const { host, forge, project } = await setup(context);
    await forge.readProject(project);
    host.app.revokeTokens();
    assert.ok(await forge.readProject(project));
    host.faults.next(/^GET .*\/repos\/org\/app$/, { kind: 'expired-token' }, 5);
    await assert.rejects(forge.readProject(project), { code: 'FORGE_UNAUTHORIZED' });
  });

  it('are found by the repository when the event does not say the installation', async (context) => {
    const { host, project, open } = await setup(context);
    const { credential } = host.appAccess;
    assert.ok(credential.type === 'github-app');
    const { installationId, ...rest } = credential;
    assert.ok(installationId);
    const forge = open({ ...host.appAccess, credential: rest });
    assert.deepEqual(await forge.readProject(project), project);
    await assert.rejects(forge.readProject({ ...project, name: 'gone' }), /is not installed at org\/gone/);
  });

  it('need a key that is one', async (context) => {
    const { host, project, open } = await setup(context);
    const forge = open({
      ...host.appAccess,
      credential: { type: 'github-app', applicationId: 1, privateKey: 'no key' },
    });
    const thrown = await forge.readProject(project).catch((error: unknown) => error);
    assert.ok(thrown instanceof ForgeError);
    assert.equal(thrown.code, 'FORGE_UNAUTHORIZED');
    assert.doesNotMatch(thrown.message, /no key/);
  });
});

describe('a host in trouble', () => {
  it('is asked again when it answers a read with 5xx', async (context) => {
    const { host, forge, project } = await setup(context);
    host.faults.next(/^GET .*\/repos\/org\/app$/, { kind: 'status', code: 502 }, 2);
    assert.ok(await forge.readProject(project));
  });

  it('that asks to wait is not asked before; the time is virtual', async (context) => {
    const clock = new VirtualClock();
    const bench = await setup(context, { credential: 'token', clock });
    const start = clock.monotonicMs();
    bench.host.faults.next(/^POST .*\/statuses/, { kind: 'status', code: 429, retryAfterSeconds: 20 });
    const posted = await settled(clock, bench.forge.postStatus(report(bench, 'running'), undefined));
    assert.ok(posted.ok);
    assert.ok(clock.monotonicMs() - start >= 20_000);
    assert.deepEqual(seen(bench), ['pending']);
  });

  it('that asks to wait too long is left alone, and the caller told for how long', async (context) => {
    const clock = new VirtualClock();
    const bench = await setup(context, { credential: 'token', clock });
    Object.assign(bench.host.limit, { remaining: 0, resetAtMs: clock.now() + 600_000 });
    const failed = bench.forge.readProject(bench.project).catch((thrown: unknown) => thrown);
    const error = await settled(clock, failed);
    assert.ok(error instanceof ForgeError);
    assert.equal(error.code, 'FORGE_RATE_LIMITED');
    assert.ok((error.retryAfterMs ?? 0) > 500_000);
    const asked = bench.host.requests.length;
    await assert.rejects(settled(clock, bench.forge.readProject(bench.project)), { code: 'FORGE_RATE_LIMITED' });
    assert.equal(bench.host.requests.length, asked);
    await clock.advance(601_000);
    assert.ok(await settled(clock, bench.forge.readProject(bench.project)));
  });

  it('that refuses writes for a secondary limit gets them later', async (context) => {
    const clock = new VirtualClock();
    const bench = await setup(context, { clock });
    await settled(clock, bench.forge.readProject(bench.project));
    bench.host.refuseWrites(1, 5);
    assert.ok((await settled(clock, bench.forge.postStatus(report(bench, 'running'), undefined))).ok);
    bench.host.refuseWrites(1);
    const failed = bench.forge.postStatus(report(bench, 'failed'), undefined).catch((thrown: unknown) => thrown);
    const error = await settled(clock, failed);
    assert.ok(error instanceof ForgeError && error.problem === 'rate-limited', String(error));
    assert.deepEqual(seen(bench), ['in_progress run-1']);
  });

  it('that is slow beyond the limit has not answered', async (context) => {
    const clock = new VirtualClock();
    const bench = await setup(context, { credential: 'token', clock });
    bench.host.faults.next(/^POST .*\/statuses/, { kind: 'slow', milliseconds: 90_000 });
    const failed = bench.forge.postStatus(report(bench, 'running'), undefined);
    await assert.rejects(settled(clock, failed), { code: 'FORGE_UNAVAILABLE' });
  });

  it('that is down says so, without secrets', async (context) => {
    const bench = await setup(context, { credential: 'token' });
    const outage = bench.host.faults.outage();
    await assert.rejects(bench.forge.postStatus(report(bench, 'running'), undefined), (error: ForgeError) => {
      assert.equal(error.problem, 'unavailable');
      assert.match(error.message, /^127\.0\.0\.1:\d+: POST \/repos\/org\/app\/statuses\/[0-9a-f]{40}: HTTP status 503/);
      assert.ok(!error.message.includes(bench.host.app.userToken));
      return error.passing;
    });
    outage.end();
    assert.ok((await bench.forge.postStatus(report(bench, 'running'), undefined)).ok);
  });
});

describe('the base of the API', () => {
  it('is a host of its own for github.com and Enterprise Cloud, and a path else', () => {
    const base = (webUrl: string, apiUrl?: string): string => apiBaseOf({ webUrl, ...(apiUrl ? { apiUrl } : {}) });
    assert.equal(base('https://github.com'), 'https://api.github.com');
    assert.equal(base('https://github.com', 'https://api.github.com'), 'https://api.github.com');
    assert.equal(base('https://corp.ghe.com'), 'https://api.corp.ghe.com');
    assert.equal(base('https://git.corp'), 'https://git.corp/api/v3');
    assert.equal(base('https://git.corp', 'https://git.corp/api/v3/'), 'https://git.corp/api/v3');
  });
});

describe('the directory', () => {
  it('gives the same forge for the same access', async (context) => {
    const { host, open, forge } = await setup(context);
    assert.equal(open({ ...host.access }), forge);
    assert.notEqual(open(host.tokenAccess), forge);
    assert.throws(() => open({ kind: 'git', webUrl: 'file://', credential: { type: 'none' } }), {
      code: 'FORGE_REFUSED',
    });
  });
});
