import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startGitea } from '../../../test/support/git-hosts/gitea/simulated-gitea.ts';
import type { SimulatedGitea } from '../../../test/support/git-hosts/gitea/simulated-gitea.ts';
import { openForge, settledInTime } from '../../../test/support/git-hosts/opened-forge.ts';
import type { OpenedForge } from '../../../test/support/git-hosts/opened-forge.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { folderFilesMax, ForgeError } from '../forge.ts';
import type { Forge, StatusReport, StatusState } from '../forge.ts';
import type { Project } from '../git-event.ts';

const clock = new VirtualClock();
let gitea: SimulatedGitea;
let opened: OpenedForge;
let forge: Forge;
let project: Project;
let names = 0;

before(async () => {
  gitea = await startGitea({ clock });
  opened = openForge(gitea.access, clock);
  forge = opened.forge;
});

beforeEach(() => {
  gitea.faults.clear();
  gitea.limitPages(50);
  project = gitea.addProject('trade', `app${++names}`, { a: '1', b: '2', c: '3' });
});

after(async () => {
  opened[Symbol.dispose]();
  await gitea[Symbol.asyncDispose]();
});

after(() => assert.deepEqual(gitea.violations, []));

describe('Gitea: files', () => {
  it('are read at the exact commit, at all levels, without the rest of the repository', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [
        `.tekton/${index % 3 === 0 ? 'deep/er/' : ''}run-${index}.yaml`,
        `n: ${index}`,
      ]),
    );
    const approved = gitea.commit(project, 'main', { ...files, 'other/file': 'x' });
    gitea.commit(project, 'main', { '.tekton/run-1.yaml': 'evil: true' });
    const read = await forge.readFolder(project, approved, '.tekton');
    assert.equal(read.length, 120);
    assert.equal(read.find(({ path }) => path === '.tekton/run-1.yaml')?.text, 'n: 1');
    assert.ok(read.some(({ path }) => path === '.tekton/deep/er/run-0.yaml'));
    assert.equal((await forge.readFolder(project, approved, '.tekton/deep')).length, 40);
  });

  it('that are not there are none, and too many are refused', async () => {
    const many = Object.fromEntries(
      Array.from({ length: folderFilesMax + 1 }, (_, index) => [`.tekton/${index}.yaml`, `${index}`]),
    );
    const sha = gitea.commit(project, 'main', { ...many, 'é ä/x#1?.txt': 'ünïcode' });
    assert.deepEqual(await forge.readFolder(project, sha, 'nowhere'), []);
    assert.deepEqual(await forge.readFolder(project, sha, 'no/where'), []);
    await assert.rejects(forge.readFolder(project, sha, '.tekton'), { code: 'FORGE_TOO_LARGE' });
    assert.equal(await forge.readFile(project, sha, 'é ä/x#1?.txt'), 'ünïcode');
    assert.equal(await forge.readFile(project, sha, 'missing'), undefined);
    assert.equal(await forge.readFile(project, sha, '.tekton'), undefined);
  });
});

describe('Gitea: projects, commits and pull requests', () => {
  it('tell the project and the commits of branches, tags and commits', async () => {
    assert.deepEqual(await forge.readProject({ url: project.url, owner: 'trade', name: project.name }), project);
    assert.equal(await forge.readProject({ ...project, name: 'nothing' }), undefined);
    const sha = gitea.commit(project, 'feature/a b', { x: '1' }, { message: 'One\n\ntwo', author: 'ada' });
    gitea.webhooks.tag(project, 'v1', sha, 'ada');
    for (const ref of ['feature/a b', 'refs/heads/feature/a b', 'refs/tags/v1', sha]) {
      const revision = await forge.readRevision(project, ref);
      assert.deepEqual([revision?.sha, revision?.title, revision?.author], [sha, 'One', 'ada'], ref);
    }
    assert.equal(await forge.readRevision(project, 'refs/heads/v1'), undefined);
    assert.equal(await forge.readRevision(project, 'f'.repeat(40)), undefined);
  });

  it('show pull requests of forks with the repository their commits live in', async () => {
    const fork = gitea.fork(project, 'eve');
    const sha = gitea.commit(fork, 'fix', { x: '1' });
    const { number } = gitea.webhooks.openPullRequest(project, { author: 'eve', head: 'fix', from: fork });
    gitea.webhooks.label(project, number, 'fast', 'ada');
    const request = await forge.readPullRequest(project, number);
    assert.equal(request?.headSha, sha);
    assert.deepEqual(request?.headProject, fork);
    assert.deepEqual(request?.labels, ['fast']);
    assert.equal(await forge.readPullRequest(project, 99), undefined);
  });

  it('find open pull requests by their newest commit, however short the pages are', async () => {
    gitea.limitPages(2);
    for (let index = 0; index < 5; index++) {
      gitea.commit(project, `fix-${index}`, { x: String(index) });
      gitea.webhooks.openPullRequest(project, { author: 'ada', head: `fix-${index}` });
    }
    const sha = gitea.repositoryOf(project).branches.get('fix-4') ?? '';
    assert.deepEqual(
      (await forge.pullRequestsOf(project, sha)).map(({ number }) => number),
      [5],
    );
    gitea.webhooks.close(project, 5, 'ada');
    assert.deepEqual(await forge.pullRequestsOf(project, sha), []);
  });
});

