/** The ways into a cluster that a kubeconfig can describe, against a server that looks at who comes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { openCluster } from '../../src/app/cluster.ts';
import type { ProcessEnvironment } from '../../src/app/environment.ts';
import { UserError } from '../../src/base/errors.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiRequest } from '../../src/kube/transport.ts';
import { createCertificate } from '../../src/server/certificate.ts';

const request: ApiRequest = { method: 'GET', path: '/api/v1/pods', query: {}, headers: {} };
const bare: ProcessEnvironment = {
  colour: undefined,
  logLevel: undefined,
  kubeconfig: undefined,
  home: undefined,
  kubernetesService: undefined,
  sshAgent: undefined,
  path: '/usr/bin:/bin',
  forSteps: {},
  proxy: {},
  dumbTerminal: true,
};

interface Visit {
  readonly authorization: string | undefined;
  /** Serial number of the client's certificate. */
  readonly certificate: string | undefined;
}

function newCertificate() {
  return createCertificate({ hosts: ['127.0.0.1'], nowMs: systemClock.now(), serial: randomBytes(16) });
}

describe('openCluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-login-'));
  const { key, certificate } = newCertificate();
  const visits: Visit[] = [];
  const tunnels: string[] = [];
  /** Whether the server lets the visitor in. */
  let admit = (_visit: Visit): boolean => true;
  let server: Server;
  let proxy: ReturnType<typeof createHttpServer>;

  before(async () => {
    server = createServer(
      { key, cert: certificate, requestCert: true, rejectUnauthorized: false },
      (message, response) => {
        const seen = visitOf(message);
        visits.push(seen);
        response.writeHead(admit(seen) ? 200 : 401, { 'content-type': 'application/json' });
        response.end('{"kind":"Status"}');
      },
    );
    proxy = createHttpServer();
    proxy.on('connect', (message, socket) => {
      tunnels.push(message.url ?? '');
      const onward = connect(portOf(server), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    for (const one of [server, proxy]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    for (const one of [server, proxy]) {
      one.closeAllConnections();
      one.close();
    }
    rmSync(folder, { recursive: true });
  });

  /** A kubeconfig for `user`; resolves to what the server saw of `calls` calls with it. */
  async function visit(user: JsonObject, cluster: JsonObject = {}, calls = 1): Promise<readonly Visit[]> {
    const opened = await openCluster({ kubeconfig: kubeconfig(user, cluster) }, bare);
    visits.length = 0;
    try {
      for (let call = 0; call < calls; call++) await opened.transport(request);
      return [...visits];
    } finally {
      opened.transport.close();
    }
  }

  function kubeconfig(user: JsonObject, cluster: JsonObject): string {
    const path = join(folder, 'config');
    const authority = Buffer.from(certificate).toString('base64');
    const config = {
      'current-context': 'c',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${portOf(server)}`,
            'certificate-authority-data': authority,
            ...cluster,
          },
        },
      ],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'ci' } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  /** A program that answers with `status` and notes that it was asked; COUNT in it is how often. */
  function program(status: JsonObject): { readonly user: JsonObject; readonly asked: () => number } {
    const log = join(folder, `asked-${randomBytes(4).toString('hex')}`);
    writeFileSync(log, '');
    const apiVersion = 'client.authentication.k8s.io/v1';
    const answer = JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
    const script = `echo x >> "$LOG"; printf '%s' "$ANSWER" | sed "s/COUNT/$(wc -l < "$LOG" | tr -d ' ')/"`;
    const env = [
      { name: 'LOG', value: log },
      { name: 'ANSWER', value: answer },
    ];
    const exec = { apiVersion, command: '/bin/sh', args: ['-c', script], env, interactiveMode: 'Never' };
    return { user: { exec }, asked: () => readFileSync(log, 'utf8').length / 2 };
  }

  it('asks the program of an exec user once, as long as its token is valid', async () => {
    const { user, asked } = program({ token: 'token-COUNT', expirationTimestamp: '2099-01-01T00:00:00Z' });
    const seen = await visit(user, {}, 3);
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      ['Bearer token-1', 'Bearer token-1', 'Bearer token-1'],
    );
    assert.equal(asked(), 1);
  });

  it('asks it again when the token has expired, and when the server refuses the token', async () => {
    const expired = program({ token: 'token-COUNT', expirationTimestamp: '2001-01-01T00:00:00Z' });
    const [first, second] = await visit(expired.user, {}, 2);
    assert.deepEqual([first?.authorization, second?.authorization], ['Bearer token-1', 'Bearer token-2']);
    const refused = program({ token: 'token-COUNT' });
    admit = ({ authorization }) => authorization === 'Bearer token-2';
    const seen = await visit(refused.user, {}, 2);
    admit = () => true;
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      ['Bearer token-1', 'Bearer token-2', 'Bearer token-2'],
    );
  });

  it('shows the certificate that a program gives', async () => {
    const client = newCertificate();
    const { user } = program({ clientCertificateData: client.certificate, clientKeyData: client.key });
    const [seen] = await visit(user);
    assert.ok(seen?.certificate);
    assert.equal(seen.authorization, undefined);
  });

  it('says which program failed', async () => {
    const failing = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/false' } };
    await assert.rejects(
      visit(failing),
      (thrown) =>
        thrown instanceof UserError && thrown.code === 'KUBECONFIG_LOGIN' && /context "c"/.test(thrown.message),
    );
  });

  it('goes through the proxy of the cluster', async () => {
    const url = `http://127.0.0.1:${portOf(proxy)}`;
    const [seen] = await visit({ token: 'plain' }, { 'proxy-url': url });
    assert.equal(seen?.authorization, 'Bearer plain');
    assert.deepEqual(tunnels, [`127.0.0.1:${portOf(server)}`]);
  });

  it('uses user name and password, tokens, and certificates', async () => {
    const [basic] = await visit({ username: 'ann', password: 'secret' });
    assert.equal(basic?.authorization, `Basic ${Buffer.from('ann:secret').toString('base64')}`);
    const [token] = await visit({ token: 'plain' });
    assert.equal(token?.authorization, 'Bearer plain');
    const client = newCertificate();
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    const user = { 'client-certificate-data': encode(client.certificate), 'client-key-data': encode(client.key) };
    const [certified] = await visit(user);
    assert.ok(certified?.certificate);
  });

  it('reads the token of a token file again when it is replaced', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'one\n');
    const opened = await openCluster({ kubeconfig: kubeconfig({ tokenFile }, {}) }, bare);
    visits.length = 0;
    await opened.transport(request);
    writeFileSync(tokenFile, 'two\n');
    await opened.transport(request);
    opened.transport.close();
    assert.deepEqual(
      visits.map(({ authorization }) => authorization),
      ['Bearer one', 'Bearer two'],
    );
    assert.equal(opened.namespace, 'ci');
  });

  it('says where it looked when there is no kubeconfig', async () => {
    const nowhere = { ...bare, home: folder, kubeconfig: join(folder, 'nowhere') };
    await assert.rejects(
      openCluster({}, nowhere),
      (thrown) => thrown instanceof UserError && thrown.code === 'KUBECONFIG_MISSING',
    );
  });
});

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}

function visitOf({ headers, socket }: IncomingMessage): Visit {
  const { serialNumber } = (socket as TLSSocket).getPeerCertificate() as { serialNumber?: string };
  return { authorization: headers.authorization, certificate: serialNumber };
}
