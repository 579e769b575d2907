/** `penstock setup HOST` and `penstock doctor` against a real `penstock serve` and simulated Git hosts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/base/system-clock.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { commitStatuses } from '../../src/forge/kinds/commit-status.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { configMaps, secrets } from '../../src/kube/core-types.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGithubHost } from '../support/git-hosts/github/github-host.ts';
import { startGitlab } from '../support/git-hosts/gitlab/simulated-gitlab.ts';
import type { SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { type Ending, Workplace, noTerminal } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';
import { waitUntil } from '../support/wait-until.ts';

const hangsMs = 220_000;
const definition = (name: string): string =>
  [
    'apiVersion: tekton.dev/v1',
    'kind: PipelineRun',
    `metadata: {name: ${name}, annotations: {pipelinesascode.tekton.dev/on-event: "[push]"}}`,
    'spec: {pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{name: s, image: i}]}}]}}',
    '',
  ].join('\n');

const place = new Workplace();
let server: PenstockServer;
let gitlab: SimulatedHost;
let gitea: SimulatedHost;
let github: SimulatedHost;
before(async () => {
  [server, gitlab, gitea, github] = await Promise.all([
    PenstockServer.start(place),
    startGitlab({ clock: systemClock }),
    startGitea({ clock: systemClock }),
    startGithubHost({ clock: systemClock }),
  ]);
});
after(async () => {
  await Promise.all([
    gitlab[Symbol.asyncDispose](),
    gitea[Symbol.asyncDispose](),
    github[Symbol.asyncDispose](),
    server.kill(),
  ]);
  await place[Symbol.asyncDispose]();
});

function penstock(words: readonly string[], stdin = ''): Promise<Ending> {
  return place.run([...words, '--kubeconfig', `${server.directory}/kubeconfig`], { stdin });
}

async function doctor(...words: readonly string[]): Promise<{ code: number | null; findings: readonly Finding[] }> {
  const { code, stdout, stderr } = await penstock(['doctor', '-o', 'json', ...words]);
  assert.equal(stderr, '');
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { code, findings: lines.map((line) => JSON.parse(line) as Finding) };
}

function tokenOf({ access }: SimulatedHost): string {
  return access.credential.type === 'token' ? access.credential.token : assert.fail('a token is expected');
}

/** What failed or is to be looked at, as text. */
function complaints(findings: readonly Finding[]): string {
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ about, check, level, message, remedy }) => `${about} ${check} ${level}: ${message} → ${remedy ?? ''}`)
    .join('\n');
}

