import { eachText, paramReferencesOf } from '../references.ts';
import type { ParamSpec, PipelineRun, PipelineSpec, PodTemplate, Task, TaskRun, TaskSpec } from '../types.ts';
import { type Finding, warningAt } from './finding.ts';
import type { IndexedObject } from './indexed-objects.ts';
import { lintMounts } from './volumes.ts';

/** What is allowed but looks like a mistake in one object: params that nothing uses, variables that are nearly some. */
export function lintDefinition({ document, object }: IndexedObject): readonly Finding[] {
  const spec = (object as unknown as Partial<Task>).spec ?? {};
  switch (object.kind) {
    case 'Task':
      return lintTaskSpec(spec, 'spec', document, []);
    case 'Pipeline':
      return lintPipelineSpec(spec, 'spec', document, []);
    case 'TaskRun': {
      const { taskSpec, podTemplate } = spec as TaskRun['spec'];
      return taskSpec ? lintTaskSpec(taskSpec, 'spec.taskSpec', document, [podTemplate]) : [];
    }
    case 'PipelineRun': {
      const { pipelineSpec, taskRunTemplate, taskRunSpecs = [] } = spec as PipelineRun['spec'];
      const templates = [taskRunTemplate, ...taskRunSpecs].map((one) => one?.podTemplate);
      return pipelineSpec ? lintPipelineSpec(pipelineSpec, 'spec.pipelineSpec', document, templates) : [];
    }
    default:
      return [];
  }
}

/** Params that a run gives and that its pipeline neither declares nor uses. */
export function lintGivenParams(run: PipelineRun, spec: PipelineSpec, document: number): readonly Finding[] {
  const declared = new Set((spec.params ?? []).map(({ name }) => name));
  const used = namesUsedIn([spec, run.spec.taskRunTemplate, run.spec.taskRunSpecs, run.spec.workspaces]);
  return (run.spec.params ?? []).flatMap(({ name }, position) => {
    if (declared.has(name) || used.has(name)) return [];
    const message = `the pipeline neither declares nor uses a param "${name}"; the value is ignored`;
    return [warningAt(document, `spec.params[${position}].name`, 'UnusedParam', message)];
  });
}

type Templates = readonly (PodTemplate | undefined)[];

function lintPipelineSpec(
  spec: PipelineSpec,
  field: string,
  document: number,
  templates: Templates,
): readonly Finding[] {
  const embedded = (['tasks', 'finally'] as const).flatMap((part) =>
    (spec[part] ?? []).flatMap(({ taskSpec }, position) => {
      if (!taskSpec) return [];
      const where = `${field}.${part}[${position}].taskSpec`;
      return [
        ...unusedParams(taskSpec.params, taskSpec, where, document),
        ...lintMounts(taskSpec, where, document, templates),
      ];
    }),
  );
  const { params, ...rest } = spec;
  return [...unusedParams(params, rest, field, document), ...embedded, ...nearVariables(rest, field, document)];
}

function lintTaskSpec(spec: TaskSpec, field: string, document: number, templates: Templates): readonly Finding[] {
  const { params, ...rest } = spec;
  return [
    ...unusedParams(params, rest, field, document),
    ...nearVariables(rest, field, document),
    ...lintMounts(spec, field, document, templates),
  ];
}

function unusedParams(
  specs: readonly ParamSpec[] = [],
  where: unknown,
  field: string,
  document: number,
): readonly Finding[] {
  const used = namesUsedIn([where, specs.map((spec) => spec.default)]);
  return specs.flatMap(({ name }, position) => {
    if (used.has(name)) return [];
    return [warningAt(document, `${field}.params[${position}].name`, 'UnusedParam', `nothing uses param "${name}"`)];
  });
}

/** Also `a` and `a.b` for `$(params.a.b)`, which may be meant either way, and params that a CEL expression may name. */
function namesUsedIn(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, property } of paramReferencesOf(value)) {
    names.add(name);
    if (property !== undefined) names.add(`${name}.${property}`);
  }
  return names;
}

/** Singular forms and the like, which stay in the text as they are. */
const nearVariable = /\$\((?<name>(?<family>param|task|result|workspace|step|contexts|inputs\.param)\.[\w.-]+)\)/;

const meant: Readonly<Record<string, string>> = {
  param: 'params',
  task: 'tasks',
  result: 'results',
  workspace: 'workspaces',
  step: 'steps',
  contexts: 'context',
  'inputs.param': 'params',
};

/** What `$(step.…)` may be followed by. */
const knownStepVariable = /^step\.(?:results\.|artifacts\.path$)/;

function nearVariables(value: unknown, field: string, document: number): readonly Finding[] {
  let isNear = false;
  eachText(value, (text) => {
    isNear ||= nearVariable.test(text);
  });
  return isNear ? nearVariablesAt(value, field, document) : [];
}

function nearVariablesAt(value: unknown, field: string, document: number): readonly Finding[] {
  if (typeof value === 'string') {
    const { name = '', family = '' } = nearVariable.exec(value)?.groups ?? {};
    if (name === '' || knownStepVariable.test(name)) return [];
    const message = `$(${name}) is no variable and stays as it is; is $(${meant[family] ?? ''}${name.slice(family.length)}) meant?`;
    return [warningAt(document, field, 'UnknownVariable', message)];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, position) => nearVariablesAt(item, `${field}[${position}]`, document));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => nearVariablesAt(member, `${field}.${key}`, document));
}
