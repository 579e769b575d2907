import type { StatusCause } from '../../kube/api-error.ts';
import type { PipelineSpec, PipelineTask } from '../types.ts';

/** What is wrong with a pipeline whatever its params are; empty when nothing is. */
export function validatePipelineSpec(spec: PipelineSpec): readonly StatusCause[] {
  if ((spec.tasks ?? []).length === 0) return [cause('FieldValueRequired', 'spec.tasks', 'a pipeline has at least one task')];
  const seen = new Set<string>();
  return (['tasks', 'finally'] as const).flatMap((part) =>
    (spec[part] ?? []).flatMap((task, index) => [
      ...checkName(task, `spec.${part}[${index}].name`, seen),
      ...checkTask(task, `spec.${part}[${index}]`, part),
    ]),
  );
}

function checkName(task: PipelineTask, field: string, seen: Set<string>): readonly StatusCause[] {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(task.name)) {
    return [cause('FieldValueInvalid', field, `"${task.name}" is not a DNS label of at most 63 characters`)];
  }
  if (seen.has(task.name)) return [cause('FieldValueDuplicate', field, `another task is called "${task.name}" too`)];
  seen.add(task.name);
  return [];
}

function checkTask(task: PipelineTask, field: string, part: 'tasks' | 'finally'): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const sources = [task.taskRef, task.taskSpec, task.pipelineRef, task.pipelineSpec].filter(Boolean).length;
  if (sources !== 1) causes.push(cause('FieldValueInvalid', field, 'give exactly one of taskRef and taskSpec'));
  if (part === 'finally' && (task.runAfter ?? []).length > 0) {
    causes.push(cause('FieldValueInvalid', `${field}.runAfter`, 'final tasks start together and wait for no other'));
  }
  if (task.onError === 'continue' && (task.retries ?? 0) > 0) {
    causes.push(cause('FieldValueInvalid', `${field}.retries`, 'retries and onError: continue exclude each other'));
  }
  return causes;
}

function cause(reason: string, field: string, message: string): StatusCause {
  return { reason, field, message };
}
