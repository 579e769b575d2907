import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../base/errors.ts';
import { readKubeconfig } from './kubeconfig.ts';

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const files = new Map([
  ['ca.pem', 'authority'],
  ['/run/token', ' first \n'],
  ['client.pem', 'certificate'],
  ['client.key', 'key'],
]);

function readFile(path: string): string {
  const text = files.get(path);
  if (text === undefined) throw new Error('ENOENT');
  return text;
}

const read = (text: string, context?: string) =>
  readKubeconfig({ text, file: 'config', readFile, ...(context === undefined ? {} : { context }) });

const config = `
apiVersion: v1
kind: Config
current-context: local
preferences: {}
contexts:
- name: local
  context: { cluster: embedded, user: admin, namespace: builds }
- name: far
  context: { cluster: remote, user: robot }
- name: anonymous
  context: { cluster: bare, user: "" }
- name: cloud
  context: { cluster: remote, user: cloud }
- name: dangling
  context: { cluster: gone, user: admin }
clusters:
- name: embedded
  cluster:
    server: https://127.0.0.1:7443
    certificate-authority-data: ${btoa(pem)}
- name: remote
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority: ca.pem
    tls-server-name: kubernetes.default
- name: bare
  cluster: { server: "http://localhost:8080", insecure-skip-tls-verify: true }
users:
- name: admin
  user: { token: secret }
- name: robot
  user: { token: unused, tokenFile: /run/token, client-certificate: client.pem, client-key: client.key }
- name: cloud
  user: { exec: { command: aws } }
`;

function complaint(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof UserError && thrown.code === 'KUBECONFIG', String(thrown));
    return `${thrown.message}${thrown.remedy === undefined ? '' : ` (${thrown.remedy})`}`;
  }
  return 'nothing was wrong';
}

describe('readKubeconfig', () => {
  it('reads the current context', () => {
    assert.deepEqual(read(config), {
      context: 'local',
      namespace: 'builds',
      server: 'https://127.0.0.1:7443',
      certificateAuthority: pem,
      token: 'secret',
    });
  });

  it('reads another context, with what lies in files', () => {
    const { token, ...access } = read(config, 'far');
    assert.deepEqual(access, {
      context: 'far',
      namespace: 'default',
      server: 'https://10.0.0.1:6443',
      certificateAuthority: 'authority',
      serverName: 'kubernetes.default',
      clientCertificate: { certificate: 'certificate', key: 'key' },
    });
    assert.ok(typeof token === 'function');
    assert.equal(token(), 'first');
    files.set('/run/token', 'second');
    assert.equal(token(), 'second');
  });

  it('reads a cluster without a user', () => {
    assert.deepEqual(read(config, 'anonymous'), {
      context: 'anonymous',
      namespace: 'default',
      server: 'http://localhost:8080',
      insecureSkipTlsVerify: true,
    });
  });

  it('says what is wrong, and where', () => {
    const changed = (from: string, to: string) => {
      assert.ok(config.includes(from));
      return () => read(config.replace(from, to));
    };
    assert.deepEqual(
      [
        () => read(''),
        () => read('- a'),
        changed('current-context: local', ''),
        () => read(config, 'nowhere'),
        () => read(config, 'dangling'),
        () => read(config, 'cloud'),
        changed('server: https://127.0.0.1:7443', 'other: x'),
        changed('server: https://127.0.0.1:7443', 'server: [1]'),
        changed(btoa(pem), '"%%%"'),
        changed('{ token: secret }', '{ tokenFile: /nowhere }'),
        changed('{ token: secret }', '{ client-certificate: client.pem }'),
        changed('server: https://127.0.0.1:7443', 'server: https://a\n    proxy-url: http://p'),
      ].map((run) => complaint(run)),
      [
        'the kubeconfig config is no kubeconfig',
        'the kubeconfig config is no kubeconfig',
        'the kubeconfig config names no current context (set current-context, or name a context)',
        'the kubeconfig config has no context "nowhere" (its contexts: local, far, anonymous, cloud, dangling)',
        'the kubeconfig config has no cluster "gone" (its clusters: embedded, remote, bare)',
        'config: user "cloud" logs in with "exec", which is not supported (use a token or a client certificate)',
        'config: cluster "embedded" has no server',
        'config: cluster "embedded" has a server that is not text',
        'config: cluster "embedded" has a certificate-authority-data that is not Base64',
        'nothing was wrong',
        'config: user "admin" needs both client-certificate and client-key',
        'config: cluster "embedded" needs a proxy (proxy-url), which is not supported',
      ],
    );
  });

  it('says where YAML is broken', () => {
    assert.match(
      complaint(() => read('a: [b')),
      /^config:1:6: /,
    );
  });

  it('complains about a token file when it is read', () => {
    const { token } = read(config.replace('{ token: secret }', '{ tokenFile: /nowhere }'));
    assert.ok(typeof token === 'function');
    assert.equal(complaint(token), 'config: user "admin" names the file /nowhere, which cannot be read');
  });
});
