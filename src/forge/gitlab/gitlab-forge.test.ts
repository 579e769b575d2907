import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startGitlab } from '../../../test/support/git-hosts/gitlab/simulated-gitlab.ts';
import type { SimulatedGitlab } from '../../../test/support/git-hosts/gitlab/simulated-gitlab.ts';
import { openForge } from '../../../test/support/git-hosts/opened-forge.ts';
import type { OpenedForge } from '../../../test/support/git-hosts/opened-forge.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { folderFilesMax, ForgeError } from '../forge.ts';
import type { Forge } from '../forge.ts';
import { createGitlabForge } from './gitlab-forge.ts';

const clock = new VirtualClock();
let gitlab: SimulatedGitlab;
let opened: OpenedForge;
let forge: Forge;
let names = 0;
const newName = (): string => `app${++names}`;

before(async () => {
  gitlab = await startGitlab({ clock });
  opened = openForge(gitlab.access, clock);
  forge = opened.forge;
});

after(async () => {
  opened[Symbol.dispose]();
  await gitlab[Symbol.asyncDispose]();
});

after(() => assert.deepEqual(gitlab.violations, []));

describe('GitLab: files', () => {
  it('are read page by page at the exact commit, not at the branch', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 130 }, (_, index) => [
        `.tekton/${index % 3 === 0 ? 'deep/' : ''}run-${index}.yaml`,
        `n: ${index}`,
      ]),
    );
    const project = gitlab.addProject('trade/web', newName(), { ...files, 'other.yaml': 'x' });
    const approved = gitlab.commit(project, 'main', { 'later.txt': '1' });
    gitlab.commit(project, 'main', { '.tekton/run-1.yaml': 'evil: true' });
    const read = await forge.readFolder(project, approved, '.tekton');
    assert.equal(read.length, 130);
    assert.equal(read.find(({ path }) => path === '.tekton/run-1.yaml')?.text, 'n: 1');
    assert.ok(read.some(({ path }) => path === '.tekton/deep/run-0.yaml'));
    const pages = gitlab.requests.filter((line) => line.includes('/repository/tree?'));
    assert.ok(pages.length >= 2 && pages.some((line) => line.includes('page_token=')));
  });

  it('that are not there are none, and too many are refused', async () => {
    const many = Object.fromEntries(
      Array.from({ length: folderFilesMax + 1 }, (_, index) => [`.tekton/${index}.yaml`, 'a']),
    );
    const project = gitlab.addProject('trade', newName(), many);
    const sha = gitlab.commit(project, 'main', { 'é ä/x#1?.txt': 'ünïcode' });
    assert.deepEqual(await forge.readFolder(project, sha, 'nowhere'), []);
    await assert.rejects(forge.readFolder(project, sha, '.tekton'), { code: 'FORGE_TOO_LARGE' });
    assert.equal(await forge.readFile(project, sha, 'é ä/x#1?.txt'), 'ünïcode');
    assert.equal(await forge.readFile(project, sha, 'missing'), undefined);
  });
});

