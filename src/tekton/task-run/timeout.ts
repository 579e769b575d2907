import { parseGoDuration } from '../durations.ts';
import type { TaskRun } from '../types.ts';
import type { TaskRunOptions } from './contract.ts';

/** How long one attempt of `run` may take, in milliseconds; `undefined` = without limit. */
export function timeoutOf(run: TaskRun, options: TaskRunOptions): number | undefined {
  const given = run.spec.timeout === undefined ? undefined : parseGoDuration(run.spec.timeout);
  const limitMs = given ?? options.defaultTimeoutMs;
  return limitMs === 0 ? undefined : limitMs;
}
