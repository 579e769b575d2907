import type { ContainerStatus, Pod } from '../../kube/pod.ts';
import type { Verdict } from '../../tekton/task-run/evidence.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import { statusesByName } from './step-evidence.ts';

type Waiting = Extract<Verdict, { kind: 'pending' | 'stuck' }>;

/** Waiting reasons that do not pass by themselves, and what a run is then called (reference/tekton 3.4). */
const stuckReasons: ReadonlyMap<string, string> = new Map([
  ['ImagePullBackOff', taskRunReason.imagePullFailed],
  ['InvalidImageName', taskRunReason.imagePullFailed],
  ['ErrImageNeverPull', taskRunReason.imagePullFailed],
  ['CreateContainerConfigError', taskRunReason.containerConfigError],
  ['CreateContainerError', taskRunReason.podCreationFailed],
]);

/** What a pod waits for that has not ended: a container, a node, or nothing in particular. */
export function judgeWaiting(pod: Pod): Waiting {
  const waiting = [...statusesByName(pod).values()].filter(({ state }) => state?.waiting !== undefined);
  const stuck = waiting.find(({ state }) => stuckReasons.has(state?.waiting?.reason ?? ''));
  if (stuck) {
    const reason = stuckReasons.get(stuck.state?.waiting?.reason ?? '') ?? taskRunReason.failed;
    return { kind: 'stuck', reason, message: waitingText(stuck) };
  }
  const unschedulable = pod.status?.conditions?.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  if (unschedulable) {
    const message = unschedulable.message ?? '';
    const reason = message.includes('Insufficient') ? taskRunReason.exceededNodeResources : taskRunReason.pending;
    return pending(reason, `the pod waits for a node: ${message}`);
  }
  const pulling = waiting.find(({ state }) => state?.waiting?.reason === 'ErrImagePull');
  if (pulling) return pending(taskRunReason.pullImageFailed, waitingText(pulling));
  return pending(taskRunReason.pending, pod.status?.message ?? 'the pod has not started yet');
}

function pending(reason: string, message: string): Waiting {
  return { kind: 'pending', reason, message };
}

function waitingText({ name, image, state }: ContainerStatus): string {
  const { reason = '', message } = state?.waiting ?? {};
  return `container "${name}" with image "${image}" waits: ${reason}${message ? `: ${message}` : ''}`;
}