describe('penstock setup of a Git host', { timeout: hangsMs }, () => {
  it('sets up a GitLab project with a token from standard input, and keeps both secrets when done again', async () => {
    const { url } = gitlab.addProject('trade', 'shop', { '.tekton/build.yaml': definition('build') });
    const token = tokenOf(gitlab);
    const first = await penstock(['setup', 'gitlab', '--url', url, '-n', 'trade', '--token-file', '-'], `${token}\n`);
    assert.equal(first.code, 0, first.stdout + first.stderr);
    for (const said of [
      /created +Repository trade\/shop/,
      /address +http:\/\/127\.0\.0\.1:\d+\/hooks\/gitlab\n/,
      /secret +kubectl -n trade get secret shop-git -o jsonpath='\{\.data\.webhook\\\.secret\}'/,
      /events +Push events\n +Tag push events\n/,
      /✓ host +http:\/\/127\.0\.0\.1:\d+ takes the credential\n/,
      /✓ \.tekton +1 on main: build\n/,
    ]) {
      assert.match(first.stdout, said);
    }
    const key = { namespace: 'trade', name: 'shop' };
    const { spec } = await server.client.get(repositories, key);
    assert.deepEqual(spec?.git_provider, {
      type: 'gitlab',
      secret: { name: 'shop-git', key: 'provider.token' },
      webhook_secret: { name: 'shop-git', key: 'webhook.secret' },
    });
    const made = await server.client.get(secrets, { namespace: 'trade', name: 'shop-git' });
    assert.equal(Buffer.from(made.data?.['provider.token'] ?? '', 'base64').toString(), token);
    const webhook = Buffer.from(made.data?.['webhook.secret'] ?? '', 'base64').toString();
    assert.match(webhook, /^[0-9a-f]{64}$/);
    for (const secret of [token, webhook]) assert.ok(!(first.stdout + first.stderr).includes(secret));

    const again = await penstock(['setup', 'gitlab', '--url', `${url}.git`, '--yes']);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.doesNotMatch(again.stdout, /^ +(?:created|changed)/m);
    const kept = await server.client.get(secrets, { namespace: 'trade', name: 'shop-git' });
    assert.deepEqual(kept.data, made.data);
  });

  it('says that a token is refused, and takes a new one', async () => {
    const { url } = gitea.addProject('trade', 'stock', { '.tekton/build.yaml': definition('build') });
    const provider = ['--provider-url', gitea.url];
    const wrong = await penstock(['setup', 'gitea', '--url', url, ...provider, '--token-file', '-'], 'not-the-token');
    assert.equal(wrong.code, 1, wrong.stdout + wrong.stderr);
    assert.match(wrong.stdout, /✗ host .*401[^]*→ the token, or the key of the App, is wrong or has expired/);
    const right = await penstock(['setup', 'gitea', '--url', url, '--token-file', '-'], tokenOf(gitea));
    assert.equal(right.code, 0, right.stdout + right.stderr);
    assert.match(right.stdout, /changed +Secret default\/stock-git: data\.provider\.token\n/);
    assert.match(right.stdout, /unchanged Repository default\/stock\n/, 'what is not said again stays');
  });

  it('says that there is no such repository, and that a host does not answer', async () => {
    gitlab.addProject('trade', 'known');
    const url = `${gitlab.url}/trade/unknown`;
    const missing = await penstock(['setup', 'gitlab', '--url', url, '--token-file', '-'], tokenOf(gitlab));
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /✗ host .*knows no repository trade\/unknown/);
    const away = await penstock(['setup', 'gitea', '--url', 'http://127.0.0.1:9/a/away', '--token-file', '-'], 't');
    assert.equal(away.code, 1, away.stdout + away.stderr);
    assert.match(away.stdout, /✗ host .*127\.0\.0\.1:9[^]*whether the host can be reached from here/);
  });

  it('sets up a GitHub App, which serves later Repositories without a word about it', async () => {
    const first = github.addProject('trade', 'till');
    const second = github.addProject('trade', 'desk');
    const { credential } = github.access;
    assert.ok(credential.type === 'github-app');
    const key = place.write('app.pem', credential.privateKey);
    const app = ['--app-id', String(credential.applicationId), '--private-key', key];
    const provider = ['--provider-url', github.access.apiUrl ?? github.url];
    const made = await penstock(['setup', 'github', '--url', first.url, ...provider, ...app]);
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.match(made.stdout, /created +Secret penstock\/pipelines-as-code-secret\n/);
    assert.match(made.stdout, /events +Push\n[^]*Check run\n[^]*may +Checks: read and write\n/);
    assert.match(made.stdout, /✓ host .*its key is right and the App is installed\n/);
    assert.match(made.stdout, /✓ webhook secret +the App's\n/);

    const next = await penstock(['setup', 'github', '--url', second.url, ...provider, '--yes']);
    assert.equal(next.code, 0, next.stdout + next.stderr);
    const { spec } = await server.client.get(repositories, { namespace: 'default', name: 'desk' });
    assert.equal(spec?.git_provider?.secret, undefined);

    const strange = await penstock(['setup', 'github', '--url', `${github.url}/trade/absent`, ...provider, '--yes']);
    assert.equal(strange.code, 1);
    assert.match(strange.stdout, /✗ host /);
  });

  it('asks for what is missing on a terminal, and shows nothing of the token', { skip: noTerminal }, async () => {
    const { url } = gitlab.addProject('trade', 'asked');
    const token = tokenOf(gitlab);
    const words = ['setup', 'gitlab', '--kubeconfig', `${server.directory}/kubeconfig`];
    const asking = place.start(words, { terminal: true, environment: { NO_COLOR: '1' } });
    await asking.until(/Address of the repository: /);
    asking.type(`${url}\r`);
    await asking.until(/Token of GitLab .*: /);
    asking.type(`${token}\r`);
    const { code, stdout } = await asking.ended;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /created +Repository default\/asked/);
    assert.ok(!stdout.includes(token), stdout);

    const ended = place.start(words, { terminal: true });
    await ended.until(/Address of the repository: /);
    ended.type('\x03');
    assert.equal((await ended.ended).code, 130);
  });

  it('refuses what cannot be right before it makes anything', async () => {
    const cases: readonly (readonly [words: readonly string[], stdin: string, says: RegExp])[] = [
      [['gitlab'], '', /--url is missing/],
      [['gitlab', '--url', 'git@gitlab.com:a/b.git'], '', /is no address/],
      [['gitlab', '--url', 'https://u:p@gitlab.com/a/b'], '', /holds a user or password/],
      [['gitlab', '--url', 'https://gitlab.com/a/never'], '', /--token-file is missing: Token of GitLab/],
      [['gitlab', '--url', 'https://gitlab.com/a/never', '--token-file', '-'], '', /standard input holds nothing/],
      [['gitlab', '--url', 'https://gitlab.com/a/never', '--token-file', '-'], 'a b\nc', /that is no token/],
      [['gitlab', '--url', 'https://gitlab.com/a/never', '--token-file', 'nowhere'], '', /nowhere cannot be read/],
      [
        ['github', '--url', 'https://github.com/a/never', '--app-id', 'x', '--private-key', '-'],
        'k',
        /--app-id x is not/,
      ],
      [
        ['github', '--url', 'https://github.com/a/never', '--app-id', '7', '--private-key', '-'],
        'k',
        /no private key in PEM/,
      ],
      [['github', '--url', 'https://github.com/a/never', '--app-id', '7'], '', /--private-key is missing/],
    ];
    for (const [words, stdin, says] of cases) {
      const { code, stderr, stdout } = await penstock(['setup', ...words], stdin);
      assert.equal(code, 2, `${words.join(' ')}: ${stdout}${stderr}`);
      assert.match(stderr, says);
    }
    const { items } = await server.client.list(repositories, {});
    assert.ok(!items.some(({ metadata }) => metadata.name === 'never'));
  });
});

