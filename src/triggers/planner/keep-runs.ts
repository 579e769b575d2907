/** Keeps as many finished runs of a definition as it asks for, and no more. */
import { fromRfc3339 } from '../../base/clock.ts';
import type {
  ControllerHost,
  ControllerQueue,
  Lister,
  ObservedLister,
  Reconciler,
  ReconcileResult,
} from '../../controller/contract.ts';
import type { CommitStatus } from '../../forge/kinds/commit-status.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, type ObjectKey } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import type { PlannerParts } from './planner-parts.ts';
import { runStateOf } from './run-state.ts';

/** Time after which a finished run without any status is taken for one that nobody will report, in milliseconds. */
const unreportedMsMax: number = 60 * 60 * 1000;
/** Time after which runs are looked at again whose status is not delivered, in milliseconds. */
const retryMs = 60_000;
/** Most runs deleted at a time. */
const deletesMax = 50;

/** Index of runs by {@link keepKey}. */
const keepIndex = 'kept-together';

/** What {@link KeepRunsReconciler} reads. */
export interface KeepRunsSources {
  readonly runs: ObservedLister<PipelineRun>;
  readonly statuses: Lister<CommitStatus>;
  readonly refreshSettings: () => Promise<void>;
}

/** `repository/definition`: runs of these count together. */
function keepKey(run: PipelineRun): string | undefined {
  const { annotations } = run.metadata;
  const [repository, definition] = [annotations?.[runKeys.repository], annotations?.[runKeys.originalName]];
  return repository === undefined || definition === undefined ? undefined : `${repository}/${definition}`;
}

/** How many finished runs are kept; undefined = all. */
function keptCount(run: PipelineRun, settings: Settings): number | undefined {
  const wish = run.metadata.annotations?.[runKeys.maxKeepRuns];
  const own = wish !== undefined && /^\d{1,6}$/.test(wish) && Number(wish) > 0 ? Number(wish) : undefined;
  if (own === undefined) return limitOf(settings.keepRunsDefault);
  return Math.min(own, limitOf(settings.keepRunsUpperLimit) ?? Number.POSITIVE_INFINITY);
}

/** Of these settings 0 means that there is no limit, as published. */
function limitOf(setting: number | undefined): number | undefined {
  return setting === 0 ? undefined : setting;
}

/** Keys are `namespace` and `repository/definition`. */
export class KeepRunsReconciler implements Reconciler {
  readonly #parts: PlannerParts;
  readonly #sources: KeepRunsSources;

  constructor(parts: PlannerParts, sources: KeepRunsSources) {
    this.#parts = parts;
    this.#sources = sources;
  }

  /** Runs whenever a run has finished. */
  register(host: ControllerHost): void {
    host.informer(pipelineRuns, {
      [keepIndex]: (run) => (keepKey(run) === undefined ? [] : [`${run.metadata.namespace}/${keepKey(run)}`]),
    });
    const queue: ControllerQueue = host.controller({ name: 'keep-runs', reconciler: this, workers: 1 });
    const take = (run: PipelineRun): void => {
      const name = keepKey(run);
      const isKept = run.metadata.annotations?.[penstockKeys.statusTarget] !== undefined;
      if (name !== undefined && isKept && runStateOf(run) !== 'unfinished') {
        queue.add({ namespace: run.metadata.namespace ?? '', name });
      }
    };
    this.#sources.runs.addHandler({ added: take, updated: (_previous, run) => take(run) });
  }

  async reconcile({ namespace, name }: ObjectKey): Promise<ReconcileResult> {
    await this.#sources.refreshSettings();
    const finished = this.#sources.runs
      .byIndex(keepIndex, `${namespace}/${name}`)
      .filter((run) => runStateOf(run) !== 'unfinished' && run.metadata.deletionTimestamp === undefined);
    const newest = newestOf(finished);
    const kept = newest && keptCount(newest, this.#parts.settings());
    // Looked at whenever a run ends: where all are kept, or not more than may be, they need no order.
    if (kept === undefined || finished.length <= kept) return {};
    const surplus = newestFirst(finished).slice(kept);
    const due = surplus.filter((run) => this.#isReported(run)).slice(0, deletesMax);
    for (const run of due) await this.#delete(run);
    return due.length < surplus.length ? { requeueAfterMs: retryMs } : {};
  }

  /** Whether the host has what there is to say of this run; what a newer attempt says takes its place. */
  #isReported(run: PipelineRun): boolean {
    const attempt = Number(run.metadata.annotations?.[penstockKeys.attempt] ?? 0);
    const target = run.metadata.annotations?.[runKeys.sha] ?? '';
    const own = this.#sources.statuses
      .byIndex('sha', target)
      .filter(({ spec }) => spec.run?.uid === run.metadata.uid || spec.report.externalId === run.metadata.name);
    if (own.length === 0) return this.#parts.clock.now() - endedMs(run) > unreportedMsMax;
    return own.every(({ spec, status }) => {
      const { acknowledged } = status ?? {};
      if (spec.attempt > attempt) return true;
      return (
        acknowledged !== undefined && acknowledged.attempt >= spec.attempt && acknowledged.state === spec.report.state
      );
    });
  }

  async #delete(run: PipelineRun): Promise<void> {
    try {
      const preconditions = { uid: run.metadata.uid ?? '' };
      await this.#parts.client.delete(pipelineRuns, keyOf(run), { preconditions, propagationPolicy: 'Background' });
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Conflict')) throw thrown;
    }
  }
}

function newestOf(runs: readonly PipelineRun[]): PipelineRun | undefined {
  let newest: { readonly run: PipelineRun; readonly ms: number } | undefined;
  for (const run of runs) {
    const ms = endedMs(run);
    if (newest === undefined || ms > newest.ms) newest = { run, ms };
  }
  return newest?.run;
}

function newestFirst(runs: readonly PipelineRun[]): readonly PipelineRun[] {
  const ended = runs.map((run) => ({ run, ms: endedMs(run) }));
  return ended.sort((a, b) => b.ms - a.ms).map(({ run }) => run);
}

function endedMs(run: PipelineRun): number {
  return fromRfc3339(run.status?.completionTime) ?? fromRfc3339(run.metadata.creationTimestamp) ?? 0;
}
