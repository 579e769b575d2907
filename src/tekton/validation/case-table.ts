import assert from 'node:assert/strict';
import { it } from 'node:test';
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

/** One test for each case: `validate` complains about just what the case says. */
export function table<T>(cases: readonly Case<T>[], validate: (spec: T) => readonly Problem[]): void {
  for (const [title, spec, ...complaints] of cases) {
    it(title, () => {
      const found = texts(validate(spec));
      assert.equal(found.length, complaints.length, found.join('\n'));
      complaints.forEach((complaint, index) => assert.match(found[index] ?? '', complaint));
    });
  }
}
