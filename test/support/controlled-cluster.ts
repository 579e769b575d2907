/** A real API server with simulated nodes, on which `penstock controller` runs as its own user with its own roles. */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { Informer } from '../../src/controller/informer.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { accessObjects } from '../../src/install/access.ts';
import { defaultInstallOptions } from '../../src/install/install-options.ts';
import { managedGateKey } from '../../src/gate/types.ts';
import { namespaces, pods } from '../../src/kube/core-types.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { kubeconfigFor } from '../../src/server/kubeconfig.ts';
import { pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { installKinds } from './installed-kinds.ts';
import type { PenstockProcess, Workplace } from './penstock-process.ts';
import { type RealApi, startRealApi } from './real-api.ts';
import { isDone, messageOf, pipelineRun, pipelineTask, simulatedBehaviour, verdictOf } from './simulated-work.ts';
import { startSimulatedNodes } from './simulated-nodes.ts';
import { waitUntil } from './wait-until.ts';

/** Where the runs are; Penstock itself is in {@link ownNamespace}. */
export const runNamespace = 'ci';
export const ownNamespace = 'penstock';
const user = 'penstock';
const verdictFinalizer = 'penstock.dev/verdict';
/** A whole load has come to its end after so long, on whatever machine; in ms. */
const clusterPatienceMs = 180_000;

interface Expectation {
  readonly verdict: string;
  /** How many pods each task is to have had. */
  readonly pods: Readonly<Record<string, number>>;
}

/** Kinds of runs in turn: all goes well, a retry helps, a task fails for good. */
const expectations: readonly Expectation[] = [
  { verdict: 'True/Succeeded', pods: { a: 1, b: 1, c: 1 } },
  { verdict: 'True/Succeeded', pods: { a: 1, b: 2, c: 1 } },
  { verdict: 'False/Failed', pods: { a: 1, b: 1, c: 0 } },
];

/** The cluster, and the runs it has been given. */
export class ControlledCluster implements AsyncDisposable {
  readonly api: RealApi;
  readonly #nodes: AsyncDisposable;
  readonly #workplace: Workplace;
  readonly #kubeconfig: string;
  readonly #errors: unknown[];
  readonly #podOwners = new Map<string, string>();
  readonly #watching = new AbortController();
  #accepted = 0;

  private constructor(workplace: Workplace, api: RealApi, nodes: AsyncDisposable, errors: unknown[]) {
    this.api = api;
    this.#nodes = nodes;
    this.#errors = errors;
    this.#workplace = workplace;
    const { server: url, certificateAuthority = '' } = api;
    const config = kubeconfigFor({ url, certificateAuthority, token: api.tokenOf(user) });
    this.#kubeconfig = workplace.write('kubeconfig', JSON.stringify(config));
    void this.#watchPods();
  }

  static async start(workplace: Workplace): Promise<ControlledCluster> {
    const api = await startRealApi({ users: [{ name: user, groups: [] }] });
    await installKinds(api.client);
    for (const name of [ownNamespace, runNamespace]) {
      await api.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    await grantAccess(api);
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const nodes = await startSimulatedNodes({ transport: api.connect(), behaviour: simulatedBehaviour, onError });
    return new ControlledCluster(workplace, api, nodes, errors);
  }

  /** Starts a `penstock controller` as the user who has the roles of `deploy/` and no others. */
  controller(...flags: readonly string[]): PenstockProcess {
    const fixed = ['controller', '--kubeconfig', this.#kubeconfig, '--lease-namespace', ownNamespace];
    return this.#workplace.start([...fixed, ...flags]);
  }

  /** Creates one more run; every other one has to pass the gate of the test. */
  async accept(): Promise<void> {
    const index = this.#accepted++;
    const kind = index % expectations.length;
    const held = index % 2 === 1;
    const annotations = held ? { [managedGateKey]: 'few' } : {};
    const metadata = { name: `run-${index}`, namespace: runNamespace, annotations };
    const tasks = [
      pipelineTask('a', { durationMs: 60 }),
      {
        ...pipelineTask('b', { exitCode: kind === 0 ? 0 : 1 }, { runAfter: ['a'], retries: kind === 1 ? 1 : 0 }),
        ...(kind === 1 ? retriedOnce : {}),
      },
      pipelineTask('c', {}, { runAfter: ['b'] }),
    ];
    const run = pipelineRun(metadata, tasks, held ? { status: 'PipelineRunPending' } : {});
    await this.api.client.create(pipelineRuns, run);
  }

  /** Waits for all runs to end; throws unless everything is as it should be. Resolves to how many runs there were. */
  async check(): Promise<number> {
    for (let index = 0; index < this.#accepted; index++) {
      await this.#checkRun(`run-${index}`, expectations[index % expectations.length] ?? assert.fail());
    }
    await this.#checkLeftovers();
    return this.#accepted;
  }

  async #checkRun(name: string, expected: Expectation): Promise<void> {
    const key = { namespace: runNamespace, name };
    let run = await this.api.client.get(pipelineRuns, key);
    const isOver = async (): Promise<boolean> => isDone((run = await this.api.client.get(pipelineRuns, key)));
    await waitUntil(`run ${name} is over`, isOver, { seen: () => run.status, limitMs: clusterPatienceMs });
    const told = `${name} ${verdictOf(run)}: ${messageOf(run)}`;
    assert.equal(verdictOf(run), expected.verdict, told);
    await this.#seePods();
    for (const [task, count] of Object.entries(expected.pods)) {
      const made = [...this.#podOwners.values()].filter((owner) => owner === `${name}-${task}`);
      assert.equal(made.length, count, `${told}: pods of ${task}`);
    }
  }

  async #checkLeftovers(): Promise<void> {
    const held = async (): Promise<readonly unknown[]> => {
      const { items } = await this.api.client.list(pods);
      return items.flatMap(({ metadata }) => (metadata.finalizers?.includes(verdictFinalizer) ? [metadata] : []));
    };
    const isFree = async (): Promise<boolean> => (await held()).length === 0;
    await waitUntil('no pod is held back', isFree, { seen: held, limitMs: clusterPatienceMs });
    const { items } = await this.api.client.list(taskRuns);
    const open = items.filter((run) => !isDone(run)).map(({ metadata }) => metadata.name);
    assert.deepEqual(open, [], 'TaskRuns that never ended');
  }

  /** Sees every pod that there ever is, also one that does not stay. */
  #watchPods(): Promise<void> {
    const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
    const informer = new Informer({ ...parts, client: this.api.client, type: pods });
    informer.addHandler({ added: (pod) => this.#seePod(pod) });
    return informer.run(this.#watching.signal);
  }

  /** What is there now: the watch may lag behind a verdict. */
  async #seePods(): Promise<void> {
    for (const pod of (await this.api.client.list(pods)).items) this.#seePod(pod);
  }

  #seePod({ metadata: { uid = '', labels } }: Pod): void {
    this.#podOwners.set(uid, labels?.['tekton.dev/taskRun'] ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching.abort();
    await this.#nodes[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
    assert.deepEqual(this.#errors, [], 'pods could not be placed');
  }
}

/** A task whose step fails at first and succeeds when it is tried again. */
const retriedOnce = {
  taskSpec: {
    steps: [{ name: 'work', image: 'simulated', command: ['simulate'], args: ['{"exitCode":1}', '{"exitCode":0}'] }],
  },
};

/** Gives {@link user} the roles that an installation gives to the service account. */
async function grantAccess({ client }: RealApi): Promise<void> {
  const options = { ...defaultInstallOptions('test'), namespace: ownNamespace };
  for (const object of accessObjects(options)) {
    const { kind } = object;
    if (kind === 'ServiceAccount') continue;
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }];
    const bound: JsonObject = String(kind).endsWith('Binding') ? { ...object, subjects } : object;
    await client.create(roleType(String(kind)), bound as unknown as KubeObject);
  }
}

function roleType(kind: string): ResourceType {
  const resource = `${kind.toLowerCase()}s`;
  return { group: 'rbac.authorization.k8s.io', version: 'v1', resource, kind, namespaced: !kind.startsWith('Cluster') };
}
