/** `penstock match`: explains what an event starts, on a machine that asks nobody. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/base/system-clock.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { secrets } from '../../src/kube/core-types.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { Workplace } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

const definition = (name: string, paths: string): string => `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: ${name}
  annotations:
    pipelinesascode.tekton.dev/on-event: push
    pipelinesascode.tekton.dev/on-target-branch: main
    pipelinesascode.tekton.dev/on-path-change: ${paths}
spec:
  params: [{name: revision, value: {{ revision }}}]
  pipelineSpec:
    tasks: [{name: t, taskRef: {name: t}}]
`;
const task =
  'apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{image: i, script: "true"}]}\n';

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd: workplace.path('repo'), encoding: 'utf8' }).trim();
}

const push = (before: string, sha: string): string =>
  JSON.stringify({
    ref: 'refs/heads/main',
    before,
    after: sha,
    repository: {
      id: 1,
      node_id: 'x',
      name: 'n',
      full_name: 'o/n',
      html_url: 'https://github.com/o/n',
      clone_url: 'https://github.com/o/n.git',
      default_branch: 'main',
      owner: { login: 'o' },
    },
    pusher: { name: 'alice' },
    sender: { login: 'alice', id: 1 },
    created: false,
    deleted: false,
    forced: false,
    head_commit: { id: sha, message: 'change', timestamp: '2026-01-01T00:00:00Z', url: 'https://github.com/o/n' },
    commits: [],
  });

describe('penstock match', () => {
  it('knows which files changed from the clone it stands in', async () => {
    workplace.write('repo/.tekton/docs.yaml', definition('docs', 'docs/**'));
    workplace.write('repo/.tekton/code.yaml', definition('code', 'src/**'));
    workplace.write('repo/.tekton/task.yaml', task);
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'first');
    const before = git('rev-parse', 'HEAD');
    workplace.write('repo/src/a.ts', '1');
    git('add', '-A');
    git('commit', '-q', '-m', 'second');
    workplace.write('push.json', push(before, git('rev-parse', 'HEAD')));
    const { code, stdout, stderr } = await workplace.run(['match', '-C', 'repo', '--event', 'push.json']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /✓ code {2}matches {2}\.tekton\/code\.yaml:1/);
    assert.match(stdout, /– docs {2}does not match/);
    assert.match(stdout, /✗ on-path-change .*docs\/\*\*/);
    assert.doesNotMatch(stdout, /note:|warning:/);
  });

  it('ends with 1 when nothing matches, and with 2 for wrong input', async () => {
    workplace.write('other/.tekton/docs.yaml', definition('docs', 'docs/**'));
    const event = workplace.write('push2.json', push('b'.repeat(40), 'a'.repeat(40)));
    const none = await workplace.run(['match', '-C', 'other', '-e', event, '--changed-file', 'src/a', '-o', 'json']);
    assert.equal(none.code, 1);
    const { events } = JSON.parse(none.stdout) as { events: { definitions: { matched: boolean }[] }[] };
    assert.deepEqual(
      events[0]?.definitions.map(({ matched }) => matched),
      [false],
    );
    workplace.write('bad.json', '{"repository": ');
    const bad = await workplace.run(['match', '-e', 'bad.json']);
    assert.deepEqual([bad.code, bad.stdout], [2, '']);
    assert.match(bad.stderr, /^error: bad\.json is not JSON/);
    const missing = await workplace.run(['match', '-e', 'nowhere.json']);
    assert.equal(missing.code, 2);
  });

  it('asks the Git host of the folder about a pull request, through the server that knows the Repository', async () => {
    await using host = await startGitea({ clock: systemClock });
    const project = host.addProject('o', 'n', { 'README.md': 'x' });
    host.addUser('alice', { writes: [project] });
    host.commit(project, 'feature', { 'src/a.ts': '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'alice', head: 'feature', title: 'A title' });
    await using server = await PenstockServer.start(workplace, { flags: ['--no-hooks'] });
    const secret = { name: 'gitea', key: 'token' };
    const { credential } = host.access;
    assert.equal(credential.type, 'token');
    await server.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret.name, namespace: 'default' },
      data: { token: Buffer.from(credential.type === 'token' ? credential.token : '').toString('base64') },
    });
    await server.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name: 'app', namespace: 'default' },
      spec: { url: project.url, git_provider: { type: 'gitea', url: host.url, secret } },
    });
    for (const [name, paths] of [
      ['code', 'src/**'],
      ['docs', 'docs/**'],
    ] as const) {
      const text = definition(name, paths).replace('on-event: push', 'on-event: pull_request');
      workplace.write(`clone/.tekton/${name}.yaml`, text);
    }
    workplace.write('clone/.tekton/task.yaml', task);
    const inClone = { cwd: workplace.path('clone') };
    execFileSync('git', ['init', '-q'], inClone);
    execFileSync('git', ['remote', 'add', 'origin', `${project.url}.git`], inClone);
    const words = ['match', '-C', 'clone', '--pr', String(number), '--kubeconfig', 'data/kubeconfig'];
    const { code, stdout, stderr } = await workplace.run(words);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`pull request #${number} by alice`));
    assert.match(stdout, /✓ code {2}matches/);
    assert.match(stdout, /– docs {2}does not match/);
    const unknown = await workplace.run([...words, '--repository', 'default/other']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /the server has no Repository default\/other/);
    const missing = await workplace.run(words.map((word) => (word === String(number) ? '99' : word)));
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /has no pull request 99/);
    assert.deepEqual(host.violations, []);
  });
});
