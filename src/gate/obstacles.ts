import type { PipelineRun } from '../tekton/types.ts';
import { limitOf } from './limit.ts';
import { repositoryLimitOf } from './room.ts';
import { branchOf, repositoryOf } from './run-facts.ts';
import type { Gate } from './types.ts';
import { slotsText } from './waiting-text.ts';

/** What a look at obstacles rests on besides gates and runs. */
export interface ObstacleFacts {
  /** `concurrency_limit` of the Repository `namespace/name`, if it has one. */
  limitOfRepository(repository: string): number | undefined;
  readonly nowMs: number;
}

/** What keeps a run from starting now. */
export interface Obstacles {
  /** Of the gate at which it waits: `20 of 20 slots taken`, `the gate is paused`; absent when it has room. */
  readonly here?: string;
  /** Of its Repository, its branch and the gates that come after. */
  readonly further: readonly string[];
}

/** All that keeps `run` from starting now, which waits at `gate` and has to pass `others` as well. */
export function obstaclesOf(run: PipelineRun, gate: Gate, others: readonly Gate[], facts: ObstacleFacts): Obstacles {
  const here = fullness(gate, facts.nowMs);
  if (limitOf(gate, facts.nowMs).value === 0) return { ...(here === undefined ? {} : { here }), further: [] };
  const further = [
    ...obstacleOfRepository(run, gate, facts),
    ...obstacleOfBranch(run, gate),
    ...others.filter((other) => !holdsSlot(other, run)).flatMap((other) => fullText(other, facts.nowMs)),
  ];
  return { ...(here === undefined ? {} : { here }), further };
}

/** Whether `run` holds a slot of `gate`. */
export function holdsSlot({ status }: Gate, { metadata }: PipelineRun): boolean {
  return status?.slots?.some(({ uid }) => uid === metadata.uid) ?? false;
}

/** Why a gate lets nothing through now, with its name: `20 of 20 slots taken in gate "default"`; empty when it has room. */
export function fullText(gate: Gate, nowMs: number): readonly string[] {
  const text = fullness(gate, nowMs);
  if (text === undefined) return [];
  const name = `gate "${gate.metadata.name}"`;
  return [limitOf(gate, nowMs).value === 0 ? text.replace('the gate', name) : `${text} in ${name}`];
}

function fullness(gate: Gate, nowMs: number): string | undefined {
  const { value, reason } = limitOf(gate, nowMs);
  const taken = gate.status?.slots?.length ?? 0;
  if (value === 0) return reason;
  return taken < value ? undefined : slotsText(taken, value);
}

function obstacleOfRepository(run: PipelineRun, { spec, status }: Gate, facts: ObstacleFacts): readonly string[] {
  const repository = repositoryOf(run);
  if (repository === undefined) return [];
  const most = repositoryLimitOf(spec, facts.limitOfRepository(repository));
  const taken = (status?.slots ?? []).filter((slot) => slot.repository === repository).length;
  return taken >= most ? [`${taken} of ${most} of its repository running`] : [];
}

function obstacleOfBranch(run: PipelineRun, { spec, status }: Gate): readonly string[] {
  const branch = branchOf(run);
  const most = spec.maxRunningPerBranch ?? Number.POSITIVE_INFINITY;
  const taken = (status?.slots ?? []).filter((slot) => slot.branch !== undefined && slot.branch === branch).length;
  return taken >= most ? [`${taken} of ${most} of its branch running`] : [];
}
