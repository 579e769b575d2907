/** A TaskRun reconciler over an API in memory whose caches lag, for tests: nothing happens by itself. */
import { assert } from '../../base/assert.ts';
import { toRfc3339 } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { ReconcileResult } from '../../controller/contract.ts';
import { pods, serviceAccounts, type ServiceAccount } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { succeededCondition } from '../../tekton/pipeline-run/children.ts';
import { taskRuns, tasks, type Task, type TaskRun, type TaskRunSpec, type TaskRunStatus } from '../../tekton/types.ts';
import { LaggingLister, MemoryApi } from '../memory-api.ts';
import { MemoryKubelet } from '../memory-kubelet.ts';
import { ownerIndex, TaskRunReconciler } from './reconciler.ts';
import { ownerKeys } from './register.ts';
import { defaultTaskRunSettings, type TaskRunSettings } from './settings.ts';

/** The only run of every bench. */
export const benchKey = { namespace: 'ns', name: 'run' } as const;

/** One TaskRun with everything around it. */
export class TaskRunBench {
  readonly api: MemoryApi = new MemoryApi();
  readonly clock: VirtualClock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 8) });
  readonly kubelet: MemoryKubelet = new MemoryKubelet(this.api);
  /** Reasons of the warnings recorded so far. */
  readonly warnings: string[] = [];
  readonly runs: LaggingLister<TaskRun> = new LaggingLister(this.api, taskRuns);
  readonly pods: LaggingLister<Pod> = new LaggingLister(this.api, pods, { [ownerIndex]: ownerKeys });
  readonly tasks: LaggingLister<Task> = new LaggingLister(this.api, tasks);
  readonly accounts: LaggingLister<ServiceAccount> = new LaggingLister(this.api, serviceAccounts);
  readonly #settings: Partial<TaskRunSettings>;
  reconciler: TaskRunReconciler;

  constructor(spec: TaskRunSpec, settings: Partial<TaskRunSettings> = {}) {
    this.#settings = settings;
    this.api.now = () => this.clock.now();
    this.reconciler = this.restart();
    this.createRun(spec);
    this.sync();
  }

  /** The run, made now. */
  createRun(spec: TaskRunSpec, uid: string = 'run-uid'): void {
    const metadata = { ...benchKey, uid, creationTimestamp: toRfc3339(this.clock.now()) };
    this.api.put(taskRuns, { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata, spec });
  }

  /** A new process: nothing remembered. */
  restart(): TaskRunReconciler {
    this.reconciler = new TaskRunReconciler({
      client: this.api.client,
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      recorder: { warn: (_about, reason) => void this.warnings.push(reason) },
      runs: this.runs,
      pods: this.pods,
      tasks: this.tasks,
      serviceAccounts: this.accounts,
      settings: { ...defaultTaskRunSettings, ...this.#settings },
    });
    return this.reconciler;
  }

  /** All caches catch up. */
  sync(): void {
    this.runs.sync();
    this.tasks.sync();
    this.accounts.sync();
    this.syncPods();
  }

  /** The cache of pods catches up and tells the reconciler what an informer would. */
  syncPods(): void {
    const before = this.pods.list();
    this.pods.sync();
    const now = new Map(this.pods.list().map((pod) => [keyText(keyOf(pod)), pod]));
    for (const pod of before) {
      if (now.get(keyText(keyOf(pod)))?.metadata.uid !== pod.metadata.uid) this.reconciler.podGone(pod);
    }
    for (const pod of now.values()) if (pod.metadata.deletionTimestamp !== undefined) this.reconciler.podDeleting(pod);
  }

  /** One look, with the caches as they are. */
  look(): Promise<ReconcileResult> {
    return this.reconciler.reconcile(benchKey, new AbortController().signal);
  }

  /** Catches up, then looks. */
  async pass(): Promise<ReconcileResult> {
    this.sync();
    return this.look();
  }

  /** Looks until there is nothing more to say, letting as much time pass as it asks for, `looksMax` times at most. */
  async settle(looksMax: number = 20): Promise<void> {
    for (let look = 0; look < looksMax; look++) {
      const { requeueAfterMs } = await this.pass();
      if (requeueAfterMs === undefined && this.isQuiet()) return;
      await this.clock.advance(Math.min(requeueAfterMs ?? 0, 60_000));
    }
  }

  /** Whether the caches show what the API has. */
  isQuiet(): boolean {
    return (
      this.runs.get(benchKey)?.metadata.resourceVersion === this.api.read(taskRuns, benchKey)?.metadata.resourceVersion
    );
  }

  cancel(statusMessage?: string): void {
    const run = this.run;
    const spec = {
      ...run.spec,
      status: 'TaskRunCancelled',
      ...(statusMessage === undefined ? {} : { statusMessage }),
    } as const;
    this.api.put(taskRuns, { ...run, spec });
  }

  get run(): TaskRun {
    const run = this.api.read(taskRuns, benchKey);
    assert(run !== undefined, 'the run exists');
    return run;
  }

  get status(): TaskRunStatus {
    return this.run.status ?? {};
  }

  /** The pod of that name, which must exist. */
  pod(name: string = 'run-pod'): Pod {
    const pod = this.api.read(pods, { namespace: 'ns', name });
    assert(pod !== undefined, `pod ${name} exists`);
    return pod;
  }

  /** `Status/Reason` of the run. */
  get verdict(): string {
    const condition = succeededCondition(this.run.status);
    return `${condition?.status ?? '-'}/${condition?.reason ?? '-'}`;
  }

  get message(): string {
    return succeededCondition(this.run.status)?.message ?? '';
  }

  /** The calls since the last time this was asked. */
  calls(): readonly string[] {
    return this.api.calls.splice(0);
  }
}
