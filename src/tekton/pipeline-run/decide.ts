import { fromRfc3339, toRfc3339 } from '../../base/clock.ts';
import type { PipelineRun, PipelineRunStatus, TaskRun } from '../types.ts';
import { childContext, childNames, childObjects, type ChildContext } from './child-object.ts';
import { childrenByTask, firstCreationMs, isCancelRequested, isDone, succeededCondition } from './children.ts';
import { claimOf } from './claims.ts';
import type { CompiledPipeline } from './compiled-pipeline.ts';
import { cancelledOutcome, nameOf, outcomeOf, type Outcome } from './condition.ts';
import type { PipelineRunAction, PipelineRunDecision, PipelineRunInput } from './contract.ts';
import { pipelineResults } from './pipeline-results.ts';
import { preparePipeline } from './prepare.ts';
import type { TaskProgress } from './progress.ts';
import { cancelledChildMessage, orphanedChildMessage, runReason, timedOutChildMessage } from './reasons.ts';
import { childReferences, skippedTasks, withOutcome } from './status.ts';
import { taskResults, type TaskResults } from './task-results.ts';
import { timelineOf, type RunTimeline } from './timeline.ts';
import { deadlinesOf, runTimeouts, startOf, untilNextDeadline } from './timeouts.ts';
import { walkPipeline, type RunProgress } from './walk.ts';

/** `spec.managedBy` of runs that are ours; any other value leaves a run to another controller. */
const ownManager = 'tekton.dev/pipeline';

/** Whether `run` is for this engine to act on. */
export function isManagedHere(run: PipelineRun): boolean {
  return run.spec.managedBy === undefined || run.spec.managedBy === ownManager;
}

/**
 * Decides what becomes of a PipelineRun: which children to create or cancel, and its complete status. Pure: the same
 * input gives the same answer, and every action may be repeated, so it can be asked again at any time. Costs time
 * linear in the tasks, edges and text of the pipeline.
 *
 * Order: foreign and deleted runs (nothing), done runs (stop stragglers), `Cancelled`, pending, then the pipeline.
 */
export function decidePipelineRun(input: PipelineRunInput): PipelineRunDecision {
  const { run } = input;
  const unchanged = { kind: 'act', actions: [], status: run.status ?? {} } as const;
  if (!isManagedHere(run)) return unchanged;
  if (isDone(run)) return { ...unchanged, actions: stopStragglers(input) };
  if (run.metadata.deletionTimestamp !== undefined) return unchanged;
  if (run.spec.status === 'Cancelled') return cancelled(input);
  if (run.spec.status === 'PipelineRunPending' && startOf(run) === undefined) return pending(input);
  return proceed(input);
}

/** Children may appear after their run has ended, when a create raced with the end: they must not go on. */
function stopStragglers(input: PipelineRunInput): readonly PipelineRunAction[] {
  const reason = succeededCondition(input.run.status)?.reason;
  const byReason: Readonly<Record<string, string>> = {
    [runReason.cancelled]: cancelledChildMessage,
    [runReason.timeout]: timedOutChildMessage,
  };
  return cancelActions(input.taskRuns, byReason[reason ?? ''] ?? orphanedChildMessage);
}

/** Ends at once, without waiting for the children, which are told to stop. A run that never started stays so. */
function cancelled(input: PipelineRunInput): PipelineRunDecision {
  const { run, nowMs } = input;
  const status = withOutcome(run, run.status ?? {}, cancelledOutcome(run), nowMs);
  return { kind: 'act', actions: cancelActions(input.taskRuns, cancelledChildMessage), status };
}

/** Law 4: says that it waits; no start time, no children, and the pipeline is not even looked up. */
function pending(input: PipelineRunInput): PipelineRunDecision {
  const { run, nowMs } = input;
  const outcome: Outcome = { status: 'Unknown', reason: runReason.pending, message: `${nameOf(run)} is pending` };
  return { kind: 'act', actions: [], status: withOutcome(run, run.status ?? {}, outcome, nowMs) };
}

function proceed(input: PipelineRunInput): PipelineRunDecision {
  const prepared = preparePipeline(input);
  if (prepared.kind === 'read') return prepared;
  const started: PipelineRunStatus = { ...input.run.status, startTime: startTimeOf(input) };
  if (prepared.kind === 'refused') {
    const outcome: Outcome = { status: 'False', ...prepared.refusal };
    const actions = cancelActions(input.taskRuns, orphanedChildMessage);
    return { kind: 'act', actions, status: withOutcome(input.run, started, outcome, input.nowMs) };
  }
  return advance(input, { ...started, pipelineSpec: prepared.pipeline.spec }, prepared.pipeline);
}

