import type { PipelineTask, TaskSpec } from '../types.ts';
import type { Problem } from './causes.ts';

/** A step that is fine. */
export const step = { image: 'busybox', script: 'true' } as const;

/** A Task that is fine but for `spec`. */
export function task(spec: TaskSpec): TaskSpec {
  return { steps: [step], ...spec };
}

/** A pipeline task that is fine but for `rest`. */
export function pipelineTask(rest: Partial<PipelineTask>, name = 'a'): PipelineTask {
  return { name, taskRef: { name: 'build' }, ...rest };
}

/** `field: message` of each problem. */
export function texts(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ field, message }) => `${field}: ${message}`);
}

/** What is wrong, and a pattern for each complaint about it, in order. */
export type Case<T> = readonly [title: string, spec: T, ...complaints: RegExp[]];

/** How the problems found differ from the complaints expected; empty when each matches, in order. */
export function mismatches(problems: readonly Problem[], complaints: readonly RegExp[]): readonly string[] {
  const found = texts(problems);
  return Array.from({ length: Math.max(found.length, complaints.length) }, (_, index) => {
    const [text, complaint] = [found[index] ?? 'nothing', complaints[index]];
    return complaint?.test(text) ? [] : [`${text} instead of ${complaint?.source ?? 'nothing'}`];
  }).flat();
}