describe('Gitea: changed files', () => {
  it('of a push are what all its commits did together', async () => {
    const start = gitea.commit(project, 'main', { d: '4' });
    gitea.commit(project, 'main', { a: '10', passing: '1' });
    gitea.commit(project, 'main', { b: '', passing: '' });
    gitea.commit(project, 'main', { e: '5' });
    const end = gitea.commit(project, 'main', { e: '6' });
    assert.deepEqual(await forge.changedFiles(project, { kind: 'push', before: start, after: end }), {
      added: ['e'],
      modified: ['a'],
      deleted: ['b'],
      renamed: [],
      truncated: false,
    });
  });

  it('of a new branch are those the default branch has not; of a forgotten commit, what is known', async () => {
    gitea.commit(project, 'feature', { x: '1' });
    const end = gitea.commit(project, 'feature', { y: '1' });
    assert.deepEqual((await forge.changedFiles(project, { kind: 'push', after: end })).added, ['x', 'y']);
    const forgotten = await forge.changedFiles(project, { kind: 'push', before: 'e'.repeat(40), after: end });
    assert.deepEqual([forgotten.added, forgotten.truncated], [['y'], true]);
  });

  it('of a pull request are all of them, at the commit asked for', async () => {
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`n${index}`, 'x']));
    const first = gitea.commit(project, 'fix', { ...many, a: '9', c: '', 'moved/c': '3' });
    const { number } = gitea.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const range = { kind: 'pull_request', number, headSha: first } as const;
    const changes = await forge.changedFiles(project, range);
    assert.equal(changes.added.length, 120);
    assert.deepEqual([changes.modified, changes.renamed, changes.truncated], [['a'], ['moved/c'], false]);
    gitea.commit(project, 'fix', { later: '1' });
    assert.ok(!(await forge.changedFiles(project, range)).added.includes('later'));
  });
});

describe('Gitea: who may what', () => {
  it('follows the permission in the repository, and the teams of its organisation', async () => {
    gitea.addUser('writer', { writes: [project], teams: ['trade/reviewers'] });
    gitea.addUser('reader');
    const standings = await Promise.all(
      ['trade', 'writer', 'reader', 'nobody'].map((login) => forge.standing(project, { login })),
    );
    assert.deepEqual(standings, ['write', 'write', 'read', 'none']);
    assert.equal(await forge.standing(project, { login: 'writer', id: '1' }), 'none');
    assert.equal(await forge.isTeamMember(project, 'reviewers', { login: 'writer' }), true);
    assert.equal(await forge.isTeamMember(project, 'trade/Reviewers', { login: 'writer' }), true);
    assert.equal(await forge.isTeamMember(project, 'reviewers', { login: 'reader' }), false);
    assert.equal(await forge.isTeamMember(project, 'review', { login: 'writer' }), undefined);
  });

  it('clones with the token, which Gitea cannot narrow', async () => {
    const credential = await forge.gitCredential(project, []);
    assert.equal(credential?.username, 'git');
    assert.ok(credential?.token.startsWith('gitea-simulated'));
  });
});

describe('Gitea: comments', () => {
  it('are put once, changed after, and only our own', async () => {
    gitea.commit(project, 'fix', { x: '1' });
    const { number } = gitea.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const comment = { project, pullRequest: number, marker: 'penstock status 1', body: 'queued' };
    gitea.webhooks.comment(project, number, '<!-- penstock status 1 -->\nnot yours', 'mallory');
    await forge.putComment(comment);
    await forge.putComment({ ...comment, body: 'green' });
    await forge.putComment({ ...comment, body: 'green' });
    assert.deepEqual(gitea.comments(project, number), [
      { author: 'mallory', body: '<!-- penstock status 1 -->\nnot yours' },
      { author: gitea.ownLogin, body: '<!-- penstock status 1 -->\ngreen' },
    ]);
    assert.equal(gitea.requests.filter((line) => line.startsWith('PATCH ')).length, 1);
    const [first] = await forge.readComments(project, number);
    assert.equal(first?.author.login, 'mallory');
  });
});