describe('GitLab: projects, commits and merge requests', () => {
  it('are found by path and by number', async () => {
    const project = gitlab.addProject('trade/web/shop', newName());
    const { id, defaultBranch, cloneUrl, ...byPath } = project;
    assert.deepEqual(await forge.readProject(byPath), project);
    assert.deepEqual(await forge.readProject({ ...byPath, id: id ?? '' }), project);
    assert.equal(defaultBranch, 'main');
    assert.ok(cloneUrl?.endsWith('.git'));
    assert.equal(await forge.readProject({ ...byPath, name: 'nothing' }), undefined);
  });

  it('tell the commit of branches, tags and commits', async () => {
    const project = gitlab.addProject('trade', newName());
    const sha = gitlab.commit(project, 'feature/a b', { x: '1' }, { message: 'One\n\ntwo', author: 'ada' });
    gitlab.webhooks.tag(project, 'v1', sha, 'ada');
    for (const ref of ['feature/a b', 'refs/heads/feature/a b', 'refs/tags/v1', sha]) {
      const revision = await forge.readRevision(project, ref);
      assert.equal(revision?.sha, sha, ref);
      assert.equal(revision?.title, 'One');
      assert.equal(revision?.author, 'ada');
    }
    assert.equal(await forge.readRevision(project, 'refs/heads/v1'), undefined);
    assert.equal(await forge.readRevision(project, 'f'.repeat(40)), undefined);
  });

  it('show merge requests of forks with the project their commits live in', async () => {
    const project = gitlab.addProject('trade', newName());
    const fork = gitlab.fork(project, 'eve');
    const sha = gitlab.commit(fork, 'fix', { x: '1' });
    const { number } = gitlab.webhooks.openPullRequest(project, {
      author: 'eve',
      head: 'fix',
      from: fork,
      title: 'Fix',
    });
    gitlab.webhooks.label(project, number, 'fast', 'ada');
    const request = await forge.readPullRequest(project, number);
    assert.equal(request?.headSha, sha);
    assert.deepEqual(request?.headProject, fork);
    assert.deepEqual(request?.labels, ['fast']);
    assert.equal(request?.author.login, 'eve');
    assert.equal(await forge.readPullRequest(project, 99), undefined);
  });

  it('find open merge requests by their newest commit only', async () => {
    const project = gitlab.addProject('trade', newName());
    const first = gitlab.commit(project, 'fix', { x: '1' });
    const newest = gitlab.commit(project, 'fix', { x: '2' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    assert.deepEqual(await forge.pullRequestsOf(project, first), []);
    assert.deepEqual(
      (await forge.pullRequestsOf(project, newest)).map((request) => request.number),
      [number],
    );
    gitlab.webhooks.close(project, number, 'ada');
    assert.deepEqual(await forge.pullRequestsOf(project, newest), []);
    assert.deepEqual(await forge.pullRequestsOf(project, 'f'.repeat(40)), []);
  });
});

describe('GitLab: merge requests of projects that are hidden from us', () => {
  it('are left out of those of a commit', async () => {
    const project = gitlab.addProject('trade', newName());
    const fork = gitlab.fork(project, 'mallory');
    const sha = gitlab.commit(fork, 'fix', { x: '1' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'mallory', head: 'fix', from: fork });
    assert.deepEqual(
      (await forge.pullRequestsOf(project, sha)).map((request) => request.number),
      [number],
    );
    gitlab.faults.next(new RegExp(`GET .*/projects/${fork.id}$`), { kind: 'status', code: 404 });
    assert.deepEqual(await forge.pullRequestsOf(project, sha), []);
  });
});

describe('GitLab: changed files', () => {
  it('of a push are those of all its commits', async () => {
    const project = gitlab.addProject('trade', newName(), { a: '1', b: '2', c: '3' });
    const start = gitlab.commit(project, 'main', { d: '4' });
    gitlab.commit(project, 'main', { a: '10' });
    gitlab.commit(project, 'main', { b: '' });
    const end = gitlab.commit(project, 'main', { c: '', 'moved/c': '3', e: '5' });
    assert.deepEqual(await forge.changedFiles(project, { kind: 'push', before: start, after: end }), {
      added: ['e'],
      modified: ['a'],
      deleted: ['b'],
      renamed: ['moved/c'],
      truncated: false,
    });
  });

  it('of a new branch are those the default branch has not', async () => {
    const project = gitlab.addProject('trade', newName(), { a: '1' });
    gitlab.commit(project, 'feature', { x: '1' });
    const end = gitlab.commit(project, 'feature', { y: '1' });
    const { added } = await forge.changedFiles(project, { kind: 'push', after: end });
    assert.deepEqual(added, ['x', 'y']);
  });

  it('say so when the commit before is forgotten', async () => {
    const project = gitlab.addProject('trade', newName(), { a: '1' });
    const end = gitlab.commit(project, 'main', { y: '1' });
    const changes = await forge.changedFiles(project, { kind: 'push', before: 'e'.repeat(40), after: end });
    assert.deepEqual([changes.added, changes.truncated], [['y'], true]);
  });

  it('of a merge request are those at the commit asked for, and say when there are more', async () => {
    const project = gitlab.addProject('trade', newName(), { a: '1' });
    const first = gitlab.commit(project, 'fix', { x: '1', y: '2' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const range = { kind: 'pull_request', number, headSha: first } as const;
    assert.deepEqual((await forge.changedFiles(project, range)).added, ['x', 'y']);
    gitlab.limitDiffs(1);
    const limited = await forge.changedFiles(project, range);
    gitlab.limitDiffs(1000);
    assert.deepEqual([limited.added.length, limited.truncated], [1, true]);
    gitlab.commit(project, 'fix', { z: '3' });
    assert.deepEqual((await forge.changedFiles(project, range)).added, ['x', 'y']);
  });
});

describe('GitLab: who may what', () => {
  it('follows the access level, inherited ones too', async () => {
    const project = gitlab.addProject('trade/web', newName());
    gitlab.setLevel(project, 'minimal', 5);
    gitlab.setLevel(project, 'nothing', 0);
    gitlab.setLevel(project, 'guest', 10);
    gitlab.setLevel(project, 'reporter', 20);
    gitlab.setLevel(project, 'developer', 30);
    gitlab.setGroupLevel('trade', 'chief', 50);
    gitlab.setLevel(project, 'blocked', 40);
    gitlab.block('blocked');
    gitlab.addUser('stranger');
    const standings = await Promise.all(
      ['minimal', 'nothing', 'guest', 'reporter', 'developer', 'chief', 'blocked', 'stranger', 'nobody'].map((login) =>
        forge.standing(project, { login }),
      ),
    );
    assert.deepEqual(standings, ['none', 'none', 'read', 'read', 'write', 'write', 'none', 'none', 'none']);
  });

  it('knows groups as teams, by their path or below the project’s own', async () => {
    const project = gitlab.addProject('trade/web', newName());
    gitlab.setGroupLevel('trade/web/reviewers', 'rita', 30);
    const asked = (team: string, login: string): Promise<boolean | undefined> =>
      forge.isTeamMember(project, team, { login });
    assert.equal(await asked('trade/web/reviewers', 'rita'), true);
    assert.equal(await asked('reviewers', 'rita'), true);
    assert.equal(await asked('reviewers', 'developer'), false);
    assert.equal(await asked('nothing', 'rita'), undefined);
  });

  it('clones with the token, which GitLab cannot narrow', async () => {
    const project = gitlab.addProject('trade', newName());
    assert.deepEqual(await forge.gitCredential(project, []), { username: 'oauth2', token: 'glpat-simulated-token-1' });
  });
});

describe('GitLab: comments', () => {
  it('are put once, changed after, and only our own', async () => {
    const project = gitlab.addProject('trade', newName());
    gitlab.commit(project, 'fix', { x: '1' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const comment = { project, pullRequest: number, marker: 'penstock status 1', body: 'queued' };
    gitlab.webhooks.comment(project, number, '<!-- penstock status 1 -->\nnot yours', 'mallory');
    await forge.putComment(comment);
    await forge.putComment({ ...comment, body: 'green' });
    await forge.putComment({ ...comment, body: 'green' });
    await forge.putComment({ ...comment, marker: 'penstock status 10', body: 'another' });
    assert.deepEqual(gitlab.comments(project, number), [
      { author: 'mallory', body: '<!-- penstock status 1 -->\nnot yours' },
      { author: gitlab.ownLogin, body: '<!-- penstock status 1 -->\ngreen' },
      { author: gitlab.ownLogin, body: '<!-- penstock status 10 -->\nanother' },
    ]);
    assert.equal(gitlab.requests.filter((line) => line.startsWith('PUT ')).length, 1);
  });

  it('are read oldest first, without those of GitLab itself', async () => {
    const project = gitlab.addProject('trade', newName());
    gitlab.commit(project, 'fix', { x: '1' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    for (let index = 0; index < 110; index++) gitlab.webhooks.comment(project, number, `comment ${index}`, 'ada');
    gitlab.addSystemNote(project, number, 'added 1 commit');
    const comments = await forge.readComments(project, number);
    assert.equal(comments.length, 110);
    assert.equal(comments[0]?.body, 'comment 0');
    assert.equal(comments[109]?.body, 'comment 109');
  });
});

describe('GitLab: failures', () => {
  it('name the host’s words and never the token', async () => {
    const project = gitlab.addProject('trade', newName());
    gitlab.faults.next(/GET \/api\/v4\/projects/, { kind: 'expired-token' });
    await assert.rejects(forge.readProject(project), (error) => {
      assert.ok(error instanceof ForgeError);
      assert.equal(error.problem, 'unauthorized');
      assert.ok(!error.message.includes('glpat'));
      return true;
    });
  });

  it('of answers that are not what is documented say where', async () => {
    const made = createGitlabForge({
      access: gitlab.access,
      fetch: () => Promise.resolve(Response.json({ id: 1, web_url: 'https://x.example/a/b' })),
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
    await assert.rejects(made.readProject({ url: 'x', owner: 'a', name: 'b' }), {
      code: 'FORGE_BAD_ANSWER',
      message: /path_with_namespace: is missing/,
    });
  });

  it('of a later page that is no list is one of a forge, too', async () => {
    const next = `<${gitlab.url}/api/v4/x?page=2&per_page=100>; rel="next"`;
    const pages = [Response.json([], { headers: { link: next } }), Response.json({ not: 'a list' })];
    const made = createGitlabForge({
      access: gitlab.access,
      fetch: () => Promise.resolve(pages.shift() ?? Response.error()),
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
    await assert.rejects(made.readComments({ url: 'x', owner: 'a', name: 'b' }, 1), { code: 'FORGE_BAD_ANSWER' });
  });
});
