import type { PipelineSpec, PipelineTask, TaskSpec } from '../types.ts';
import { typeOfSpec } from '../values.ts';
import { givenParams } from '../validation/scope.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';
import { absentText, type ObjectIndex } from './indexed-objects.ts';

/** The same for every task of a pipeline, whose spec stands at `field`. */
export function lintTaskUses(
  spec: PipelineSpec,
  field: string,
  document: number,
  namespace: string,
  index: ObjectIndex,
): readonly Finding[] {
  return (['tasks', 'finally'] as const).flatMap((part) =>
    (spec[part] ?? []).flatMap((task, position) =>
      lintTaskUse(task, `${field}.${part}[${position}]`, document, namespace, index),
    ),
  );
}

/** What a pipeline task asks of the Task it refers to: that it exists, and takes what it is given. */
function lintTaskUse(
  task: PipelineTask,
  field: string,
  document: number,
  namespace: string,
  index: ObjectIndex,
): readonly Finding[] {
  const { taskRef } = task;
  const name = taskRef?.name;
  if (!name || taskRef.resolver || isCustom(taskRef.apiVersion) || name.includes('$(')) return [];
  const found = index.findTask(name, namespace);
  if (!found) {
    const message = `task "${task.name}": ${absentText('Task', name, index)}`;
    return [errorAt(document, `${field}.taskRef.name`, 'CouldntGetTask', message)];
  }
  const spec = found.object.spec ?? {};
  return [...lintParams(task, spec, field, document), ...lintWorkspaces(task, spec, field, document)];
}

function isCustom(apiVersion = ''): boolean {
  return apiVersion !== '' && !apiVersion.startsWith('tekton.dev/');
}

function lintParams(task: PipelineTask, spec: TaskSpec, field: string, document: number): readonly Finding[] {
  const given = givenParams(task.params ?? []);
  const whose = `task "${task.name}": Task "${task.taskRef?.name ?? ''}"`;
  const declared = new Map((spec.params ?? []).map((one) => [one.name, one]));
  const names = new Set([...given.keys(), ...matrixParams(task)]);
  const missing = [...declared.values()].filter((one) => one.default === undefined && !names.has(one.name));
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const message = `${whose} needs param ${quoted(missing)}, which has no default`;
    findings.push(errorAt(document, `${field}.params`, 'ParameterMissing', message));
  }
  for (const [position, { name }] of (task.params ?? []).entries()) {
    const where = `${field}.params[${position}]`;
    const one = declared.get(name);
    const type = given.get(name)?.type;
    if (one === undefined) {
      const message = `${whose} has no param "${name}"; the value is ignored`;
      findings.push(warningAt(document, `${where}.name`, 'UnusedParam', message));
    } else if (type !== undefined && type !== typeOfSpec(one)) {
      const message = `${whose} declares param "${name}" as ${typeOfSpec(one)}, but the value given is of type ${type}`;
      findings.push(errorAt(document, `${where}.value`, 'ParameterTypeMismatch', message));
    }
  }
  return findings;
}

function matrixParams({ matrix }: PipelineTask): readonly string[] {
  const lists = [matrix?.params, ...(matrix?.include ?? []).map(({ params }) => params)];
  return lists.flatMap((list) => list ?? []).map(({ name }) => name);
}

function lintWorkspaces(task: PipelineTask, spec: TaskSpec, field: string, document: number): readonly Finding[] {
  const whose = `task "${task.name}": Task "${task.taskRef?.name ?? ''}"`;
  const given = new Set((task.workspaces ?? []).map(({ name }) => name));
  const missing = (spec.workspaces ?? []).filter(({ name, optional }) => !optional && !given.has(name));
  const declared = new Set((spec.workspaces ?? []).map(({ name }) => name));
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const message = `${whose} requires workspace ${quoted(missing)}`;
    findings.push(errorAt(document, `${field}.workspaces`, 'InvalidWorkspaceBindings', message));
  }
  for (const [position, { name }] of (task.workspaces ?? []).entries()) {
    if (declared.has(name)) continue;
    const where = `${field}.workspaces[${position}].name`;
    findings.push(warningAt(document, where, 'UnusedWorkspace', `${whose} has no workspace "${name}"`));
  }
  return findings;
}

function quoted(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => `"${name}"`).join(', ');
}
