import { fromRfc3339 } from '../base/clock.ts';
import { keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import {
  type Slot,
  bumpKey,
  managedByNone,
  managedGateKey,
  priorityKey,
  repositoryKey,
  sourceBranchKey,
} from './types.ts';

/** What a gate has to do with a run. */
export type RunState = 'waiting' | 'running' | 'over';

/**
 * `waiting`: pending and not started. `over`: a stored verdict, or marked for deletion while pending. Everything else
 * runs, also what was let through a moment ago and has no start time yet.
 */
export function stateOf(run: PipelineRun): RunState {
  const succeeded = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (run.status?.completionTime !== undefined || (succeeded && succeeded.status !== 'Unknown')) return 'over';
  if (run.spec.status !== 'PipelineRunPending' || run.status?.startTime !== undefined) return 'running';
  return run.metadata.deletionTimestamp === undefined ? 'waiting' : 'over';
}

/** Whether the person who made the run keeps gates away from it. */
export function isLeftAlone(run: PipelineRun): boolean {
  return run.metadata.annotations?.[managedGateKey] === managedByNone;
}

/** The gates that made the run pending. */
export function markedGates(run: PipelineRun): readonly string[] {
  const mark = run.metadata.annotations?.[managedGateKey];
  return mark === undefined || mark === managedByNone ? [] : mark.split(',').filter((name) => name !== '');
}

/** `namespace/repository`; undefined for a run of no Repository. */
export function repositoryOf(run: PipelineRun): string | undefined {
  const name = run.metadata.labels?.[repositoryKey];
  return name ? `${run.metadata.namespace}/${name}` : undefined;
}

/** `namespace/repository@branch`; undefined for a run of no branch. */
export function branchOf(run: PipelineRun): string | undefined {
  const branch = run.metadata.annotations?.[sourceBranchKey];
  return branch ? `${repositoryOf(run) ?? run.metadata.namespace}@${branch}` : undefined;
}

/** The slot that a run takes. */
export function slotOf(run: PipelineRun): Slot {
  const { namespace, name } = keyOf(run);
  const repository = repositoryOf(run);
  const branch = branchOf(run);
  return {
    namespace,
    name,
    uid: run.metadata.uid ?? '',
    ...(repository === undefined ? {} : { repository }),
    ...(branch === undefined ? {} : { branch }),
  };
}

/** What decides about a run's place. Unreadable numbers count as absent. */
export interface Rank {
  readonly bump: number;
  readonly priority: number;
  readonly createdMs: number;
  /** `namespace/name`: two runs of one second are told apart by it. */
  readonly name: string;
}

/** The rank of a run. `FIFO` knows no priorities. */
export function rankOf(run: PipelineRun, withPriority: boolean): Rank {
  const { annotations, creationTimestamp } = run.metadata;
  return {
    bump: wholeNumber(annotations?.[bumpKey]),
    priority: withPriority ? wholeNumber(annotations?.[priorityKey]) : 0,
    createdMs: fromRfc3339(creationTimestamp) ?? 0,
    name: keyText(keyOf(run)),
  };
}

/** Negative when `a` starts before `b`: bumps, then priority, then age, then name. */
export function compareRanks(a: Rank, b: Rank): number {
  return (
    b.bump - a.bump ||
    b.priority - a.priority ||
    a.createdMs - b.createdMs ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

/** Priorities lie between minus and plus this. */
export const priorityMax = 1_000_000_000;

function wholeNumber(text: string | undefined): number {
  if (text === undefined || !/^[+-]?\d{1,10}$/.test(text)) return 0;
  return Math.max(-priorityMax, Math.min(priorityMax, Number(text)));
}
