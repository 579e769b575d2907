import { backoffDelayMs } from '../../base/backoff.ts';
import { assert } from '../../base/assert.ts';
import { fromRfc3339, type Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import { jsonEqual } from '../../base/json.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { Lister, Reconciler, ReconcileResult } from '../../controller/contract.ts';
import { isApiError } from '../../kube/api-error.ts';
import { pods, type ServiceAccount } from '../../kube/core-types.ts';
import { controllerOf, keyOf, keyText, type KubeObject, type ObjectKey } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import type { PodLogKeeper } from '../../kube/pod-log-keeper.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { isDone, succeededCondition } from '../../tekton/pipeline-run/children.ts';
import type { Lookup } from '../../tekton/pipeline-run/contract.ts';
import type { TaskResolution } from '../../tekton/task-run/contract.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import { resolveTask } from '../../tekton/task-run/resolve.ts';
import { attemptOf } from '../../tekton/task-run/status.ts';
import { taskRuns, tasks, type Task, type TaskRun, type TaskRunStatus } from '../../tekton/types.ts';
import { ProgressBudget } from '../progress-budget.ts';
import type { WarningRecorder } from '../warning-recorder.ts';
import { currentPodName, decideTaskRun, earlierPodNames, refusedAttempt, waitingAttempt } from './decide.ts';
import type { PodSight, TaskRunDecision } from './sight.ts';
import { credentialsOf } from './read-credentials.ts';
import { deletePod, isReleased, releasePod, stopPod } from './release-pod.ts';
import { progressRetryMs, type TaskRunSettings } from './settings.ts';
import { startPod } from './start-pod.ts';
import { noteDeletion, progressWait, TaskRunMemory, type RunMemory } from './task-run-memory.ts';

/** The index of the pod lister by `namespace/name` of the controlling TaskRun. */
export const ownerIndex = 'taskrun';

/** What the reconciler is made of. */
export interface TaskRunReconcilerOptions {
  readonly client: ApiClient;
  readonly runs: Lister<TaskRun>;
  /** Must have the index {@link ownerIndex}. */
  readonly pods: Lister<Pod>;
  readonly tasks: Lister<Task>;
  readonly serviceAccounts: Lister<ServiceAccount>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorder?: WarningRecorder;
  /** See `EngineParts`. */
  readonly logKeeper?: PodLogKeeper;
  readonly settings: TaskRunSettings;
}

/** Another writer was first, or the cache lags: its event brings us back; this is the net below. */
const conflictRetryMs = 200;

/** A pod that a quota forbids, or whose name is still taken, is asked for again after this. */
const roomRetryMs = 10_000;
const takenRetryMs = 1_000;

/** A cache that is behind is looked at again after this. */
const staleRetryMs = 1_000;

/** A run older than this is read again before its pod is made: our cache may have missed its end. */
const freshRunMsMax = 30_000;

/** Rounds of one decision: the cache, the pod from the API, the Task from the API, an adopted pod. */
const roundsMax = 5;

/**
 * Runs one TaskRun: makes its pod, reads the evidence, stores the verdict, lets go of the pod, in this order. Every
 * status write carries the version that was read, so a run that was cancelled or finished meanwhile refuses it; the pod
 * has a deterministic name and our finalizer, so there is one an attempt and it does not go before its verdict is stored.
 */
export class TaskRunReconciler implements Reconciler {
  readonly #parts: TaskRunReconcilerOptions;
  readonly #memory: TaskRunMemory;
  readonly #progress: ProgressBudget;
  readonly #bornMs: number;

  constructor(parts: TaskRunReconcilerOptions) {
    this.#parts = parts;
    this.#bornMs = parts.clock.now();
    this.#memory = new TaskRunMemory(parts.clock);
    this.#progress = new ProgressBudget(parts.clock, parts.settings.progressRate);
  }

  /** To be called with every state of a pod that shows its deletion. */
  podDeleting(pod: Pod): void {
    const memory = this.#memoryOfPod(pod);
    if (memory) noteDeletion(memory, pod);
  }

  /** To be called when a pod is gone, with its last known state: its only witness from now on. */
  podGone(pod: Pod): void {
    const memory = this.#memoryOfPod(pod);
    memory?.pods.forget(pod.metadata.name ?? '');
    memory?.started.add(pod.metadata.name ?? '');
    memory?.gone.set(pod.metadata.name ?? '', pod);
  }

  async reconcile(key: ObjectKey, _signal: AbortSignal): Promise<ReconcileResult> {
    const cached = this.#parts.runs.get(key);
    const known = this.#parts.pods.byIndex(ownerIndex, keyText(key));
    try {
      if (cached === undefined) return await this.#withoutRun(key, known);
      if (cached.spec.managedBy !== undefined && cached.spec.managedBy !== 'tekton.dev/pipeline') return {};
      const memory = this.#memory.of(key, cached.metadata.uid ?? '');
      const run = memory.run.latest(cached);
      const strangers = known.filter((pod) => controllerOf(pod)?.uid !== memory.uid);
      if (strangers.length > 0) await this.#releaseStrangers(key, strangers);
      const own = memory.pods.overlay(known.filter((pod) => controllerOf(pod)?.uid === memory.uid));
      if (run.metadata.deletionTimestamp !== undefined || isDone(run)) return await this.#tidy(key, run, own, memory);
      return await this.#advance(run, own, memory);
    } catch (thrown) {
      if (isApiError(thrown, 'Conflict')) return { requeueAfterMs: conflictRetryMs };
      throw thrown;
    }
  }

  #memoryOfPod(pod: Pod): RunMemory | undefined {
    const owner = controllerOf(pod);
    return owner && this.#memory.find({ namespace: pod.metadata.namespace ?? '', name: owner.name }, owner.uid);
  }

  /** The cache has no such run. Its pods go only when the API says the same. */
  async #withoutRun(key: ObjectKey, known: readonly Pod[]): Promise<ReconcileResult> {
    if (known.length > 0) await this.#releaseStrangers(key, known);
    this.#memory.forget(key);
    return {};
  }

  async #releaseStrangers(key: ObjectKey, strangers: readonly Pod[]): Promise<void> {
    const waiting = strangers.filter((pod) => !isReleased(pod));
    if (waiting.length === 0) return;
    const live = await this.#get(taskRuns, key);
    for (const pod of waiting) {
      if (controllerOf(pod)?.uid !== live?.metadata.uid) await this.#release(pod);
    }
  }

  /** Lets go of the pods of a run that is done or about to be deleted. */
  async #tidy(key: ObjectKey, run: TaskRun, own: readonly Pod[], memory: RunMemory): Promise<ReconcileResult> {
    await this.#releaseAll(own, memory);
    if (isDone(this.#parts.runs.get(key) ?? run)) this.#memory.forget(key);
    return {};
  }

  async #releaseAll(own: readonly Pod[], memory: RunMemory): Promise<void> {
    for (const pod of own) {
      if (isReleased(pod)) continue;
      const released = await this.#release(pod);
      if (released === undefined) memory.pods.forget(pod.metadata.name ?? '');
      else if (released !== pod) memory.pods.record(pod, released);
    }
  }

  /** Stops a pod that would go on, and lets go of it once its logs are settled: the keeper says when, and we look again. */
  async #release(pod: Pod): Promise<Pod | undefined> {
    const { client, logKeeper } = this.#parts;
    if (logKeeper?.isSettled(pod) ?? true) return releasePod(client, pod);
    await stopPod(client, pod);
    return pod;
  }

  async #advance(run: TaskRun, own: readonly Pod[], memory: RunMemory): Promise<ReconcileResult> {
    const name = currentPodName(run);
    const earlier = earlierPodNames(run);
    // The pod of an attempt that this state of the run does not know: the state is old.
    if (own.some((pod) => pod.metadata.name !== name && !earlier.has(pod.metadata.name ?? ''))) {
      return { requeueAfterMs: staleRetryMs };
    }
    await this.#releaseAll(
      own.filter((pod) => pod.metadata.name !== name),
      memory,
    );
    const cached = own.find((pod) => pod.metadata.name === name);
    let sight: PodSight =
      cached === undefined
        ? { state: 'unknown', started: memory.started.has(name) }
        : { state: 'present', pod: cached, live: false };
    const found = new Map<string, Lookup<Task>>();
    for (let round = 0; round < roundsMax; round++) {
      if (sight.state === 'present') this.#observe(memory, sight.pod);
      const decision = this.#decide(run, sight, memory, found);
      if (decision.kind === 'look') sight = await this.#look(run, memory);
      else if (decision.kind === 'read') found.set(decision.task, await this.#readTask(run, decision.task));
      else if (decision.kind === 'start') {
        const started = await this.#start(run, decision, memory);
        if ('requeueAfterMs' in started) return started;
        sight = started;
      } else return this.#carryOut(run, decision, sight, own, memory);
    }
    assert(false, 'a decision asks for each thing once');
  }

  #observe(memory: RunMemory, pod: Pod): void {
    noteDeletion(memory, pod);
    memory.started.add(pod.metadata.name ?? '');
    if (memory.unproven !== undefined && memory.unproven.podUid !== pod.metadata.uid) memory.unproven = undefined;
  }

  #decide(run: TaskRun, pod: PodSight, memory: RunMemory, found: ReadonlyMap<string, Lookup<Task>>): TaskRunDecision {
    const podUid =
      pod.state === 'present' ? pod.pod.metadata.uid : pod.state === 'absent' ? pod.last?.metadata.uid : undefined;
    return decideTaskRun({
      taskRun: run,
      pod,
      history: memory.histories.get(podUid ?? '') ?? {},
      ...(memory.unproven === undefined ? {} : { unprovenSinceMs: memory.unproven.sinceMs }),
      resolve: () => this.#resolve(run, memory, found),
      nowMs: this.#parts.clock.now(),
      settings: this.#parts.settings,
    });
  }

  #resolve(run: TaskRun, memory: RunMemory, found: ReadonlyMap<string, Lookup<Task>>): TaskResolution {
    const attempt = attemptOf(run);
    if (memory.resolved?.attempt === attempt) return memory.resolved.resolution;
    const { tasks: lister, settings } = this.#parts;
    const namespace = run.metadata.namespace ?? '';
    const findTask = (name: string): Lookup<Task> => {
      const cached = lister.get({ namespace, name });
      return cached === undefined ? (found.get(name) ?? { state: 'unread' }) : { state: 'found', object: cached };
    };
    const resolution = resolveTask({ taskRun: run, findTask, options: settings });
    if (resolution.kind === 'ready') memory.resolved = { attempt, resolution };
    return resolution;
  }

  async #look(run: TaskRun, memory: RunMemory): Promise<PodSight> {
    const name = currentPodName(run);
    const pod = await this.#get(pods, { namespace: run.metadata.namespace ?? '', name });
    if (pod !== undefined && controllerOf(pod)?.uid === memory.uid) return { state: 'present', pod, live: true };
    memory.pods.forget(name);
    const last = memory.gone.get(name);
    return { state: 'absent', started: memory.started.has(name), ...(last === undefined ? {} : { last }) };
  }

  async #readTask(run: TaskRun, name: string): Promise<Lookup<Task>> {
    const object = await this.#get(tasks, { namespace: run.metadata.namespace ?? '', name });
    return object === undefined ? { state: 'absent' } : { state: 'found', object };
  }

  /** Makes the pod; answers what is seen of it then, or when to try again. */
  async #start(
    run: TaskRun,
    { task, attempt }: Extract<TaskRunDecision, { kind: 'start' }>,
    memory: RunMemory,
  ): Promise<PodSight | { readonly requeueAfterMs: number }> {
    const { client, clock, settings, serviceAccounts, recorder } = this.#parts;
    if (!(await this.#isCurrent(run))) return { requeueAfterMs: conflictRetryMs };
    const sources = { client, serviceAccounts, recorder, defaultAccount: settings.defaultServiceAccountName };
    const credentials = await credentialsOf(sources, run);
    const start = credentials.ok
      ? await startPod(client, run, task, attempt, settings, credentials.secrets)
      : ({ kind: 'refused', reason: taskRunReason.podCreationFailed, message: credentials.message } as const);
    if (start.kind === 'started') {
      memory.pods.record(undefined, start.pod);
      return { state: 'present', pod: start.pod, live: true };
    }
    if (start.kind === 'refused') {
      await this.#write(run, refusedAttempt(run, start.reason, start.message, clock.now()), memory);
      return { requeueAfterMs: conflictRetryMs };
    }
    if (start.kind === 'taken') await this.#releaseStrangers(keyOf(run), [start.by]);
    const reason = start.kind === 'taken' ? taskRunReason.pending : start.reason;
    const status = waitingAttempt(run, reason, start.message, clock.now());
    if (!jsonEqual(run.status ?? {}, status)) await this.#write(run, status, memory);
    return { requeueAfterMs: start.kind === 'taken' ? takenRetryMs : roomRetryMs };
  }

  /**
   * Whether `run` is what the API has. Asked for all but new runs that this process has known from their beginning: a
   * cache that lags may have missed what another process did.
   */
  async #isCurrent(run: TaskRun): Promise<boolean> {
    const createdMs = fromRfc3339(run.metadata.creationTimestamp) ?? 0;
    const isNew = createdMs >= this.#bornMs && this.#parts.clock.now() - createdMs <= freshRunMsMax;
    if (isNew && run.status === undefined) return true;
    const live = await this.#get(taskRuns, keyOf(run));
    return live?.metadata.resourceVersion === run.metadata.resourceVersion;
  }

  async #carryOut(
    run: TaskRun,
    decision: Extract<TaskRunDecision, { kind: 'show' | 'stop' | 'wait' | 'end' }>,
    sight: PodSight,
    own: readonly Pod[],
    memory: RunMemory,
  ): Promise<ReconcileResult> {
    if (decision.kind !== 'wait') memory.unproven = undefined;
    switch (decision.kind) {
      case 'show':
        return this.#show(run, decision, memory);
      case 'stop':
        if (decision.pod.metadata.deletionTimestamp === undefined) await deletePod(this.#parts.client, decision.pod);
        return { requeueAfterMs: decision.requeueAfterMs };
      case 'wait':
        return this.#waitForEvidence(sight, memory);
      case 'end': {
        const written = await this.#write(run, decision.status, memory);
        const last =
          sight.state === 'present'
            ? [sight.pod]
            : own.filter((pod) => sight.state === 'unknown' && pod.metadata.name === currentPodName(run));
        if (written !== undefined) await this.#releaseAll(last, memory);
        return isDone(decision) ? {} : { requeueAfterMs: conflictRetryMs };
      }
    }
  }

  async #show(
    run: TaskRun,
    { status, requeueAfterMs }: Extract<TaskRunDecision, { kind: 'show' }>,
    memory: RunMemory,
  ): Promise<ReconcileResult> {
    const { clock, settings } = this.#parts;
    const later = requeueAfterMs === undefined ? {} : { requeueAfterMs };
    if (jsonEqual(run.status ?? {}, status)) {
      memory.progressDueMs = undefined;
      return later;
    }
    const waitMs = progressWait(memory, clock.now(), settings.progressDelayMs);
    if (waitMs !== undefined) return { requeueAfterMs: Math.min(waitMs, requeueAfterMs ?? waitMs) };
    if (!this.#progress.take()) return { requeueAfterMs: Math.min(progressRetryMs, requeueAfterMs ?? progressRetryMs) };
    await this.#write(run, status, memory);
    return later;
  }

  #waitForEvidence(sight: PodSight, memory: RunMemory): ReconcileResult {
    assert(sight.state === 'present', 'only a pod that is there can be waited for');
    const { clock, random, settings } = this.#parts;
    const { sinceMs, reads } = memory.unproven ?? { sinceMs: clock.now(), reads: 0 };
    memory.unproven = { podUid: sight.pod.metadata.uid ?? '', sinceMs, reads: reads + 1 };
    return { requeueAfterMs: backoffDelayMs(settings.evidenceBackoff, reads + 1, random) };
  }

  /** Writes `status` over the version of the run that was read; `undefined` when the run is gone. */
  async #write(run: TaskRun, status: TaskRunStatus, memory: RunMemory): Promise<TaskRun | undefined> {
    const { client, logger, recorder } = this.#parts;
    try {
      const written = await client.updateStatus(taskRuns, { ...run, status });
      memory.run.record(run, written);
      const condition = succeededCondition(status);
      if (condition?.status === 'False') recorder?.warn(written, condition.reason ?? '', condition.message ?? '');
      return written;
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      if (!isApiError(thrown, 'Conflict')) {
        logger.error('cannot write the status of a TaskRun', { run: keyText(keyOf(run)), error: errorText(thrown) });
      }
      throw thrown;
    }
  }

  /** Reads an object; `undefined` when the API says that there is none. */
  async #get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#parts.client.get(type, key);
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  }
}
