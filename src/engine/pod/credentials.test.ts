import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Secret } from '../../kube/core-types.ts';
import { podCredentials } from './credentials.ts';

const roots: string[] = [];
after(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

type Files = Readonly<Record<string, string>>;

function secretOf(name: string, type: string, data: Files, annotations: Files = {}): Secret {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: `kubernetes.io/${type}`,
    metadata: { name, annotations },
    data: Object.fromEntries(encoded),
  };
}

const shells = { dash: ['dash'], bash: ['bash', '--posix'], ash: ['busybox', 'ash'] } as const;

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** A home into which the script for `secrets` has written, as a kubelet would have it run. */
class Home {
  readonly root: string = mkdtempSync(join(tmpdir(), 'credentials-'));
  readonly home: string = join(this.root, 'home');

  constructor(shell: keyof typeof shells, secrets: readonly Secret[]) {
    roots.push(this.root);
    for (const { metadata, data = {} } of secrets) {
      const folder = join(this.root, 'creds-secrets', metadata.name ?? '');
      mkdirSync(folder, { recursive: true });
      for (const [key, text] of Object.entries(data)) writeFileSync(join(folder, key), Buffer.from(text, 'base64'));
    }
    const script = podCredentials(secrets)?.script ?? '';
    writeFileSync(join(this.root, 'script'), script.replaceAll('/tekton/', `${this.root}/`));
    const [program, ...args] = shells[shell];
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.home };
    const ended = spawnSync(program, [...args, join(this.root, 'script')], { encoding: 'utf8', env });
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', '']);
  }

  text(path: string): string {
    return readFileSync(join(this.home, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.home, path));
  }
}

const basic = { username: 'ada "l\\"', password: 'p@ss:/w ö%\n' };

