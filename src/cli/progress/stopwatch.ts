import { type Phase, type RunView, isOver } from './run-view.ts';

/** Shortest span that instants in whole seconds tell of, in milliseconds. */
const storedSpanMsMin = 2_000;

interface Lap {
  startMs?: number;
  endMs?: number;
}

interface Timed {
  readonly phase: Phase;
  readonly startMs?: number;
  readonly endMs?: number;
}

/**
 * Replaces the times of views by the instants at which a change was first seen here: stored times have whole seconds,
 * and most steps take less. What was over before it was seen running keeps its stored span, if that is one.
 */
export class Stopwatch {
  readonly #laps = new Map<string, Lap>();

  /** The view with the times that are known after seeing it at `nowMs`. */
  time(view: RunView, nowMs: number): RunView {
    const identity = `${view.kind}/${view.namespace}/${view.name}`;
    const tasks = view.tasks.map((task) => ({
      ...this.#lap(`${identity}/${task.name}`, task, nowMs),
      steps: task.steps.map((step) => this.#lap(`${identity}/${task.podName}/${step.container}`, step, nowMs)),
    }));
    return { ...this.#lap(identity, view, nowMs), tasks };
  }

  #lap<T extends Timed>(key: string, timed: T, nowMs: number): T {
    const lap = this.#laps.get(key) ?? {};
    this.#laps.set(key, lap);
    if (timed.phase === 'running') lap.startMs ??= nowMs;
    if (isOver(timed.phase) && lap.startMs !== undefined) lap.endMs ??= nowMs;
    const { startMs: _start, endMs: _end, ...rest } = timed;
    if (lap.startMs !== undefined) return { ...rest, ...lap } as T;
    const { startMs, endMs } = timed;
    // Two instants in whole seconds that are one apart may be a moment apart.
    if (startMs === undefined || endMs === undefined || endMs - startMs < storedSpanMsMin) return rest as T;
    return { ...rest, startMs, endMs } as T;
  }
}
