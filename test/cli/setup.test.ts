/** `penstock setup` against a real `penstock serve`, with real repositories. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { secrets } from '../../src/kube/core-types.ts';
import { type Ending, Workplace } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';

const hangsMs = 220_000;

const place = new Workplace();
let server: PenstockServer;
before(async () => {
  server = await PenstockServer.start(place);
});
after(async () => {
  await server.kill();
  await place[Symbol.asyncDispose]();
});

function setup(...words: readonly string[]): Promise<Ending> {
  return place.run(['setup', ...words, '--kubeconfig', `${server.directory}/kubeconfig`]);
}

function makeBare(name: string): string {
  const path = place.path(name);
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', path]);
  return path;
}

async function secretValue(namespace: string, name: string, key: string): Promise<string> {
  const { data = {} } = await server.client.get(secrets, { namespace, name });
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8');
}

describe('penstock setup git', { timeout: hangsMs }, () => {
  it('makes all that a push needs, and changes nothing when done again', async () => {
    const bare = makeBare('Some_App.git');
    const first = await setup('git', bare, '-n', 'team');
    assert.equal(first.code, 0, first.stderr);
    assert.match(
      first.stdout,
      /created +Namespace team\n +created +Secret team\/some-app-git\n +created +Repository team\/some-app\n/,
    );
    assert.match(first.stdout, /which tells http:\/\/127\.0\.0\.1:\d+\/hooks\/git of each push/);
    const key = { namespace: 'team', name: 'some-app' };
    const { spec, metadata } = await server.client.get(repositories, key);
    const reference = { name: 'some-app-git', key: 'webhook.secret' };
    assert.deepEqual(spec, { url: `file://${bare}`, git_provider: { type: 'git', webhook_secret: reference } });
    const value = await secretValue('team', 'some-app-git', 'webhook.secret');
    assert.match(value, /^[0-9a-f]{64}$/);
    assert.doesNotMatch(first.stdout + first.stderr, new RegExp(value));

    const again = await setup('git', bare);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stdout, /^ +(?:created|changed)/m);
    assert.equal((await server.client.get(repositories, key)).metadata.resourceVersion, metadata.resourceVersion);
    assert.equal(await secretValue('team', 'some-app-git', 'webhook.secret'), value);
  });

  it('leaves alone what others have said, and says what it changed', async () => {
    const bare = makeBare('tuned.git');
    await setup('git', bare);
    const key = { namespace: 'default', name: 'tuned' };
    const tuning = { spec: { concurrency_limit: 2, settings: { policy: { ok_to_test: ['team'] } } } };
    await server.client.patch(repositories, key, tuning, { type: 'merge' });
    const lost = { data: { 'webhook.secret': null } };
    await server.client.patch(secrets, { namespace: 'default', name: 'tuned-git' }, lost, { type: 'merge' });

    const { code, stdout } = await setup('git', bare);

    assert.equal(code, 0);
    assert.match(stdout, /changed +Secret default\/tuned-git: data/);
    assert.match(stdout, /unchanged Repository default\/tuned\n/);
    const { spec } = await server.client.get(repositories, key);
    assert.equal(spec?.concurrency_limit, 2);
    assert.deepEqual(spec?.settings, tuning.spec.settings);
  });

  it('refuses to overwrite a Secret of somebody else, unless it is told to', async () => {
    const bare = makeBare('foreign.git');
    await server.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name: 'foreign-git' },
      data: { 'webhook.secret': Buffer.from('of somebody else').toString('base64') },
    });
    const refused = await setup('git', bare);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /Secret default\/foreign-git is not ours alone; somebody else has set data\.webhook\.secret/,
    );
    assert.match(refused.stderr, /--force/);
    assert.doesNotMatch(refused.stderr, /of somebody else"/);
    assert.equal(await secretValue('default', 'foreign-git', 'webhook.secret'), 'of somebody else');
    const { items } = await server.client.list(repositories, { namespace: 'default' });
    assert.ok(!items.some(({ metadata }) => metadata.name === 'foreign'), 'nothing was made');

    const forced = await setup('git', bare, '--force');
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(await secretValue('default', 'foreign-git', 'webhook.secret'), /^[0-9a-f]{64}$/);
  });

  it('tells what to do on the other machine when the repository is behind SSH', async () => {
    const url = 'ssh://git@nowhere.invalid/srv/git/far.git';
    const { code, stdout, stderr } = await setup('git', '--url', url);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /✗ host +.*nowhere\.invalid/);
    assert.match(
      stdout,
      /kubectl -n default get secret far-git -o jsonpath='\{\.data\.webhook\\\.secret\}' \| base64 -d/,
    );
    assert.match(
      stdout,
      /penstock git-hook install -C \/srv\/git\/far\.git --url http.*\/hooks\/git --secret-file FILE/,
    );
    assert.match(stderr, /--webhook-url where nowhere\.invalid reaches this server/);
    const value = await secretValue('default', 'far-git', 'webhook.secret');
    assert.doesNotMatch(stdout, new RegExp(value));
    await setup('git', '--url', url, '--webhook-url', 'https://ci.example.org/hooks/git');
    assert.equal(await secretValue('default', 'far-git', 'webhook.secret'), value, 'a secret that is there is kept');
  });

  it('says what is wrong with what it is given, and makes nothing', async () => {
    mkdirSync(place.path('empty'), { recursive: true });
    const bare = makeBare('right.git');
    await setup('git', bare, '--name', 'taken');
    const other = makeBare('other.git');
    const cases: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [['git', place.path('empty')], /is not a Git repository/],
      [['git', place.path('nowhere')], /is not a Git repository/],
      [['git', other, '--name', 'Not a name'], /--name Not a name: names are of/],
      [['git', other, '--name', 'taken'], /Repository default\/taken is that of file:.*right\.git/],
      [['git', bare, '--name', 'second'], /is the Repository default\/taken already/],
      [['git', other, '--url', 'git@example.org:a/b'], /"git@example\.org:a\/b" is no address/],
      [['git', other, '--webhook-url', 'somewhere'], /"somewhere" is not the address of a Penstock/],
      [['git', '--colour'], /unknown option/],
    ];
    for (const [words, says] of cases) {
      const { code, stderr, stdout } = await setup(...words);
      assert.equal(code, 2, `${words.join(' ')}: ${stdout}${stderr}`);
      assert.match(stderr, says);
    }
    const { items } = await server.client.list(repositories, { namespace: 'default' });
    assert.ok(!items.some(({ metadata }) => metadata.name === 'other'));
  });

  it('is not content with a hook that tells somebody else, and shows what waits', async () => {
    const bare = makeBare('waits.git');
    await setup('git', bare);
    await place.run(['git-hook', 'install', '-C', bare, '--url', 'http://127.0.0.1:9']);
    const work = place.path('waits-work');
    const git = (...words: readonly string[]): void => {
      execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', ...words], { stdio: 'ignore' });
    };
    git('clone', bare, work);
    git('-C', work, 'commit', '--allow-empty', '-m', 'first');
    git('-C', work, 'push', 'origin', 'HEAD:main');
    const doctor = ['doctor', '-r', 'waits', '--kubeconfig', `${server.directory}/kubeconfig`];
    const { code, stdout } = await place.run(doctor);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /✗ hook +it tells http:\/\/127\.0\.0\.1:9\/hooks\/git of pushes, and the server listens at/);
    assert.match(stdout, /! hook +1 push waits to be told\n +→ penstock git-hook flush -C /);
    assert.match(stdout, /! \.tekton +there is no PipelineRun in \.tekton on main/);
    assert.equal((await setup('git', bare)).code, 0);
    const flushed = await place.run(['git-hook', 'flush', '-C', bare]);
    assert.match(flushed.stdout, /0 waiting/);
    const mended = await place.run(doctor);
    assert.equal(mended.code, 0, mended.stdout);
    assert.match(mended.stdout, /✓ last event +push at /);
  });

  it('does not mistake a clone for the repository beside it', async () => {
    const bare = makeBare('twin.git');
    execFileSync('git', ['clone', '--quiet', bare, place.path('twin')], { stdio: 'ignore' });
    const { code, stderr } = await setup('git', place.path('twin'));
    assert.equal(code, 2);
    assert.match(stderr, /beside .*twin there is .*twin\.git[^]*penstock setup git .*twin\.git/);
  });

  it('says so when there is no server', async () => {
    const bare = makeBare('lonely.git');
    const environment = { HOME: place.path('empty') };
    const none = await place.run(['setup', 'git', bare], { environment });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /no kubeconfig[^]*penstock serve/);
    const kubeconfig = place.write(
      'gone/kubeconfig',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        users: [{ name: 'u', user: { token: 't' } }],
      }),
    );
    const gone = await place.run(['setup', 'git', bare, '--kubeconfig', kubeconfig]);
    assert.equal(gone.code, 2);
    assert.match(gone.stderr, /no answer from http:\/\/127\.0\.0\.1:9/);
  });
});
