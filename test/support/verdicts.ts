/** What runs and tasks say of their end. */
import type { PipelineRun, TaskRun } from '../../src/tekton/types.ts';

/** The condition that says how a run or a task ended: status and reason. */
export function verdictOf(object: PipelineRun | TaskRun | undefined): readonly [status: string, reason: string] {
  const condition = object?.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return [condition?.status ?? 'none', condition?.reason ?? 'none'];
}

/** What the condition says in words. */
export function messageOf(object: PipelineRun | TaskRun | undefined): string {
  return object?.status?.conditions?.find(({ type }) => type === 'Succeeded')?.message ?? '';
}
