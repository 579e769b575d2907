/** What the agent knows of a pod it runs, and the status that follows from it. Pure. */
import { toRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../../kube/pod.ts';

/** One container, as it is now. */
export interface ContainerRecord {
  readonly state: ContainerState;
  readonly lastState?: ContainerState;
  readonly restartCount: number;
  /** Whether a sidecar has passed its startup probe, or a container runs. */
  readonly started: boolean;
  readonly containerId?: string;
}

/** Why a pod ends before its containers would have: `failed` makes its phase Failed whatever the exit codes say. */
export interface PodEnd {
  readonly failed: boolean;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly Condition[];
}

/** One pod, as it is now. */
export interface PodRecord {
  /** Epoch milliseconds; absent until the agent has begun. */
  readonly startedAtMs?: number;
  readonly containers: ReadonlyMap<string, ContainerRecord>;
  /** No container runs, and none will. */
  readonly over: boolean;
  readonly end?: PodEnd;
  /** Why the pod cannot be placed (a claim that does not exist). */
  readonly unschedulable?: string;
}

/** Whether an init container is a native sidecar. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** The record of a container that has not been started. */
export function waitingRecord(reason: string, message?: string): ContainerRecord {
  const waiting = message === undefined ? { reason } : { reason, message };
  return { state: { waiting }, restartCount: 0, started: false };
}

/** The status of `pod` as a kubelet would write it; times of conditions that did not change are kept. */
export function podStatus(pod: Pod, record: PodRecord, nowMs: number): PodStatus {
  const inits = pod.spec.initContainers ?? [];
  const initialized = hasBegun(pod, record) || isInitialized(inits, record);
  const initContainerStatuses = inits.map((container) => {
    const status = containerStatus(container, record, 'PodInitializing');
    // An init container that has done its work counts as ready.
    return status.state?.terminated?.exitCode === 0 ? { ...status, ready: true } : status;
  });
  const fallback = inits.length === 0 ? 'ContainerCreating' : 'PodInitializing';
  const containerStatuses = pod.spec.containers.map((container) => containerStatus(container, record, fallback));
  const phase = phaseOf(pod, record, initialized);
  const wanted = [...wantedConditions(record, phase, initialized), ...(record.end?.conditions ?? [])];
  return {
    phase,
    ...(record.end?.reason === undefined ? {} : { reason: record.end.reason }),
    ...(record.end?.message === undefined ? {} : { message: record.end.message }),
    ...(record.startedAtMs === undefined ? {} : { startTime: toRfc3339(record.startedAtMs) }),
    conditions: mergeConditions(pod.status?.conditions ?? [], wanted, toRfc3339(nowMs)),
    ...(inits.length > 0 ? { initContainerStatuses } : {}),
    containerStatuses,
  };
}

/** Whether a container proper has been started: a sidecar that is restarted later does not undo that. */
function hasBegun(pod: Pod, { containers }: PodRecord): boolean {
  const states = pod.spec.containers.map(({ name }) => containers.get(name)?.state);
  return states.some((state) => state?.running !== undefined || state?.terminated !== undefined);
}

function isInitialized(inits: readonly Container[], record: PodRecord): boolean {
  return inits.every((container) => {
    const known = record.containers.get(container.name);
    // A sidecar that has ended with its pod had started, or the pod's containers would not have.
    if (isSidecar(container)) return record.over || known?.started === true;
    return known?.state.terminated?.exitCode === 0;
  });
}

function phaseOf(pod: Pod, record: PodRecord, initialized: boolean): NonNullable<PodStatus['phase']> {
  const states = pod.spec.containers.map((container) => record.containers.get(container.name)?.state ?? {});
  if (record.over) {
    const succeeded =
      record.end?.failed !== true && initialized && states.every((state) => state.terminated?.exitCode === 0);
    return succeeded ? 'Succeeded' : 'Failed';
  }
  return initialized && states.some((state) => state.running ?? state.terminated) ? 'Running' : 'Pending';
}

function containerStatus(container: Container, record: PodRecord, waitingReason: string): ContainerStatus {
  const known = record.containers.get(container.name) ?? waitingRecord(waitingReason);
  return {
    name: container.name,
    state: known.state,
    ...(known.lastState === undefined ? {} : { lastState: known.lastState }),
    ready: known.started && known.state.running !== undefined,
    started: known.started && known.state.running !== undefined,
    restartCount: known.restartCount,
    image: container.image ?? '',
    imageID: '',
    ...(known.containerId === undefined ? {} : { containerID: known.containerId }),
  };
}

function wantedConditions(record: PodRecord, phase: string, initialized: boolean): readonly Condition[] {
  if (record.unschedulable !== undefined) {
    return [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: record.unschedulable }];
  }
  const completed = phase === 'Succeeded' || phase === 'Failed';
  const running = [...record.containers.values()].every(
    ({ state, started }) => state.terminated ?? (state.running && started),
  );
  const ready = phase === 'Running' && running;
  const unready = { status: 'False', reason: completed ? 'PodCompleted' : 'ContainersNotReady' } as const;
  return [
    { type: 'PodScheduled', status: 'True' },
    initialized
      ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' },
    { type: 'Ready', ...(ready ? { status: 'True' as const } : unready) },
    { type: 'ContainersReady', ...(ready ? { status: 'True' as const } : unready) },
  ];
}

/** `wanted` over `existing`, by type: the time of transition is new only where the status is. */
function mergeConditions(
  existing: readonly Condition[],
  wanted: readonly Condition[],
  now: string,
): readonly Condition[] {
  const merged = new Map(existing.map((condition) => [condition.type, condition]));
  for (const condition of wanted) {
    const before = merged.get(condition.type);
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
    merged.set(condition.type, { ...condition, lastTransitionTime });
  }
  return [...merged.values()];
}
