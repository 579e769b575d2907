/** Logs that outlived their pods, read through a real API server with people's own rights. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClusterWebhook } from '../../src/app/cluster-webhook.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { findSystemNamespace } from '../../src/cli/system-namespace.ts';
import { connectionTo, type Said, typeProgram } from '../../src/cli/testing/typed-program.ts';
import { createClient } from '../../src/client/client.ts';
import { installName, logsServiceName, webhookName } from '../../src/install/names.ts';
import { namespaces } from '../../src/kube/core-types.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { LogFixture, runUntil } from '../../src/logs/log-fixture.ts';
import { createAuthority, createCertificate } from '../../src/server/certificate.ts';
import { apiServices } from '../../src/server/admission/certificate-keeper.ts';
import { MemoryLogger } from '../../src/telemetry/memory-logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';
import { Kubectl, noKubectl } from '../support/kubectl.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { type RealApi, startRealApi } from '../support/real-api.ts';
import { waitUntil } from '../support/wait-until.ts';

const deploy = path.resolve(import.meta.dirname, '../../deploy');
const account = {
  name: 'system:serviceaccount:penstock:penstock',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:penstock', 'system:authenticated'],
};
/** May read logs of pods and logs that are kept; only the latter; nothing. */
const people = ['ann', 'bob', 'carl'].map((name) => ({ name, groups: ['system:authenticated'] }));
const services: ResourceType = { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true };
const rbac = 'rbac.authorization.k8s.io';
const roles: ResourceType = { group: rbac, version: 'v1', resource: 'roles', kind: 'Role', namespaced: true };
const roleBindings: ResourceType = { ...roles, resource: 'rolebindings', kind: 'RoleBinding' };
const skip = noKubectl || whyNoRealApi();

describe('logs that are kept, on a real API server', { skip }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'penstock-front-proxy-'));
  const logger = new MemoryLogger();
  const fixture = new LogFixture();
  let api: RealApi;
  let kubectl: Kubectl;
  let webhook: ClusterWebhook;

  before(async () => {
    api = await startRealApi({ users: [account, ...people], flags: frontProxyFlags() });
    const { certificateAuthority: certificate = '' } = api;
    kubectl = new Kubectl({ url: api.server }, { certificate, token: api.tokenOf('admin') });
    for (const part of ['.', 'logs']) {
      const { code, stderr } = await kubectl.run(['apply', '-k', path.join(deploy, part)]);
      assert.equal(code, 0, stderr);
    }
    await record();
    webhook = new ClusterWebhook({
      ...{ clock: systemClock, random: systemRandom, logger, metrics: noMetrics, engine: 'penstock', port: 0 },
      transport: api.connect(account.name),
      namespace: installName,
      archive: fixture.archive(),
    });
    await webhook.start();
    await leadHere();
    await allow();
    await waitUntil('the API is available', async () => {
      const { status } = (await api.client.get(apiServices, { namespace: '', name: logsServiceName })) as ServiceState;
      return status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True') === true;
    });
  });

  after(async () => {
    await webhook.stop();
    kubectl[Symbol.dispose]();
    await api[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  interface ServiceState {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }

  /** With which an API server proves to others that it is one. */
  function frontProxyFlags(): readonly string[] {
    const made = { nowMs: systemClock.now(), serial: randomBytes(16) };
    const authority = createAuthority({ ...made, name: 'front-proxy' });
    const { key, certificate } = createCertificate({ ...made, hosts: [], authority, shownBy: 'client' });
    const files = { 'ca.crt': authority.certificate, 'client.crt': certificate, 'client.key': key };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, { mode: 0o600 });
    return [
      `--requestheader-client-ca-file=${path.join(folder, 'ca.crt')}`,
      '--requestheader-allowed-names=penstock',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${path.join(folder, 'client.crt')}`,
      `--proxy-client-key-file=${path.join(folder, 'client.key')}`,
    ];
  }

  /** The log of a step whose pod and TaskRun nobody knows any more. */
  async function record(): Promise<void> {
    const keeper = fixture.startKeeper();
    const pod = fixture.createPod('p', ['step-a']);
    fixture.start('p', 'step-a');
    fixture.write('p', 'step-a', 'it went well\n');
    fixture.end('p', 'step-a');
    await runUntil(fixture.clock, () => keeper.isSettled(pod));
  }

  /** No Service leads anywhere here: its name leads to this machine. */
  async function leadHere(): Promise<void> {
    const external = { spec: { type: 'ExternalName', externalName: 'localhost', clusterIP: null, clusterIPs: null } };
    const service = { namespace: installName, name: webhookName };
    await api.client.patch(services, service, external, { type: 'merge' });
    const port = { spec: { service: { port: webhook.port ?? 0 } } };
    await api.client.patch(apiServices, { namespace: '', name: logsServiceName }, port, { type: 'merge' });
  }

  async function allow(): Promise<void> {
    const inNs = (name: string) => ({ namespace: 'ns', name });
    const apiVersion = `${rbac}/v1`;
    await api.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
    const bind = (name: string, kind: string, role: string, users: readonly string[]) => {
      const subjects = users.map((user) => ({ kind: 'User', apiGroup: rbac, name: user }));
      const roleRef = { apiGroup: rbac, kind, name: role };
      const binding = { apiVersion, kind: 'RoleBinding', metadata: inNs(name), subjects, roleRef };
      return api.client.create(roleBindings, binding);
    };
    const rules = [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }];
    await api.client.create(roles, { apiVersion, kind: 'Role', metadata: inNs('pod-logs'), rules } as never);
    await bind('pod-logs', 'Role', 'pod-logs', ['ann']);
    await bind('kept-logs', 'ClusterRole', 'penstock-logs-view', ['ann', 'bob']);
  }

  function logs(user: string): Promise<Said> {
    const transport = api.connect(user);
    const connection = { ...connectionTo(createClient(transport), api.server), transport, namespace: 'ns' };
    const connect = () => Promise.resolve(connection);
    return typeProgram(['logs', 'run-p'], { connect, onInterrupt: () => () => undefined });
  }

  it('are shown to who may read logs of pods there, by the rights of the ServiceAccount alone', async () => {
    // ann may not see TaskRuns: that is a right of its own.
    const { stdout, stderr } = await kubectl.run([
      ...['get', '--as=ann', '--as-group=system:authenticated', '--raw'],
      '/apis/logs.penstock.dev/v1alpha1/namespaces/ns/taskruns/run-p/log',
    ]);
    assert.deepEqual([stdout, stderr], ['it went well\n', '']);
    assert.deepEqual(
      logger.lines.filter((line) => JSON.stringify(line).includes('forbidden')),
      [],
    );
  });

  it('are shown by penstock logs', async () => {
    const { code, output, errors } = await logs('admin');
    assert.deepEqual([code, output, errors], [0, '[run-p : a] it went well\n', '']);
  });

  it('are shown to nobody else', async () => {
    const read = (user: string) => {
      const path_ = '/apis/logs.penstock.dev/v1alpha1/namespaces/ns/taskruns/run-p/log';
      return api.connect(user)({ method: 'GET', path: path_, query: {}, headers: {} });
    };
    const bob = await read('bob');
    assert.equal(bob.status, 403);
    assert.match(JSON.stringify(bob.body), /user \\"bob\\" cannot get pods\/log in the namespace \\"ns\\"/);
    assert.equal((await read('carl')).status, 403);
    assert.equal((await read('ann')).status, 200);
  });

  it('come from the installation that is found by its Services', async () => {
    assert.equal(await findSystemNamespace(api.client, undefined), installName);
  });
});
