import type { Clock } from '../../base/clock.ts';
import { keyText, type ObjectKey } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import type { TaskResolution } from '../../tekton/task-run/contract.ts';
import type { TaskRun } from '../../tekton/types.ts';
import { RecentWrites } from '../recent-writes.ts';
import { deletionRequestMs, type PodHistory } from '../verdict/interruption.ts';

/** A pod that has ended without complete evidence, and how often it was read again since. */
export interface Unproven {
  readonly podUid: string;
  readonly sinceMs: number;
  readonly reads: number;
}

/** What is remembered of one TaskRun between two looks at it. */
export interface RunMemory {
  readonly uid: string;
  readonly run: RecentWrites<TaskRun>;
  readonly pods: RecentWrites<Pod>;
  /** The first deletion of each pod, by uid, that was seen. */
  readonly histories: Map<string, PodHistory>;
  /** Names of pods that were made or seen: none of them is made again. */
  readonly started: Set<string>;
  /** Pods that are gone, by name, as they were seen last. */
  readonly gone: Map<string, Pod>;
  /** The Task of attempt number `attempt`, once resolved. */
  resolved: { readonly attempt: number; readonly resolution: TaskResolution } | undefined;
  unproven: Unproven | undefined;
  progressDueMs: number | undefined;
}

/**
 * What the TaskRun reconciler remembers: its own writes that the caches do not show yet, and what it has seen of pods
 * that their present state no longer tells. All of it may be lost at any time: a crash makes a verdict at worst `lost`.
 */
export class TaskRunMemory {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, RunMemory>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The memory of the run with this uid; what was known of an earlier one of the same name is dropped. */
  of(key: ObjectKey, uid: string): RunMemory {
    const text = keyText(key);
    const found = this.#byKey.get(text);
    if (found?.uid === uid) return found;
    const memory: RunMemory = {
      uid,
      run: new RecentWrites(this.#clock),
      pods: new RecentWrites(this.#clock),
      histories: new Map(),
      started: new Set(),
      gone: new Map(),
      resolved: undefined,
      unproven: undefined,
      progressDueMs: undefined,
    };
    this.#byKey.set(text, memory);
    return memory;
  }

  /** The memory of the run with this uid, if there is one. */
  find(key: ObjectKey, uid: string): RunMemory | undefined {
    const found = this.#byKey.get(keyText(key));
    return found?.uid === uid ? found : undefined;
  }

  forget(key: ObjectKey): void {
    this.#byKey.delete(keyText(key));
  }

  /** How many runs are remembered. */
  get size(): number {
    return this.#byKey.size;
  }
}

/** Notes when a pod was first asked to go: its final state no longer says so exactly (kubernetes-facts). */
export function noteDeletion(memory: RunMemory, pod: Pod): void {
  const uid = pod.metadata.uid ?? '';
  const requestedMs = deletionRequestMs(pod);
  if (requestedMs !== undefined && !memory.histories.has(uid))
    memory.histories.set(uid, { deletionRequestedMs: requestedMs });
}

/**
 * How long a status that only shows progress should still wait; `undefined` = write it now. A second call for the same
 * wait goes on with it.
 */
export function progressWait(memory: RunMemory, nowMs: number, delayMs: number): number | undefined {
  memory.progressDueMs ??= nowMs + delayMs;
  // A clock that jumped back must not make a change wait longer than the delay.
  const leftMs = Math.min(memory.progressDueMs - nowMs, delayMs);
  if (leftMs > 0) return leftMs;
  memory.progressDueMs = undefined;
  return undefined;
}
