import { checkParams } from '../params.ts';
import { paramReferencesOfTaskSpec } from '../references.ts';
import type { TaskRun, TaskSpec } from '../types.ts';
import { errorAt, type Finding } from './finding.ts';
import { absentText, type IndexedObject, type ObjectIndex } from './indexed-objects.ts';

/** What only shows when a TaskRun is seen together with its Task. */
export function lintTaskRun({ document, object }: IndexedObject, index: ObjectIndex): readonly Finding[] {
  const run = object as unknown as TaskRun;
  const { taskSpec, taskRef } = run.spec;
  if (taskSpec) return checkRun(run, taskSpec, document);
  const name = taskRef?.name;
  if (!name) return [];
  const found = index.findTask(name, run.metadata.namespace ?? '');
  if (found) return checkRun(run, found.object.spec ?? {}, document);
  return [errorAt(document, 'spec.taskRef.name', 'TaskRunResolutionFailed', absentText('Task', name, index))];
}

function checkRun(run: TaskRun, spec: TaskSpec, document: number): readonly Finding[] {
  const params = checkParams(spec.params ?? [], run.spec.params ?? [], paramReferencesOfTaskSpec(spec));
  const bound = new Set((run.spec.workspaces ?? []).map(({ name }) => name));
  const missing = (spec.workspaces ?? []).filter(({ name, optional }) => !optional && !bound.has(name));
  const names = missing.map(({ name }) => `"${name}"`).join(', ');
  return [
    ...(params ? [errorAt(document, 'spec.params', params.reason, params.message)] : []),
    ...(missing.length > 0
      ? [
          errorAt(
            document,
            'spec.workspaces',
            'TaskRunValidationFailed',
            `the task requires workspace ${names}, but the run binds no such workspace`,
          ),
        ]
      : []),
  ];
}
