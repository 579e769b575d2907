import { textReplacements, type Replacements } from '../replacements.ts';
import { succeededCondition } from './children.ts';
import type { TaskProgress } from './progress.ts';

/**
 * What `finally` may read about the tasks: `tasks.T.status` (Succeeded, Failed, None), `tasks.T.reason` and
 * `tasks.status` (Succeeded, Completed, Failed). Asked only once every task is done.
 */
export function statusReplacements(tasks: readonly TaskProgress[]): Replacements {
  const strings = new Map<string, string>();
  for (const progress of tasks) {
    const name = progress.compiled.task.name;
    strings.set(`tasks.${name}.status`, statusOf(progress));
    strings.set(`tasks.${name}.reason`, reasonOf(progress));
  }
  strings.set('tasks.status', aggregateStatus(tasks));
  return textReplacements(strings);
}

function statusOf(progress: TaskProgress): 'Succeeded' | 'Failed' | 'None' {
  if (progress.state === 'succeeded') return 'Succeeded';
  return progress.state === 'failed' || progress.state === 'cancelled' ? 'Failed' : 'None';
}

/** The reason of the child that decided the state: the first unsuccessful one, else the first. */
function reasonOf(progress: TaskProgress): string {
  const conditions = progress.children.map((child) => succeededCondition(child.status));
  const deciding = conditions.find((condition) => condition?.status === 'False') ?? conditions[0];
  return deciding?.reason ?? '';
}

/** A failure that the pipeline ignores is one all the same to whoever asks how the tasks ended, as in Tekton. */
function aggregateStatus(tasks: readonly TaskProgress[]): 'Succeeded' | 'Completed' | 'Failed' {
  const failed = tasks.some((progress) => progress.state === 'invalid' || statusOf(progress) === 'Failed');
  if (failed) return 'Failed';
  return tasks.some((progress) => progress.state === 'skipped') ? 'Completed' : 'Succeeded';
}