for (const shell of Object.keys(shells) as (keyof typeof shells)[]) {
  const skip = has(shells[shell][0]) ? false : `no ${shells[shell][0]} here`;
  describe(`credentials written by ${shell}`, { skip }, () => {
    it('of a password for Git: those for whole hosts first, and no other file', () => {
      const hosts = { 'tekton.dev/git-0': 'https://example.com/org/one', 'tekton.dev/git-1': 'https://example.com/' };
      const home = new Home(shell, [secretOf('s', 'basic-auth', basic, hosts)]);
      const [first = '', second] = home.text('.git-credentials').trim().split('\n');
      const url = new URL(first);
      assert.deepEqual([url.host, decodeURIComponent(url.username)], ['example.com', basic.username]);
      assert.equal(`${decodeURIComponent(url.password)}\n`, basic.password);
      assert.match(second ?? '', /@example\.com\/org\/one$/);
      assert.equal(statSync(join(home.home, '.git-credentials')).mode & 0o777, 0o600);
      assert.match(home.text('.gitconfig'), /"https:\/\/example.com\/org\/one"\]\n.*\n.*\n\tuseHttpPath = true\n$/);
      assert.deepEqual([home.has('.ssh'), home.has('.docker')], [false, false]);
    });

    it('of a password for Git, as Git reads them', { skip: has('git') ? false : 'no git here' }, () => {
      const home = new Home(shell, [secretOf('s', 'basic-auth', basic, { 'tekton.dev/git-0': 'https://example.com' })]);
      const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home.home };
      const input = 'protocol=https\nhost=example.com\n\n';
      const { stdout } = spawnSync('git', ['credential', 'fill'], { input, encoding: 'utf8', env });
      assert.match(stdout, /username=ada "l\\"\npassword=p@ss:\/w ö%\n/);
    });

    it('of keys for Git: one file each, hosts with their ports, and an alias where a key is for one repository', () => {
      const home = new Home(shell, [
        secretOf('a', 'ssh-auth', { 'ssh-privatekey': 'KEY', known_hosts: 'h ssh-rsa A' }, { 'tekton.dev/git-0': 'h' }),
        secretOf('b', 'ssh-auth', { 'ssh-privatekey': 'B\n' }, { 'tekton.dev/git-0': 'ssh://git@h:2222/org/repo' }),
      ]);
      assert.deepEqual([home.text('.ssh/id_a'), home.text('.ssh/id_b')], ['KEY\n', 'B\n']);
      assert.equal(home.text('.ssh/known_hosts'), 'h ssh-rsa A\n');
      const [, whole = '', one = ''] = home.text('.ssh/config').split(/^Host /m);
      assert.match(whole, /^h\n {4}HostName h\n {4}Port 22\n {4}IdentityFile ".*\/home\/\.ssh\/id_a"\n/);
      assert.match(one, /^b\.h\n {4}HostName h\n {4}Port 2222\n[^]*StrictHostKeyChecking accept-new\n$/);
      assert.doesNotMatch(whole, /StrictHostKeyChecking/);
      assert.match(home.text('.gitconfig'), /^\[url "ssh:\/\/git@b\.h\/org\/repo"\]\n\tinsteadOf = git@h:org\/repo\n/);
    });

    it('of registries: all of them in one file', () => {
      const config = { auths: { 'r1.io': { auth: 'YTpi', note: '"auths": {}' } }, credsStore: 'x,{', auths2: {} };
      const cfg = { 'r2.io': { auth: 'Yzpk' } };
      const home = new Home(shell, [
        secretOf('s', 'basic-auth', basic, { 'tekton.dev/docker-0': 'https://r0.io' }),
        secretOf('one', 'dockerconfigjson', { '.dockerconfigjson': JSON.stringify(config, undefined, 2) }),
        secretOf('two', 'dockercfg', { '.dockercfg': JSON.stringify(cfg) }),
      ]);
      const { auths } = JSON.parse(home.text('.docker/config.json')) as {
        auths: Record<string, Record<string, string>>;
      };
      assert.deepEqual(Object.keys(auths).sort(), ['https://r0.io', 'r1.io', 'r2.io']);
      assert.deepEqual(auths['r1.io'], config.auths['r1.io']);
      const { username, password = '', auth = '' } = auths['https://r0.io'] ?? {};
      assert.deepEqual([username, `${password}\n`], [basic.username, basic.password]);
      assert.equal(`${Buffer.from(auth, 'base64').toString()}\n`, `${basic.username}:${basic.password}`);
      assert.equal(home.has('.gitconfig'), false);
    });

    it('of one registry file: as it is', () => {
      const text = '{"auths":{},"credHelpers":{"gcr.io":"gcloud"}}';
      const home = new Home(shell, [secretOf('one', 'dockerconfigjson', { '.dockerconfigjson': text })]);
      assert.equal(home.text('.docker/config.json'), text);
    });

    it('never runs what an annotation says', () => {
      const evil = "https://x'; touch $(pwned) `id`";
      const home = new Home(shell, [secretOf('s', 'basic-auth', basic, { 'tekton.dev/git-0': evil })]);
      assert.match(home.text('.gitconfig'), /^\[credential "https:\/\/x';touch\$\(pwned\)`id`"\]/);
    });
  });
}

describe('podCredentials', () => {
  it('takes no Secret of another type or without a host', () => {
    const others = [
      secretOf('a', 'basic-auth', basic),
      secretOf('b', 'ssh-auth', { 'ssh-privatekey': 'KEY' }, { 'tekton.dev/docker-0': 'h' }),
      { ...secretOf('c', '', {}, { 'tekton.dev/git-0': 'h' }), type: 'Opaque' },
    ];
    assert.equal(podCredentials(others), undefined);
  });

  it('mounts each Secret once and names no value of it', () => {
    const hosts = { 'tekton.dev/git-0': 'https://a.io', 'tekton.dev/docker-0': 'https://b.io' };
    const found = podCredentials([secretOf('s', 'basic-auth', { username: 'ada', password: 'hush' }, hosts)]);
    assert.deepEqual(found?.mounts, [
      { name: 'penstock-credentials-0', mountPath: '/tekton/creds-secrets/s', readOnly: true },
    ]);
    assert.deepEqual(found?.volumes, [{ name: 'penstock-credentials-0', secret: { secretName: 's', optional: true } }]);
    assert.doesNotMatch(found?.script ?? '', /ada|hush|aHVzaA/);
  });
});