/** One step of a run whose pipeline is known: judge every task, act on it, report it. */
function advance(input: PipelineRunInput, before: PipelineRunStatus, pipeline: CompiledPipeline): PipelineRunDecision {
  const { run, nowMs, options } = input;
  const children = childrenByTask(input.taskRuns);
  const results = taskResults(children);
  const timeouts = runTimeouts(run, options);
  const startMs = fromRfc3339(before.startTime);
  const clock = (finallyStart: string | undefined): ReturnType<typeof deadlinesOf> =>
    deadlinesOf(timeouts, startMs, fromRfc3339(finallyStart), nowMs);
  const deadlines = clock(before.finallyStartTime);
  const progress = walkPipeline({ pipeline, children, results, intent: run.spec.status, deadlines });
  const timeline = timelineOf(progress, deadlines);
  const outcome = settle(outcomeOf(run, progress, timeline), pipeline, progress, results);
  const ready = outcome.outcome.status === 'Unknown' ? progress.all.filter(({ state }) => state === 'ready') : [];
  const finallyStartTime = finallyStartOf(before, ready, nowMs);
  const { childReferences: _children, skippedTasks: _skipped, results: _results, ...kept } = before;
  const status: PipelineRunStatus = {
    ...kept,
    ...(finallyStartTime === undefined ? {} : { finallyStartTime }),
    ...listed('childReferences', childReferences(run, progress, plannedNames(run, ready), results)),
    ...listed('skippedTasks', skippedTasks(progress)),
    ...listed('results', outcome.results),
  };
  const requeueAfterMs =
    outcome.outcome.status === 'Unknown' ? untilNextDeadline(clock(finallyStartTime), nowMs) : undefined;
  return {
    kind: 'act',
    actions: [...stops(input, progress, timeline, outcome.outcome), ...starts(input, pipeline, ready)],
    status: withOutcome(run, status, outcome.outcome, nowMs),
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  };
}

interface Settled {
  readonly outcome: Outcome;
  readonly results: NonNullable<PipelineRunStatus['results']>;
}

/** Adds the results once the outcome is final; a result that a succeeded task owes turns success into failure. */
function settle(outcome: Outcome, pipeline: CompiledPipeline, progress: RunProgress, results: TaskResults): Settled {
  if (outcome.status === 'Unknown') return { outcome, results: [] };
  const states = new Map(progress.all.map(({ compiled, state }) => [compiled.task.name, state]));
  const computed = pipelineResults(pipeline.spec, results, (name) => states.get(name));
  if (computed.owed.length === 0 || outcome.status === 'False') return { outcome, results: computed.results };
  const message = computed.owed.join('; ');
  return {
    outcome: { status: 'False', reason: runReason.couldntGetPipelineResult, message },
    results: computed.results,
  };
}

/** Which running children must stop now, and what they are told. */
function stops(
  input: PipelineRunInput,
  progress: RunProgress,
  timeline: RunTimeline,
  outcome: Outcome,
): readonly PipelineRunAction[] {
  const runsOf = (list: readonly TaskProgress[]): readonly TaskRun[] => list.flatMap(({ children }) => children);
  if (timeline.pipelineTimedOut) return cancelActions(input.taskRuns, timedOutChildMessage);
  if (outcome.status !== 'Unknown') return cancelActions(input.taskRuns, stragglerMessage(timeline));
  return [
    ...(input.run.spec.status === 'CancelledRunFinally'
      ? cancelActions(runsOf(progress.tasks), cancelledChildMessage)
      : timeline.tasksTimedOut
        ? cancelActions(runsOf(progress.tasks), timedOutChildMessage)
        : []),
    ...(timeline.deadlines.finallyPassed ? cancelActions(runsOf(progress.finals), timedOutChildMessage) : []),
  ];
}

function stragglerMessage(timeline: RunTimeline): string {
  return timeline.tasksTimedOut ? timedOutChildMessage : orphanedChildMessage;
}

/** Claims come before the first children: later the first child proves that they were made. */
function starts(
  input: PipelineRunInput,
  pipeline: CompiledPipeline,
  ready: readonly TaskProgress[],
): readonly PipelineRunAction[] {
  if (ready.length === 0) return [];
  const context = childContext(input, pipeline.spec);
  const claims = input.taskRuns.length > 0 ? [] : claimActions(input.run, context);
  const creations = ready.flatMap(({ task, compiled }) =>
    childObjects(context, task, compiled.part).map((taskRun) => ({ kind: 'createTaskRun', taskRun }) as const),
  );
  return [...claims, ...creations];
}

function claimActions(run: PipelineRun, { bindings }: ChildContext): readonly PipelineRunAction[] {
  return [...bindings.values()].flatMap((binding) => {
    const claim = claimOf(binding, run);
    return claim === undefined ? [] : [{ kind: 'ensureClaim', workspace: binding.name, claim } as const];
  });
}

function cancelActions(taskRuns: readonly TaskRun[], statusMessage: string): readonly PipelineRunAction[] {
  return taskRuns
    .filter((taskRun) => !isDone(taskRun) && !isCancelRequested(taskRun))
    .map((taskRun) => ({ kind: 'cancelTaskRun', taskRun, statusMessage }) as const);
}

function plannedNames(run: PipelineRun, ready: readonly TaskProgress[]): ReadonlyMap<string, readonly string[]> {
  return new Map(ready.map(({ task }) => [task.name, childNames(run, task)]));
}

/** When the first task of `finally` is about to be created. */
function finallyStartOf(before: PipelineRunStatus, ready: readonly TaskProgress[], nowMs: number): string | undefined {
  if (before.finallyStartTime !== undefined) return before.finallyStartTime;
  return ready.some(({ compiled }) => compiled.part === 'finally') ? toRfc3339(nowMs) : undefined;
}

/** Now, at the first look; never before the run was created, never after its first child was. */
function startTimeOf({ run, nowMs, taskRuns }: PipelineRunInput): string {
  const createdMs = fromRfc3339(run.metadata.creationTimestamp) ?? -Infinity;
  const startMs = Math.max(startOf(run) ?? nowMs, createdMs);
  return toRfc3339(Math.min(startMs, firstCreationMs(taskRuns) ?? startMs));
}

/** A list member of the status, left out when empty. */
function listed<K extends string, T>(name: K, list: readonly T[]): { [P in K]?: readonly T[] } {
  return (list.length === 0 ? {} : { [name]: list }) as { [P in K]?: readonly T[] };
}
