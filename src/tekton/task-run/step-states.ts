import { toRfc3339 } from '../../base/clock.ts';
import type { ContainerState, ContainerStateTerminated } from '../../kube/pod.ts';
import type { ResultValue, StepState } from '../types.ts';
import type { StepEvidence } from './evidence.ts';
import { stepEnd } from './reasons.ts';

/** How an attempt ended, as far as its steps show it. */
export interface AttemptEnd {
  /** Said of steps that were stopped or never ran: `Skipped` after a failure, else why the run was stopped. */
  readonly openSteps: string;
  readonly atMs: number;
}

/**
 * `status.steps` of a TaskRun: one entry for each step, in the order of the Task. While the attempt goes on they are what
 * the pod says; once it has ended (`end`), steps that did not run to their end are terminated with exit code 1 and say
 * why (reference/tekton 2.8, 3.4).
 */
export function stepStates(steps: readonly StepEvidence[], end: AttemptEnd | undefined): readonly StepState[] {
  return steps.map((step) => {
    const { name, container, imageID, report } = step;
    const results = stepResults(step);
    const ended = step.state.terminated;
    return {
      name,
      container,
      ...(imageID === undefined ? {} : { imageID }),
      ...(ended ? endedState(ended, report) : openState(step.state, end)),
      ...(results.length === 0 ? {} : { results }),
    };
  });
}

type StateMembers = ContainerState & { readonly terminationReason?: string };

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
  const finishedAt = toRfc3339(end.atMs);
  const startedAt = state.running?.startedAt ?? finishedAt;
  return {
    terminated: { exitCode: 1, reason: end.openSteps, startedAt, finishedAt },
    terminationReason: end.openSteps,
  };
}

function stepResults({ report }: StepEvidence): readonly ResultValue[] {
  return [...(report?.stepResults ?? [])].map(([name, value]) => ({ name, type: 'string', value }));
}