describe('penstock doctor', { timeout: hangsMs }, () => {
  it('tells files of .tekton that cannot be read, with file and line', async () => {
    const broken = 'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: [}\n';
    const { url } = gitlab.addProject('trade', 'broken', {
      '.tekton/a.yaml': definition('a'),
      '.tekton/b.yaml': broken,
    });
    await penstock(['setup', 'gitlab', '--url', url, '--token-file', '-'], tokenOf(gitlab));
    const { code, findings } = await doctor('-r', 'broken');
    assert.equal(code, 1);
    assert.match(complaints(findings), /default\/broken \.tekton fail: \.tekton\/b\.yaml:3/);
    assert.ok(
      findings.some(({ check, level }) => check === '.tekton' && level === 'ok'),
      'the other one counts',
    );
  });

  it('names Secrets that are missing, settings that cannot be used, and schedules', async () => {
    await server.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { namespace: 'default', name: 'bare' },
      spec: {
        url: 'https://gitlab.com/trade/bare',
        git_provider: { type: 'gitlab', secret: { name: 'nowhere' } },
        schedules: [{ name: 'nightly', cron: '0 3 * * *' }],
      },
    });
    await server.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'penstock', name: 'pipelines-as-code' },
      data: { 'status-context-scope': 'sideways', 'application-name': 'CI' },
    });
    const { code, findings } = await doctor('--repository', 'default/bare');
    assert.equal(code, 1);
    const told = complaints(findings);
    assert.match(told, /server settings warn: status-context-scope must be "full", "event" or "none", not "sideways"/);
    assert.match(
      told,
      /credential fail: .*Secret default\/nowhere, key provider\.token: is not there → create it: kubectl/,
    );
    assert.match(told, /webhook secret fail: it names none.*penstock setup gitlab/);
    assert.match(told, /last event warn: nothing has come in/);
    assert.match(
      findings.find(({ check }) => check === 'schedules')?.message ?? '',
      /^nightly is due at \d{4}-.*T03:00:00/,
    );
    const sha = 'a'.repeat(40);
    await server.client.create(commitStatuses, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'CommitStatus',
      metadata: { namespace: 'default', name: 'stuck' },
      spec: {
        repository: 'bare',
        attempt: 1,
        report: {
          project: { url: 'https://gitlab.com/trade/bare', owner: 'trade', name: 'bare' },
          sha,
          context: 'CI / build / main',
          externalId: 'build-1',
          state: 'failed',
          title: 'Failed',
          text: '',
          annotations: [],
        },
      },
    });
    let later = '';
    const isSaid = async (): Promise<boolean> => {
      later = complaints((await doctor('-r', 'bare')).findings);
      return /statuses fail/.test(later);
    };
    await waitUntil('the doctor says that statuses fail', isSaid, { seen: () => later });
    assert.match(
      later,
      /statuses fail: "CI \/ build \/ main" of aaaaaaaaaaaa is not shown.*NoAccess: .*default\/nowhere/,
    );
    const unknown = await penstock(['doctor', '-r', 'nobody']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /there is no Repository "nobody"[^]*there are: .*default\/bare/);
  });

  it('says so when nobody answers', async () => {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
      users: [{ name: 'u', user: { token: 't' } }],
    };
    const kubeconfig = place.write('gone/kubeconfig', JSON.stringify(config));
    const { code, stdout } = await place.run(['doctor', '--kubeconfig', kubeconfig]);
    assert.equal(code, 1);
    assert.match(stdout, /^server\n {2}✗ server +no answer from http:\/\/127\.0\.0\.1:9/);
    assert.match(stdout, /0 ok, 0 to look at, 1 failed\n$/);
  });
});
