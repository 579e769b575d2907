/** An API server alone, `penstock controller` beside it, runs that leave traces, and what must be true in the end. */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { Informer } from '../../src/controller/informer.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import { gates } from '../../src/gate/types.ts';
import { type PipelineRun, taskRuns } from '../../src/tekton/types.ts';
import type { PenstockProcess, Workplace } from './penstock-process.ts';
import { type Notebook, PenstockServer } from './penstock-server.ts';
import { messageOf, verdictOf } from './verdicts.ts';
import { waitUntil } from './wait-until.ts';

const runningMax = 3;
const verdictFinalizer = 'penstock.dev/verdict';
const taskRunLabel = 'tekton.dev/taskRun';

interface Expectation {
  readonly verdict: readonly [string, string];
  /** How often each task is to run. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The kinds of runs in turn: all goes well behind a gate, a retry helps, a task fails for good. */
const kinds: readonly Expectation[] = [
  { verdict: ['True', 'Succeeded'], counts: { a: 1, b: 1, c: 1, d: 1 } },
  { verdict: ['True', 'Succeeded'], counts: { a: 1, b: 2, c: 1, d: 1 } },
  { verdict: ['False', 'Failed'], counts: { a: 1, b: 1, c: 1, d: 0 } },
];

/** A server without controllers, and the runs it has been given. */
export class ControllerLoad implements AsyncDisposable {
  readonly server: PenstockServer;
  readonly #workplace: Workplace;
  readonly #notes: Notebook;
  readonly #keys: ObjectKey[] = [];
  #accepted = 0;
  readonly #podsSeen = new Map<string, string>();
  readonly #stop = new AbortController();

  private constructor(workplace: Workplace, server: PenstockServer, notes: Notebook) {
    this.#workplace = workplace;
    this.server = server;
    this.#notes = notes;
    void this.#watchPods();
  }

  static async start(workplace: Workplace, data: string): Promise<ControllerLoad> {
    const server = await PenstockServer.start(workplace, { data, flags: ['--controllers', 'none'] });
    const notes = await server.createClaim('notes');
    await server.client.create(gates, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: 'few' },
      spec: { maxRunning: runningMax },
    });
    return new ControllerLoad(workplace, server, notes);
  }

  /** Starts a `penstock controller` on the server. */
  controller(...flags: readonly string[]): PenstockProcess {
    return this.#workplace.start(['controller', '--kubeconfig', `${this.server.directory}/kubeconfig`, ...flags]);
  }

  /** Creates one more run. */
  async accept(): Promise<void> {
    const index = this.#accepted++;
    const name = `run-${index}`;
    const kind = kinds[index % kinds.length];
    this.#keys[index] = await this.server.accept(diamond(this.#notes, name, kind === kinds[1], kind === kinds[2]));
  }

  /** Waits for all runs to end; throws unless everything is as it should be. Resolves to how many runs there were. */
  async check(): Promise<number> {
    for (const [index, key] of this.#keys.entries()) {
      const run = await this.server.whenOver(key);
      await this.#checkRun(run, key, kinds[index % kinds.length] ?? assert.fail());
    }
    await this.#checkLeftovers();
    return this.#keys.length;
  }

  async #checkRun(run: PipelineRun, key: ObjectKey, expected: Expectation): Promise<void> {
    const told = `${key.name} ${verdictOf(run).join('/')}: ${messageOf(run)}`;
    assert.deepEqual(verdictOf(run), expected.verdict, told);
    const children = await this.server.taskRunsOf(key);
    await this.#seePods();
    for (const [task, count] of Object.entries(expected.counts)) {
      assert.equal(this.#notes.count(key.name, task), count, `${told}: how often ${task} ran`);
      assert.equal(children.has(task), count > 0, `${told}: TaskRun of ${task}`);
      const attempts = (children.get(task)?.status?.retriesStatus?.length ?? 0) + 1;
      const made = [...this.#podsSeen.values()].filter((owner) => owner === children.get(task)?.metadata.name);
      assert.equal(made.length, count === 0 ? 0 : attempts, `${told}: pods of ${task}`);
    }
  }

  /** Nothing waits for a controller any more: no child runs on, no pod is held back. */
  async #checkLeftovers(): Promise<void> {
    const held = async (): Promise<readonly unknown[]> => {
      const { items } = await this.server.client.list(pods);
      return items.flatMap(({ metadata }) => (metadata.finalizers?.includes(verdictFinalizer) ? [metadata] : []));
    };
    await waitUntil('no pod is held back', async () => (await held()).length === 0, { seen: held });
    const { items } = await this.server.client.list(taskRuns);
    const open = items.filter((run) => run.status?.completionTime === undefined).map(({ metadata }) => metadata.name);
    assert.deepEqual(open, [], 'TaskRuns that never ended');
  }

  /** Sees every pod that there ever is, also one that does not stay. */
  #watchPods(): Promise<void> {
    const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
    const informer = new Informer({ ...parts, client: this.server.client, type: pods });
    informer.addHandler({ added: (pod) => this.#seePod(pod) });
    return informer.run(this.#stop.signal);
  }

  /** What is there now: the watch may lag behind a verdict. */
  async #seePods(): Promise<void> {
    for (const pod of (await this.server.client.list(pods)).items) this.#seePod(pod);
  }

  #seePod({ metadata: { uid = '', labels } }: Pod): void {
    this.#podsSeen.set(uid, labels?.[taskRunLabel] ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.server.kill();
  }
}

/** a, then b and c, then d. b may need a second attempt; c may fail. */
function diamond(notes: Notebook, name: string, retried: boolean, failing: boolean): PipelineRun {
  const second = retried ? '[ "$(context.task.retry-count)" -gt 0 ]' : 'true';
  return notes.run(name, [
    notes.task(name, 'a', 'sleep 0.1'),
    notes.task(name, 'b', second, { runAfter: ['a'], retries: 1 }),
    notes.task(name, 'c', failing ? 'false' : 'true', { runAfter: ['a'] }),
    notes.task(name, 'd', 'true', { runAfter: ['b', 'c'] }),
  ]);
}
