import type { StatusCause } from '../../kube/api-error.ts';
import type { PipelineSpec, PipelineTask } from '../types.ts';

/** What this version cannot run yet, one cause each, naming the field: better refused than half done. */
export function unsupportedFeatures(spec: PipelineSpec): readonly StatusCause[] {
  return (['tasks', 'finally'] as const).flatMap((part) =>
    (spec[part] ?? []).flatMap((task, index) => unsupportedIn(task, `spec.${part}[${index}]`)),
  );
}

function unsupportedIn(task: PipelineTask, field: string): readonly StatusCause[] {
  const { taskRef, taskSpec } = task;
  const custom = taskRef?.apiVersion !== undefined && !taskRef.apiVersion.startsWith('tekton.dev/');
  const features: readonly (readonly [unknown, string, string])[] = [
    [task.matrix, 'matrix', 'a matrix'],
    [task.pipelineRef ?? task.pipelineSpec, task.pipelineRef ? 'pipelineRef' : 'pipelineSpec', 'a pipeline in a pipeline'],
    [taskRef?.resolver, 'taskRef.resolver', 'a resolver'],
    [custom || undefined, 'taskRef.apiVersion', 'a custom task'],
    [taskSpec?.apiVersion, 'taskSpec.apiVersion', 'a custom task'],
    [task.when?.find(({ cel }) => cel !== undefined), 'when', 'a CEL guard'],
  ];
  return features.flatMap(([used, member, name]) =>
    used === undefined
      ? []
      : [{ reason: 'FieldValueNotSupported', field: `${field}.${member}`, message: `${name} is not supported yet` }],
  );
}
