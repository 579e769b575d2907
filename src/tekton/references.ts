import type { ParamValue, PipelineSpec, PipelineTask, TaskSpec } from './types.ts';
import { type ParamReference, type ResultReference, variablesIn } from './variables.ts';

/** The results that a value uses, in order. */
export function resultReferencesOf(value: ParamValue): readonly ResultReference[] {
  const texts = typeof value === 'string' ? [value] : Object.values(value);
  return texts.flatMap(referencesIn);
}

/**
 * The results that a pipeline task uses: in params, guards, matrix, sub-paths of workspaces and its embedded spec
 * (reference/tekton 2.2).
 */
export function resultReferencesOfTask(task: PipelineTask): readonly ResultReference[] {
  const { params, when, matrix, workspaces, taskSpec } = task;
  const found: ResultReference[] = [];
  const spec = [taskSpec?.steps, taskSpec?.sidecars, taskSpec?.stepTemplate];
  eachText([params, when, matrix, workspaces, spec], (text) => {
    found.push(...referencesIn(text));
  });
  return found;
}

/** `result "list[2]" of task "build"`. */
export function resultText({ task, result, index, property }: ResultReference): string {
  const part = index === undefined ? (property === undefined ? '' : `.${property}`) : `[${index}]`;
  return `result "${result}${part}" of task "${task}"`;
}

function referencesIn(text: string): readonly ResultReference[] {
  if (!text.includes('.results')) return [];
  return variablesIn(text).flatMap(({ variable }) => {
    if (variable.kind !== 'taskResult') return [];
    const { kind: _kind, whole: _whole, ...reference } = variable;
    return [reference];
  });
}

/** The params that a text uses, in order. */
function paramReferencesIn(text: string): readonly ParamReference[] {
  if (!text.includes('params')) return [];
  return variablesIn(text).flatMap(({ variable }) => {
    if (variable.kind !== 'param') return [];
    const { kind: _kind, ...reference } = variable;
    return [reference];
  });
}

/** The params that any text in `value` uses. */
export function paramReferencesOf(value: unknown): readonly ParamReference[] {
  const found: ParamReference[] = [];
  eachText(value, (text) => found.push(...paramReferencesIn(text)));
  return found;
}

/** The params of a Task that its steps, sidecars, template, volumes and workspaces use. */
export function paramReferencesOfTaskSpec(spec: TaskSpec): readonly ParamReference[] {
  const { steps, sidecars, stepTemplate, volumes, workspaces } = spec;
  return paramReferencesOf([steps, sidecars, stepTemplate, volumes, workspaces]);
}

/** The params of a pipeline that its tasks use, also inside embedded specs unless the task has its own of that name. */
export function paramReferencesOfPipeline(spec: PipelineSpec): readonly ParamReference[] {
  return [...(spec.tasks ?? []), ...(spec.finally ?? [])].flatMap(({ taskSpec, ...task }) => {
    const own = new Set([...(task.params ?? []), ...(taskSpec?.params ?? [])].map(({ name }) => name));
    const inner = taskSpec === undefined ? [] : paramReferencesOfTaskSpec(taskSpec);
    return [...paramReferencesOf(task), ...inner.filter(({ name }) => !own.has(name))];
  });
}

/** Calls `visit` for every text in `value`, however deep; names of members are not texts. */
export function eachText(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) eachText(member, visit);
}