describe('Gitea: statuses', () => {
  let sha: string;

  beforeEach(() => {
    sha = gitea.commit(project, 'main', { x: '1' });
  });

  function report(state: StatusState, changes: Partial<StatusReport> = {}): StatusReport {
    const attempt = changes.externalId ?? 'run-1';
    return {
      project,
      sha,
      context: 'Penstock / build / main',
      externalId: attempt,
      state,
      title: `${attempt} is ${state}`,
      text: '',
      detailsUrl: `https://ci.example.org/runs/${attempt}`,
      annotations: [],
      ...changes,
    };
  }

  const words: Readonly<Record<StatusState, string>> = {
    queued: 'pending',
    awaiting_approval: 'pending',
    running: 'pending',
    succeeded: 'success',
    failed: 'failure',
    timed_out: 'failure',
    error: 'error',
    lost: 'error',
    cancelled: 'error',
    superseded: 'error',
    skipped: 'success',
  };
  for (const [state, word] of Object.entries(words) as [StatusState, string][]) {
    it(`say ${word} for ${state}`, async () => {
      const outcome = await forge.postStatus(report(state), undefined);
      assert.ok(outcome.ok);
      assert.equal((await forge.readStatus(report(state), outcome.handle))?.state, state);
      assert.deepEqual(
        gitea.statuses(project, sha).map((status) => status.state),
        [word],
      );
      assert.equal(forge.hostState(state), word);
      assert.equal((await forge.readStatus(report(state), undefined))?.hostState, word);
    });
  }

  it('show the newest of their context, also behind many others', async () => {
    await forge.postStatus(report('failed'), undefined);
    await forge.postStatus(report('running', { externalId: 'run-2' }), undefined);
    for (let index = 0; index < 60; index++) {
      await forge.postStatus(report('succeeded', { context: `other ${index}` }), undefined);
    }
    const shown = await forge.readStatus(report('running'), undefined);
    assert.deepEqual(
      [shown?.hostState, shown?.title, shown?.detailsUrl],
      ['pending', 'run-2 is running', 'https://ci.example.org/runs/run-2'],
    );
    assert.equal(await forge.readStatus(report('running', { context: 'none' }), undefined), undefined);
  });

  it('of a fork’s commit are shown in the repository of the pull request', async () => {
    const fork = gitea.fork(project, 'eve');
    sha = gitea.commit(fork, 'fix', { y: '1' });
    const { number } = gitea.webhooks.openPullRequest(project, { author: 'eve', head: 'fix', from: fork });
    await forge.postStatus(report('running', { pullRequest: { number, headProject: fork } }), undefined);
    assert.equal(gitea.statuses(project, sha).length, 1);
    assert.equal(gitea.statuses(fork, sha).length, 0);
  });

  for (const fault of ['accepted-but-500', 'accepted-but-cut'] as const) {
    it(`${fault}: is an error that may pass, sent once, and read back`, async () => {
      gitea.faults.next(/POST .*statuses/, { kind: fault });
      await assert.rejects(forge.postStatus(report('succeeded'), undefined), (error) => {
        return error instanceof ForgeError && error.problem === 'unavailable' && error.passing;
      });
      assert.equal((await forge.readStatus(report('succeeded'), undefined))?.state, 'succeeded');
      assert.equal(gitea.statuses(project, sha).length, 1);
    });
  }

  it('are refused for what they say, not for who asks', async () => {
    gitea.faults.next(/POST .*statuses/, { kind: 'status', code: 422 });
    const outcome = await forge.postStatus(report('running'), undefined);
    assert.ok(!outcome.ok && outcome.refused.includes('422'));
    gitea.faults.next(/POST .*statuses/, { kind: 'expired-token' });
    await assert.rejects(forge.postStatus(report('running'), undefined), { problem: 'unauthorized' });
    await assert.rejects(forge.postStatus(report('running', { sha: 'f'.repeat(40) }), undefined), { status: 404 });
  });

  it('429: waits for as long as the host says, and posts once', async () => {
    gitea.faults.next(/POST .*statuses/, { kind: 'status', code: 429, retryAfterSeconds: 5 });
    const start = clock.monotonicMs();
    const result = await settledInTime(clock, forge.postStatus(report('running'), undefined));
    assert.equal(result.status, 'fulfilled');
    assert.ok(clock.monotonicMs() - start >= 5000);
    assert.equal(gitea.statuses(project, sha).length, 1);
  });
});
