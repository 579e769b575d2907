import type { ContainerStateTerminated, Pod } from '../../kube/pod.ts';
import type { StepEvidence, Verdict } from '../../tekton/task-run/evidence.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import { interruptionOf, mayBeInterrupted, type Interruption, type PodHistory } from './interruption.ts';
import { companionsOf, helpersOf, statusesByName, witnessesOf } from './step-evidence.ts';
import { judgeWaiting } from './waiting.ts';

/**
 * What `pod` proves about its attempt (laws 1 and 2). Green needs a terminated state with exit code 0 for every step
 * container of the spec, found by name, none of which ended when something from outside may have ended it. Red needs a
 * container that failed by itself. Everything else is still open, or lost.
 */
export function judgePod(pod: Pod, history: PodHistory = {}): Verdict {
  const steps = witnessesOf(pod);
  const interruption = interruptionOf(pod, history);
  if (pod.status?.reason === 'DeadlineExceeded') return deadlineExceeded(pod);
  const ended = judgeEndedSteps(steps, interruption);
  if (ended?.kind === 'succeeded' && contradicts(pod)) {
    return { kind: 'unproven', message: 'every step exited with code 0, but the pod says that it failed' };
  }
  return (
    ended ??
    judgeHelpers(pod, interruption) ??
    (hasEnded(pod) ? judgeEndedPod(pod, steps, interruption) : judgeLivePod(pod, steps, interruption))
  );
}

/** Whether nothing of `pod` runs any more, as far as the API can know. */
export function isDown(pod: Pod): boolean {
  if (hasEnded(pod)) return true;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0) return false;
  return ![...statusesByName(pod).values()].some(({ state }) => state?.running !== undefined);
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether the pod failed though no container beside the steps is there that could have. */
function contradicts(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' && companionsOf(pod).length === 0;
}

/** The first step that decides everything, or success when all have ended well; `undefined` while some are open. */
function judgeEndedSteps(steps: readonly StepEvidence[], interruption: Interruption | undefined): Verdict | undefined {
  for (const step of steps) {
    const ended = step.state.terminated;
    const verdict = ended === undefined ? undefined : judgeEndedStep(step, ended, interruption);
    if (verdict !== undefined) return verdict;
  }
  const all = steps.length > 0 && steps.every(({ state }) => state.terminated !== undefined);
  return all ? { kind: 'succeeded' } : undefined;
}

/** `undefined` when the step is a good witness. */
function judgeEndedStep(
  step: StepEvidence,
  ended: ContainerStateTerminated,
  interruption: Interruption | undefined,
): Verdict | undefined {
  if (ended.reason === 'OOMKilled') return failed(taskRunReason.stepOutOfMemory, exitText(step.container, ended));
  if (ended.reason === 'ContainerStatusUnknown') {
    return lost(interruption, `the node no longer knows how "${step.container}" ended`);
  }
  if (mayBeInterrupted(ended, interruption)) {
    return lost(
      interruption,
      `"${step.container}" ended with exit code ${ended.exitCode} when the pod was being stopped`,
    );
  }
  const { report } = step;
  if (report?.end === 'timedOut') {
    const message = `"${step.container}" exited because the step exceeded the specified timeout limit`;
    return failed(taskRunReason.stepFailed, message);
  }
  if (report?.end === 'tooLarge') {
    return failed(
      taskRunReason.resultTooLarge,
      `"${step.container}": the results are too large: ${report.problem ?? ''}`,
    );
  }
  if (ended.exitCode !== 0) return failed(taskRunReason.stepFailed, exitText(step.container, ended));
  if (report?.end === 'unreadable') {
    return failed(
      taskRunReason.validationFailed,
      `"${step.container}" has no readable report: ${report.problem ?? ''}`,
    );
  }
  return undefined;
}

