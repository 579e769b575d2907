/** An installation on a real API server: its roles suffice, its webhook is asked, and what it refuses is refused. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClusterControllers } from '../../src/app/cluster-controllers.ts';
import { ClusterHooks } from '../../src/app/cluster-hooks.ts';
import { ClusterWebhook } from '../../src/app/cluster-webhook.ts';
import { GitEvents } from '../../src/app/git-events.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { controllerNames } from '../../src/cli/environment.ts';
import { commitStatuses } from '../../src/forge/kinds/commit-status.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { gates } from '../../src/gate/types.ts';
import { installName, leaseName } from '../../src/install/names.ts';
import { ApiStatusError } from '../../src/kube/api-error.ts';
import { leases, namespaces, secrets } from '../../src/kube/core-types.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  type WebhookConfiguration,
} from '../../src/server/admission/certificate-keeper.ts';
import { type PipelineRun, pipelineRuns, pipelines } from '../../src/tekton/types.ts';
import { MemoryLogger } from '../../src/telemetry/memory-logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import type { SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { definition } from '../support/git-world/definitions.ts';
import { Kubectl, noKubectl } from '../support/kubectl.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { type RealApi, startRealApi } from '../support/real-api.ts';
import { startSimulatedNodes } from '../support/simulated-nodes.ts';
import { waitUntil } from '../support/wait-until.ts';

const folder = path.resolve(import.meta.dirname, '../../deploy');
const account = {
  name: 'system:serviceaccount:penstock:penstock',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:penstock', 'system:authenticated'],
};
const webhookTypes = [mutatingWebhookConfigurations, validatingWebhookConfigurations];
const skip = noKubectl || whyNoRealApi();

describe('an installation on a real API server', { skip }, () => {
  let api: RealApi;
  let kubectl: Kubectl;
  let nodes: AsyncDisposable;
  const logger = new MemoryLogger();
  const stopping = new AbortController();
  let replicas: readonly ClusterControllers[] = [];
  let webhook: ClusterWebhook;
  let git: GitEvents;
  let hooks: ClusterHooks;
  let ended: Promise<unknown> = Promise.resolve();
  let applied: { readonly again: string; readonly bundles: readonly string[] };

  before(async () => {
    api = await startRealApi({ users: [account] });
    const { certificateAuthority: certificate = '' } = api;
    kubectl = new Kubectl({ url: api.server }, { certificate, token: api.tokenOf('admin') });
    await apply();
    nodes = await startSimulatedNodes({ transport: api.connect(), onError: (error) => assert.fail(String(error)) });
    const parts = { clock: systemClock, random: systemRandom, logger, metrics: noMetrics, engine: 'penstock' } as const;
    const own = { ...parts, namespace: installName };
    webhook = new ClusterWebhook({ ...own, transport: api.connect(account.name), port: 0, hosts: ['localhost'] });
    await webhook.start();
    applied = { again: await apply(), bundles: await bundles() };
    for (const type of webhookTypes) await pointHere(type);
    git = new GitEvents({ ...parts, systemNamespace: installName });
    const listening = { hooks: { host: '127.0.0.1', port: 0 } };
    const transport = api.connect(account.name);
    hooks = (await ClusterHooks.listen(listening, git, { transport, logger })) ?? assert.fail();
    assert.deepEqual(
      hooks.readiness().map(({ ok }) => ok),
      [false],
    );
    await hooks.start();
    const times = { leaseMs: 15_000, renewMs: 10_000, retryMs: 500 };
    const election = { lease: { namespace: installName, name: leaseName }, times };
    replicas = ['a', 'b'].map(
      (identity) =>
        new ClusterControllers({
          ...parts,
          transport: api.connect(account.name),
          controllers: controllerNames,
          git,
          identity,
          election,
        }),
    );
    ended = Promise.all(replicas.map((replica) => replica.run(stopping.signal)));
    await until(() => [...replicas, hooks].every((part) => part.readiness().every(({ ok }) => ok)));
  });

  after(async () => {
    stopping.abort();
    await Promise.all([ended, hooks.stop()]);
    git[Symbol.dispose]();
    await webhook.stop();
    await nodes[Symbol.asyncDispose]();
    kubectl[Symbol.dispose]();
    await api[Symbol.asyncDispose]();
  });

  async function apply(): Promise<string> {
    const { code, stdout, stderr } = await kubectl.run(['apply', '-k', folder]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function bundles(): Promise<readonly string[]> {
    const key = { namespace: '', name: installName };
    const found = await Promise.all(webhookTypes.map((type) => api.client.get(type, key)));
    return found.flatMap(({ webhooks = [] }) => webhooks.map(({ clientConfig }) => clientConfig?.caBundle ?? ''));
  }

  /** No Service leads anywhere here: the API server calls this process. */
  async function pointHere(type: ResourceType<WebhookConfiguration>): Promise<void> {
    const key = { namespace: '', name: installName };
    const { webhooks = [] } = await api.client.get(type, key);
    const place = type.kind === 'MutatingWebhookConfiguration' ? 'mutate' : 'validate';
    const url = `https://localhost:${webhook.port}/${place}`;
    const patch = webhooks.flatMap((_webhook, index): readonly JsonObject[] => [
      { op: 'remove', path: `/webhooks/${index}/clientConfig/service` },
      { op: 'add', path: `/webhooks/${index}/clientConfig/url`, value: url },
    ]);
    await api.client.patch(type, key, patch, { type: 'json' });
  }

  /** Tries until the API server has read of a change. */
  const until = (condition: () => Promise<boolean> | boolean): Promise<void> => waitUntil(String(condition), condition);

  async function refusal(write: Promise<KubeObject>): Promise<ApiStatusError> {
    try {
      const { kind } = await write;
      return assert.fail(`${kind} was not refused`);
    } catch (thrown) {
      assert.ok(thrown instanceof ApiStatusError, String(thrown));
      return thrown;
    }
  }

  function run(name: string, spec: JsonObject = {}, labels: Readonly<Record<string, string>> = {}): PipelineRun {
    const tasks = [{ name: 'a', taskSpec: { steps: [{ name: 's', image: 'busybox', script: 'true' }] } }];
    const metadata = { name, namespace: 'default', labels };
    const whole = { pipelineSpec: { tasks }, ...spec };
    return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec: whole };
  }

  function isOver({ status }: PipelineRun): boolean {
    return status?.completionTime !== undefined;
  }

  it('fills in defaults at the creation, and runs to the end with the rights of its ServiceAccount alone', async () => {
    await until(async () => {
      const { spec } = await api.client.create(pipelineRuns, run('probe'), { dryRun: true });
      return spec.timeouts?.pipeline === '1h0m0s';
    });
    const created = await api.client.create(pipelineRuns, run('good'));
    assert.equal(created.spec.taskRunTemplate?.serviceAccountName, 'default');
    const key = { namespace: 'default', name: 'good' };
    await until(async () => isOver(await api.client.get(pipelineRuns, key)));
    const { status } = await api.client.get(pipelineRuns, key);
    assert.equal(status?.conditions?.[0]?.reason, 'Succeeded');
    const forbidden = logger.lines.filter((line) => JSON.stringify(line).includes('forbidden'));
    assert.deepEqual(forbidden, []);
    const { spec } = await api.client.get(leases, { namespace: installName, name: leaseName });
    assert.match(spec?.holderIdentity ?? '', /^[ab]$/);
  });

  it('refuses to make a run pending that exists', async () => {
    const key = { namespace: 'default', name: 'exists' };
    await api.client.create(pipelineRuns, run('exists'));
    const change = { spec: { status: 'PipelineRunPending' } };
    const error = await refusal(api.client.patch(pipelineRuns, key, change, { type: 'merge' }));
    assert.deepEqual([error.reason, error.status], ['Invalid', 422]);
    assert.match(error.message, /admission webhook "runs.penstock.dev" denied the request: .*spec.status/);
    assert.equal(error.details.causes?.[0]?.field, 'spec.status');
  });

  it('refuses what is invalid, in the words of the embedded server', async () => {
    const twice = [1, 2].map(() => ({ name: 'same', taskRef: { name: 't' } }));
    const pipeline = { apiVersion: 'tekton.dev/v1', kind: 'Pipeline', metadata: { name: 'p', namespace: 'default' } };
    const error = await refusal(api.client.create(pipelines, { ...pipeline, spec: { tasks: twice } }));
    assert.match(
      error.message,
      /"definitions.penstock.dev" denied the request: Pipeline.tekton.dev "p" is invalid: spec.tasks\[1\]/,
    );
    const gate = { apiVersion: 'penstock.dev/v1alpha1', kind: 'Gate', metadata: { name: 'g' } };
    const windows = [{ from: '08:00', to: '09:00', timeZone: 'Nowhere/City' }];
    const bad = await refusal(api.client.create(gates, { ...gate, spec: { windows } }));
    assert.match(bad.message, /"gates.penstock.dev" denied the request/);
    const repository = { apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository' };
    const metadata = { name: 'r', namespace: 'default' };
    const never = { url: 'https://git.test/a/r', schedules: [{ name: 's', cron: '0 0 31 2 *' }] };
    const idle = await refusal(api.client.create(repositories, { ...repository, metadata, spec: never }));
    assert.match(idle.message, /"repositories.penstock.dev" denied the request: .*spec.schedules\[0\]/);
  });

  it('makes governed runs pending at their creation, and lets them go one after another', async () => {
    await api.client.create(gates, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: 'closed' },
      spec: { paused: true, selector: { matchLabels: { team: 'a' } } },
    });
    const governed = (name: string): PipelineRun => run(name, {}, { team: 'a' });
    await until(async () => {
      const { spec } = await api.client.create(pipelineRuns, governed('probe'), { dryRun: true });
      return spec.status === 'PipelineRunPending';
    });
    const created = await api.client.create(pipelineRuns, governed('held'));
    assert.equal(created.spec.status, 'PipelineRunPending');
    assert.match(JSON.stringify(created.metadata.annotations), /waiting in gate \\"closed\\"/);
    await api.client.patch(gates, { namespace: '', name: 'closed' }, { spec: { paused: false } }, { type: 'merge' });
    const key = { namespace: 'default', name: 'held' };
    await until(async () => isOver(await api.client.get(pipelineRuns, key)));
    const { status } = await api.client.get(pipelineRuns, key);
    assert.equal(status?.conditions?.[0]?.reason, 'Succeeded');
    assert.deepEqual(
      logger.lines.filter((line) => JSON.stringify(line).includes('forbidden')),
      [],
    );
  });

  /** A Repository of a project of the host, with the token and the secret that the host knows. */
  async function connectHost({ access, webhookSecret, kind }: SimulatedHost, url: string): Promise<string> {
    const namespace = 'team';
    await api.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    assert.equal(access.credential.type, 'token');
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    const data = { 'provider.token': encoded(access.credential.token), 'webhook.secret': encoded(webhookSecret) };
    await api.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'host' }, data });
    const secret = { name: 'host' };
    await api.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { namespace, name: 'app' },
      spec: {
        url,
        concurrency_limit: 1,
        git_provider: { type: kind, url: access.webUrl, secret, webhook_secret: secret },
      },
    });
    return namespace;
  }

  it('takes a push, runs it and shows its status, with the rights of its ServiceAccount alone', async () => {
    await using host = await startGitea({ clock: systemClock });
    const project = host.addProject('acme', 'app');
    const namespace = await connectHost(host, project.url);
    const sha = host.commit(project, 'main', { '.tekton/build.yaml': definition('build') });
    const { headers, body } = host.webhooks.push(project, 'main', 'alice');
    const post = (): Promise<Response> =>
      fetch(`${hooks.url}/gitea`, { method: 'POST', headers, body: Buffer.from(body) });
    // Nobody's, until the cache knows the Repository.
    await until(async () => (await post()).status === 202);
    assert.equal((await post()).status, 200, 'twice is once');
    await until(() => host.statuses(project, sha).at(-1)?.state === 'success');
    await until(async () => {
      const { items } = await api.client.list(commitStatuses, { namespace });
      return items.some(({ status }) => status?.conditions?.some((one) => one.status === 'True') ?? false);
    });
    const { items: runs } = await api.client.list(pipelineRuns, { namespace });
    assert.deepEqual(
      runs.map(({ status }) => status?.conditions?.[0]?.reason),
      ['Succeeded'],
    );
    assert.deepEqual(host.violations, []);
    assert.deepEqual(
      logger.lines.filter((line) => JSON.stringify(line).includes('forbidden')),
      [],
    );
  });

  it('is applied again without a change, and without forgetting whom to trust', () => {
    // Of a PodDisruptionBudget kubectl replaces the selector each time, whether it differs or not.
    const changed = applied.again
      .split('\n')
      .filter((line) => !/ unchanged$|^poddisruptionbudget/.test(line) && line !== '');
    assert.deepEqual(changed, []);
    assert.ok(applied.bundles.length > 0 && applied.bundles.every((bundle) => bundle !== ''));
  });
});
