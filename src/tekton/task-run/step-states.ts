import { toRfc3339 } from '../../base/clock.ts';
import type { ContainerState, ContainerStateTerminated } from '../../kube/pod.ts';
import type { ResultSpec, ResultValue, Step, StepState } from '../types.ts';
import { typeOfResult } from '../values.ts';
import type { StepEvidence } from './evidence.ts';
import { stepEnd } from './reasons.ts';
import { typedResult } from './results.ts';

/** How an attempt ended, as far as its steps show it. */
export interface AttemptEnd {
  readonly atMs: number;
  /** Said of steps that never ran: `Skipped` after a failure, else why the run was stopped. */
  readonly neverRan: string;
  /** Said of steps that were stopped from outside while they ran. */
  readonly cutOff: string;
  /** Whether a step that has ended may have been stopped from outside. */
  readonly isCutOff: (ended: ContainerStateTerminated) => boolean;
}

/**
 * `status.steps` of a TaskRun: one entry for each step, in the order of the Task. While the attempt goes on they are what
 * the pod says; once it has ended (`end`), steps that did not run to their end are terminated with exit code 1 and say
 * why (reference/tekton 2.8, 3.4). The `terminated` state that a pod reports is never changed but for the exit code of a
 * step whose failure was ignored, or that took too long. `declared` are the steps of the Task, by which results have types.
 */
export function stepStates(
  steps: readonly StepEvidence[],
  end: AttemptEnd | undefined,
  declared: readonly Step[] = [],
): readonly StepState[] {
  return steps.map((step, index) => {
    const { name, container, imageID } = step;
    const results = stepResults(step, declared[index]?.results ?? []);
    return {
      name,
      container,
      ...(imageID === undefined ? {} : { imageID }),
      ...stateOf(step, end),
      ...(results.length === 0 ? {} : { results }),
    };
  });
}

type StateMembers = ContainerState & { readonly terminationReason?: string };

function stateOf({ state, report }: StepEvidence, end: AttemptEnd | undefined): StateMembers {
  const { terminated } = state;
  if (terminated === undefined) return openState(state, end);
  const members = endedState(terminated, report);
  return end?.isCutOff(terminated) ? { ...members, terminationReason: end.cutOff } : members;
}

function endedState(ended: ContainerStateTerminated, report: StepEvidence['report']): StateMembers {
  const { message: _message, ...rest } = ended;
  if (report === undefined) return { terminated: ended, terminationReason: plainReason(ended) };
  if (report.end === 'timedOut') return { terminated: { ...rest, exitCode: 1 }, terminationReason: stepEnd.timedOut };
  const continued = ended.exitCode === 0 && report.exitCode !== 0;
  if (!continued) return { terminated: rest, terminationReason: plainReason(ended) };
  return { terminated: { ...rest, exitCode: report.exitCode }, terminationReason: stepEnd.continued };
}

function plainReason(ended: ContainerStateTerminated): string {
  if (ended.reason === stepEnd.outOfMemory) return stepEnd.outOfMemory;
  return ended.exitCode === 0 ? stepEnd.completed : stepEnd.error;
}

function openState(state: ContainerState, end: AttemptEnd | undefined): StateMembers {
  if (end === undefined) return state.running ? { running: state.running } : { waiting: state.waiting ?? {} };
  const now = toRfc3339(end.atMs);
  const { startedAt } = state.running ?? {};
  const reason = startedAt === undefined ? end.neverRan : end.cutOff;
  const terminated = { exitCode: 1, reason, startedAt: startedAt ?? now, finishedAt: now };
  return { terminated, terminationReason: reason };
}

/** A text that is not of the declared type is shown as the text it is: only results of the Task are held to theirs. */
function stepResults({ report }: StepEvidence, declared: readonly ResultSpec[]): readonly ResultValue[] {
  return [...(report?.stepResults ?? [])].map(([name, text]) => {
    const spec = declared.find((one) => one.name === name);
    const value = spec && typedResult(spec, text);
    return spec === undefined || value === undefined
      ? { name, type: 'string', value: text }
      : { name, type: typeOfResult(spec), value };
  });
}
