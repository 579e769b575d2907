import type { Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import { jsonEqual } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { Lister, Reconciler, ReconcileResult } from '../../controller/contract.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyText, type ObjectKey } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { isDone, succeededCondition } from '../../tekton/pipeline-run/children.ts';
import {
  defaultPipelineRunOptions,
  type PipelineRunAction,
  type PipelineRunDecision,
  type PipelineRunOptions,
} from '../../tekton/pipeline-run/contract.ts';
import { isManagedHere } from '../../tekton/pipeline-run/decide.ts';
import { isOnlyProgress, refusedStatus } from '../../tekton/pipeline-run/status.ts';
import {
  pipelineRuns,
  type Pipeline,
  type PipelineRun,
  type PipelineRunStatus,
  type Task,
  type TaskRun,
} from '../../tekton/types.ts';
import type { WarningRecorder } from '../warning-recorder.ts';
import { RunMemory } from './run-memory.ts';
import { decideWithReads } from './decide-with-reads.ts';
import { startChildren, type StartRefusal } from './start-children.ts';
import { couldntCancel, stopChildren } from './stop-children.ts';

/** The index of the TaskRun lister by the uid of the controlling owner. */
export const controllerIndex = 'controller';

/** What the reconciler is made of. */
export interface PipelineRunReconcilerOptions {
  readonly client: ApiClient;
  readonly runs: Lister<PipelineRun>;
  /** Must have the index {@link controllerIndex}. */
  readonly taskRuns: Lister<TaskRun>;
  readonly pipelines: Lister<Pipeline>;
  readonly tasks: Lister<Task>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder?: WarningRecorder;
  readonly options?: PipelineRunOptions;
  /** A status that differs only in its counts waits so long for more to change with it. Default 500 ms. */
  readonly progressDelayMs?: number;
}

const progressDelayMsDefault = 500;

/** Another writer was first: its event brings us back; this is the net below. */
const conflictRetryMs = 200;

/** A claim that a quota forbids is asked for again after this. */
const quotaRetryMs = 10_000;

type Acted = Extract<PipelineRunDecision, { kind: 'act' }>;

/**
 * Does what `decidePipelineRun` decides. In this order: stop children, write the status, start children.
 *
 * The status write carries the version of the run that was read and so is a fence: if the run was cancelled, stopped
 * or deleted in the meantime, even unknown to our cache, the write is refused and nothing starts (law 8). What remains
 * is a cancel accepted after that write and before the last create of the same wave; the wave looks at the cache
 * between creates, and whatever was created nevertheless carries this run as controller, is found by it on the pass
 * that the cancel triggers, or on the one that its own creation triggers, and is cancelled then, also after the run is
 * done. A child is therefore never started by a run known to be cancelled, and none outlives a cancel.
 */
export class PipelineRunReconciler implements Reconciler {
  readonly #dependencies: PipelineRunReconcilerOptions;
  readonly #memory: RunMemory;
  readonly #progressDelayMs: number;

  constructor(dependencies: PipelineRunReconcilerOptions) {
    this.#dependencies = dependencies;
    this.#memory = new RunMemory(dependencies.clock);
    this.#progressDelayMs = dependencies.progressDelayMs ?? progressDelayMsDefault;
  }

  /** To be called when a TaskRun is gone, so that it is not taken for one that the cache has yet to show. */
  childDeleted(taskRun: TaskRun): void {
    this.#memory.childDeleted(taskRun);
  }

  async reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
    const { runs, taskRuns } = this.#dependencies;
    const cached = runs.get(key);
    if (cached === undefined) {
      this.#memory.forgetKey(key);
      return {};
    }
    if (!isManagedHere(cached)) return {};
    const run = this.#memory.latestRun(cached);
    const children = this.#memory.latestChildren(run, taskRuns.byIndex(controllerIndex, run.metadata.uid ?? ''));
    try {
      const decision = await this.#decide(run, children);
      if (isDone(cached) && decision.actions.length === 0) {
        this.#memory.forgetKey(key);
        return {};
      }
      return await this.#carryOut(run, decision, signal);
    } catch (thrown) {
      if (isApiError(thrown, 'Conflict')) return { requeueAfterMs: conflictRetryMs };
      throw thrown;
    }
  }

  #decide(run: PipelineRun, taskRuns: readonly TaskRun[]): Promise<Acted> {
    const { client, pipelines, tasks, clock, options = defaultPipelineRunOptions } = this.#dependencies;
    return decideWithReads({ client, pipelines, tasks }, { run, taskRuns, nowMs: clock.now(), options });
  }

  async #carryOut(run: PipelineRun, decision: Acted, signal: AbortSignal): Promise<ReconcileResult> {
    await this.#stop(run, decision.actions);
    const waitMs = this.#waitForMore(run, decision);
    if (waitMs !== undefined) return earliest(waitMs, decision.requeueAfterMs);
    const written = await this.#fence(run, decision);
    if (written === undefined) return { requeueAfterMs: conflictRetryMs };
    const refusal = await startChildren(this.#dependencies.client, decision.actions, {
      started: (taskRun) => this.#memory.childWritten(written, undefined, taskRun),
      goOn: () => !signal.aborted && this.#stillWanted(run),
    });
    if (refusal) return this.#refuse(written, refusal);
    return earliest(this.#memory.recheckMs(written), decision.requeueAfterMs);
  }

  async #stop(run: PipelineRun, actions: readonly PipelineRunAction[]): Promise<void> {
    const problem = await stopChildren(this.#dependencies.client, actions, (previous, taskRun) =>
      this.#memory.childWritten(run, previous, taskRun),
    );
    if (problem === undefined) return;
    if (!isDone(run)) await this.#write(run, couldntCancel(run, problem, this.#dependencies.clock.now()));
    throw problem;
  }

  /** How long a status that changes nothing but counts may wait; `undefined` = write now. */
  #waitForMore(run: PipelineRun, decision: Acted): number | undefined {
    const deferrable = decision.actions.length === 0 && isOnlyProgress(run.status, decision.status);
    return this.#memory.progressWait(run, deferrable, this.#progressDelayMs);
  }

  /** Writes the status; where it stays the same but children are to start, asks the API whether the run does too. */
  async #fence(run: PipelineRun, decision: Acted): Promise<PipelineRun | undefined> {
    if (!jsonEqual(run.status ?? {}, decision.status)) return this.#write(run, decision.status);
    if (!decision.actions.some(({ kind }) => kind === 'createTaskRun')) return run;
    const live = await this.#dependencies.client.get(pipelineRuns, keyOfRun(run)).catch(undefinedIfGone);
    return live?.metadata.resourceVersion === run.metadata.resourceVersion ? run : undefined;
  }

  /** Writes `status` over the version of the run that was read; `undefined` when the run is gone. */
  async #write(run: PipelineRun, status: PipelineRunStatus): Promise<PipelineRun | undefined> {
    const { client, logger, recorder } = this.#dependencies;
    const written = await client.updateStatus(pipelineRuns, { ...run, status }).catch((thrown: unknown) => {
      if (!isApiError(thrown, 'Conflict') && !isApiError(thrown, 'NotFound')) {
        logger.error('cannot write the status of a PipelineRun', {
          run: keyText(keyOfRun(run)),
          error: errorText(thrown),
        });
      }
      return undefinedIfGone(thrown);
    });
    if (written === undefined) return undefined;
    this.#memory.runWritten(run, written);
    const condition = succeededCondition(status);
    if (condition?.status === 'False' && !isDone(run)) {
      recorder?.warn(written, condition.reason ?? '', condition.message ?? '');
    }
    return written;
  }

  /** A look at the cache, which costs nothing: whether the run still asks for what it asked when we decided. */
  #stillWanted(decided: PipelineRun): boolean {
    const run = this.#dependencies.runs.get(keyOfRun(decided));
    if (run === undefined || run.metadata.uid !== decided.metadata.uid) return false;
    return run.spec.status === decided.spec.status && run.metadata.deletionTimestamp === undefined;
  }

  /** Says why a child could not be made, and takes back the mention of those that were not. */
  async #refuse(run: PipelineRun, refusal: StartRefusal): Promise<ReconcileResult> {
    const { clock, taskRuns } = this.#dependencies;
    const known = this.#memory.latestChildren(run, taskRuns.byIndex(controllerIndex, run.metadata.uid ?? ''));
    await this.#write(run, refusedStatus(run, refusal, known, clock.now()));
    return refusal.retry ? { requeueAfterMs: quotaRetryMs } : {};
  }
}

function keyOfRun(run: PipelineRun): ObjectKey {
  return { namespace: run.metadata.namespace ?? '', name: run.metadata.name ?? '' };
}

function undefinedIfGone(thrown: unknown): undefined {
  if (!isApiError(thrown, 'NotFound')) throw thrown;
  return undefined;
}

function earliest(...waits: readonly (number | undefined)[]): ReconcileResult {
  const known = waits.filter((wait): wait is number => wait !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
}