/** An init container that is no step and failed: then no step runs. */
function judgeHelpers(pod: Pod, interruption: Interruption | undefined): Verdict | undefined {
  const statuses = statusesByName(pod);
  for (const { name } of helpersOf(pod)) {
    const ended = statuses.get(name)?.state?.terminated;
    if (ended === undefined || ended.exitCode === 0) continue;
    if (mayBeInterrupted(ended, interruption)) return lost(interruption, `init container "${name}" was stopped`);
    const outOfMemory = ended.reason === 'OOMKilled';
    const reason = outOfMemory ? taskRunReason.initContainerOutOfMemory : taskRunReason.initContainerFailed;
    return failed(reason, `init container failed, ${exitText(name, ended)}`);
  }
  return undefined;
}

/** A terminal phase although not every step has ended. */
function judgeEndedPod(pod: Pod, steps: readonly StepEvidence[], interruption: Interruption | undefined): Verdict {
  const open = steps.filter(({ state }) => state.terminated === undefined);
  const names = open.map(({ container }) => `"${container}"`).join(', ');
  if (interruption !== undefined) {
    if (open.every(({ state }) => state.waiting !== undefined)) return lost(interruption, `${names} never ran`);
    // Whatever is shown later could not be told from the work of who ended the pod.
    if (interruption.fromMs === undefined) return lost(interruption, `the end of ${names} is not known`);
  }
  const { reason, message } = pod.status ?? {};
  const untouched = steps.every(({ state }) => state.terminated === undefined && state.running === undefined);
  const refused = pod.status?.phase === 'Failed' && reason !== undefined && interruption === undefined;
  if (refused && untouched && companionsOf(pod).length === 0) {
    return lost(undefined, `the node refused the pod (${reason}${message ? `: ${message}` : ''})`);
  }
  return { kind: 'unproven', message: `the pod has ended, but the end of ${names} is not known` };
}

/** A pod that has not ended, some of whose steps are still open. */
function judgeLivePod(pod: Pod, steps: readonly StepEvidence[], interruption: Interruption | undefined): Verdict {
  if (isDown(pod)) return lost(interruption, 'it was deleted before its steps had run');
  const started = steps.some(({ state }) => state.running !== undefined || state.terminated !== undefined);
  const waiting = judgeWaiting(pod);
  if (waiting.kind === 'stuck') return waiting;
  return started || pod.status?.phase === 'Running' ? { kind: 'running' } : waiting;
}

function deadlineExceeded(pod: Pod): Verdict {
  return failed(taskRunReason.timeout, `the pod exceeded its deadline: ${pod.status?.message ?? 'DeadlineExceeded'}`);
}

function failed(reason: string, message: string): Verdict {
  return { kind: 'failed', reason, message };
}

function lost(interruption: Interruption | undefined, what: string): Verdict {
  const reason = interruption?.evicted ? taskRunReason.podEvicted : taskRunReason.evidenceLost;
  const why = interruption === undefined ? '' : `the pod was ${interruption.cause}: `;
  return { kind: 'lost', reason, message: `evidence lost: ${why}${what}` };
}

/** Reasons that say no more than the exit code does. */
const plainReasons: ReadonlySet<string> = new Set(['Error', 'Completed']);

/** So much of what a runtime says about a container that it could not run is shown. */
const shownCharactersMax = 1024;

/** Of a kill by Penstock or its API the pod tells: then the evidence is lost. Of this one nobody does. */
function killedText(exitCode: number): string {
  return exitCode === 137 ? ', that of SIGKILL: not sent by Penstock; a lack of memory is a likely cause' : '';
}

function exitText(container: string, ended: ContainerStateTerminated): string {
  const { reason = 'Error', message = '' } = ended;
  if (plainReasons.has(reason)) return `"${container}" exited with code ${ended.exitCode}${killedText(ended.exitCode)}`;
  const words = message === '' ? '' : `: ${message.trim().slice(0, shownCharactersMax)}`;
  return `"${container}" exited with code ${ended.exitCode}: ${reason}${words}`;
}
