import type { Clock } from '../../base/clock.ts';
import { controllerOf, keyOf, keyText, type ObjectKey } from '../../kube/object.ts';
import type { PipelineRun, TaskRun } from '../../tekton/types.ts';
import { RecentWrites, recentWriteMsMax } from '../recent-writes.ts';

interface Memory {
  readonly uid: string;
  readonly run: RecentWrites<PipelineRun>;
  readonly children: RecentWrites<TaskRun>;
  /** When a status that only counts has waited long enough. */
  progressDueMs: number | undefined;
}

/**
 * What the reconciler remembers between two looks at a run: its own writes that the caches do not show yet, and since
 * when a count has been waiting to be written. All of it may be lost at any time.
 */
export class RunMemory {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Memory>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  latestRun(cached: PipelineRun): PipelineRun {
    return this.#find(cached)?.run.latest(cached) ?? cached;
  }

  latestChildren(run: PipelineRun, cached: readonly TaskRun[]): readonly TaskRun[] {
    return this.#find(run)?.children.overlay(cached) ?? cached;
  }

  runWritten(previous: PipelineRun, written: PipelineRun): void {
    this.#of(written).run.record(previous, written);
  }

  childWritten(run: PipelineRun, previous: TaskRun | undefined, written: TaskRun): void {
    this.#of(run).children.record(previous, written);
  }

  childDeleted(taskRun: TaskRun): void {
    const owner = controllerOf(taskRun);
    const key = keyText({ namespace: taskRun.metadata.namespace ?? '', name: owner?.name ?? '' });
    this.#byKey.get(key)?.children.forget(taskRun.metadata.name ?? '');
  }

  /** How long a deferrable change of `run` should still wait; `undefined` = not at all. */
  progressWait(run: PipelineRun, deferrable: boolean, delayMs: number): number | undefined {
    const memory = this.#of(run);
    if (!deferrable) {
      memory.progressDueMs = undefined;
      return undefined;
    }
    const now = this.#clock.now();
    memory.progressDueMs ??= now + delayMs;
    // A clock that jumped back must not make a change wait longer than the delay.
    const leftMs = Math.min(memory.progressDueMs - now, delayMs);
    if (leftMs > 0) return leftMs;
    memory.progressDueMs = undefined;
    return undefined;
  }

  /** When to look again because only our memory speaks for something; `undefined` = no need. */
  recheckMs(run: PipelineRun): number | undefined {
    return (this.#find(run)?.children.size ?? 0) > 0 ? recentWriteMsMax : undefined;
  }

  forgetKey(key: ObjectKey): void {
    this.#byKey.delete(keyText(key));
  }

  #find(run: PipelineRun): Memory | undefined {
    const memory = this.#byKey.get(keyText(keyOf(run)));
    return memory?.uid === run.metadata.uid ? memory : undefined;
  }

  #of(run: PipelineRun): Memory {
    const found = this.#find(run);
    if (found) return found;
    const memory: Memory = {
      uid: run.metadata.uid ?? '',
      run: new RecentWrites(this.#clock),
      children: new RecentWrites(this.#clock),
      progressDueMs: undefined,
    };
    this.#byKey.set(keyText(keyOf(run)), memory);
    return memory;
  }
}
