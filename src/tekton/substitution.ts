import { isTextList, type Replacements } from './replacements.ts';
import type {
  EmbeddedTask,
  Matrix,
  Param,
  ParamValue,
  PipelineSpec,
  PipelineTask,
  PodTemplate,
  Step,
  TaskSpec,
  WhenExpression,
  WorkspaceBinding,
} from './types.ts';
import { decodeParamValue, typeOfValue } from './values.ts';

/** A variable: `$(name)`. */
const variable = /\$\(([^()]+)\)/g;

/** A text that is nothing but one variable; group 1 is its name without `[*]`. */
const wholeVariable = /^\$\(([^()]+?)(?:\[\*\])?\)$/;

/** `text` with every known variable replaced, in one pass; unknown ones stay as they are. */
export function substituteText(text: string, replacements: Replacements): string {
  if (!text.includes('$(')) return text;
  return text.replace(variable, (whole, name: string) => replacements.strings.get(name) ?? whole);
}

/** A list in which an element that is exactly a list variable becomes its elements. */
function substituteList(list: readonly string[], replacements: Replacements): readonly string[] {
  return list.flatMap((text) => wholeListOf(text, replacements) ?? [substituteText(text, replacements)]);
}

/** A value with its variables replaced; a text that is exactly one list or object variable becomes that value. */
export function substituteValue(value: ParamValue, replacements: Replacements): ParamValue {
  if (typeof value === 'string') {
    return (
      wholeListOf(value, replacements) ?? wholeObjectOf(value, replacements) ?? substituteText(value, replacements)
    );
  }
  if (isTextList(value)) return substituteList(value, replacements);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substituteText(member, replacements)]));
}

/** Params with the variables in their values replaced. */
function substituteParams(params: readonly Param[], replacements: Replacements): readonly Param[] {
  return params.map((param) => ({ ...param, value: substituteValue(decodeParamValue(param.value), replacements) }));
}

/** Members of a step, sidecar or template in which variables are replaced; the rest is left alone (reference/tekton 2.9). */
export const substitutedStepMembers = [
  'name',
  'displayName',
  'image',
  'imagePullPolicy',
  'command',
  'args',
  'script',
  'workingDir',
  'onError',
  'env',
  'envFrom',
  'volumeMounts',
  'workspaces',
  'stdoutConfig',
  'stderrConfig',
] as const;

/** A Task with its variables replaced: in steps, sidecars, the template, volumes and the paths of workspaces. */
export function substituteTaskSpec(spec: TaskSpec, replacements: Replacements): TaskSpec {
  const { steps, stepTemplate, sidecars, volumes, workspaces } = spec;
  return {
    ...spec,
    ...(steps ? { steps: steps.map((step) => substituteStep(step, replacements)) } : {}),
    ...(stepTemplate ? { stepTemplate: substituteStep(stepTemplate, replacements) } : {}),
    ...(sidecars ? { sidecars: sidecars.map((sidecar) => substituteStepMembers(sidecar, replacements)) } : {}),
    ...(volumes ? { volumes: substituteDeep(volumes, replacements) } : {}),
    ...(workspaces ? { workspaces: workspaces.map((one) => substituteMember(one, 'mountPath', replacements)) } : {}),
  };
}

/** A step, or the template of steps, with its variables replaced. */
export function substituteStep(step: Step, replacements: Replacements): Step {
  const { params, when } = step;
  return {
    ...substituteStepMembers(step, replacements),
    ...(params ? { params: substituteParams(params, replacements) } : {}),
    ...(when ? { when: when.map((one) => substituteWhen(one, replacements)) } : {}),
  };
}

function substituteStepMembers<T extends Step>(step: T, replacements: Replacements): T {
  const changed: Record<string, unknown> = {};
  for (const member of substitutedStepMembers) {
    if (step[member] !== undefined) changed[member] = substituteDeep(step[member], replacements);
  }
  return { ...step, ...changed };
}

function substituteMember<T extends object>(object: T, member: keyof T, replacements: Replacements): T {
  const value = object[member];
  return value === undefined ? object : { ...object, [member]: substituteDeep(value, replacements) };
}

/**
 * A pipeline task with its variables replaced. Params that the task gives hide those of the run in its embedded spec, an
 * object's key by key.
 */
export function substitutePipelineTask(task: PipelineTask, replacements: Replacements): PipelineTask {
  const { params: raw, when, taskSpec, matrix, ...rest } = task;
  const params = raw && substituteParams(raw, replacements);
  return {
    ...substituteDeep(rest, replacements),
    ...(params ? { params } : {}),
    ...(when ? { when: when.map((one) => substituteWhen(one, replacements)) } : {}),
    ...(matrix ? { matrix: substituteMatrix(matrix, replacements) } : {}),
    ...(taskSpec ? { taskSpec: substituteEmbedded(taskSpec, withoutParams(replacements, params ?? [])) } : {}),
  };
}

function substituteMatrix(matrix: Matrix, replacements: Replacements): Matrix {
  const substitute = <T extends { readonly params?: readonly Param[] }>(holder: T): T =>
    holder.params ? { ...holder, params: substituteParams(holder.params, replacements) } : holder;
  return { ...substitute(matrix), ...(matrix.include ? { include: matrix.include.map(substitute) } : {}) };
}

/** Every task of a pipeline with its variables replaced, and the values of the pipeline's results. */
export function substitutePipelineSpec(spec: PipelineSpec, replacements: Replacements): PipelineSpec {
  const substitute = (task: PipelineTask): PipelineTask => substitutePipelineTask(task, replacements);
  return {
    ...spec,
    ...(spec.tasks ? { tasks: spec.tasks.map(substitute) } : {}),
    ...(spec.finally ? { finally: spec.finally.map(substitute) } : {}),
    ...(spec.results ? { results: substituteDeep(spec.results, replacements) } : {}),
  };
}

/** A run's workspace binding with its variables replaced: sub-path, names of claims, ConfigMaps, Secrets and their items. */
export function substituteWorkspaceBinding(binding: WorkspaceBinding, replacements: Replacements): WorkspaceBinding {
  return substituteDeep(binding, replacements);
}

/** A pod template with its variables replaced, in every field. */
export function substitutePodTemplate(template: PodTemplate, replacements: Replacements): PodTemplate {
  return substituteDeep(template, replacements);
}

function substituteWhen(when: WhenExpression, replacements: Replacements): WhenExpression {
  const { input, values } = when;
  const whole = input === undefined ? undefined : wholeListOf(input, replacements);
  return {
    ...when,
    ...(input === undefined ? {} : { input: whole ? JSON.stringify(whole) : substituteText(input, replacements) }),
    ...(values === undefined ? {} : { values: substituteList(values, replacements) }),
  };
}

/** An embedded Task sees what the pipeline sees, in its defaults and metadata too. */
function substituteEmbedded(spec: EmbeddedTask, replacements: Replacements): EmbeddedTask {
  const { params, metadata, spec: custom } = spec;
  return {
    ...substituteTaskSpec(spec, replacements),
    ...(params ? { params: params.map((param) => substituteMember(param, 'default', replacements)) } : {}),
    ...(metadata ? { metadata: substituteDeep(metadata, replacements) } : {}),
    ...(custom === undefined ? {} : { spec: substituteDeep(custom, replacements) }),
  };
}

function substituteDeep<T>(value: T, replacements: Replacements): T {
  if (typeof value === 'string') return substituteText(value, replacements) as T;
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    if (list.every((item) => typeof item === 'string')) return substituteList(list, replacements) as T;
    return list.map((item) => substituteDeep(item, replacements)) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, substituteDeep(member, replacements)]),
  ) as T;
}

/** What an embedded spec sees of the run's params where its task gives `params` of its own. */
function withoutParams(replacements: Replacements, params: readonly Param[]): Replacements {
  if (params.length === 0) return replacements;
  const strings = new Map(replacements.strings);
  const arrays = new Map(replacements.arrays);
  const objects = new Map(replacements.objects);
  for (const { name, value } of params) {
    for (const spelling of [`params.${name}`, `params['${name}']`, `params["${name}"]`]) {
      const outer = objects.get(spelling);
      if (outer !== undefined && typeOfValue(value) === 'object') {
        for (const key of Object.keys(value)) strings.delete(`${spelling}.${key}`);
        objects.set(spelling, { ...outer, ...(value as Readonly<Record<string, string>>) });
        continue;
      }
      strings.delete(spelling);
      (arrays.get(spelling) ?? []).forEach((_, index) => strings.delete(`${spelling}[${index}]`));
      arrays.delete(spelling);
      for (const key of Object.keys(outer ?? {})) strings.delete(`${spelling}.${key}`);
      objects.delete(spelling);
    }
  }
  return { strings, arrays, objects };
}

/** The elements of a text that is exactly one list variable; undefined for any other text. */
export function wholeListOf(text: string, replacements: Replacements): readonly string[] | undefined {
  const name = wholeVariable.exec(text)?.[1];
  return name === undefined ? undefined : replacements.arrays.get(name);
}

/** The object that a text is which is exactly one object variable; undefined for any other text. */
export function wholeObjectOf(text: string, replacements: Replacements): Readonly<Record<string, string>> | undefined {
  const name = wholeVariable.exec(text)?.[1];
  return name === undefined ? undefined : replacements.objects.get(name);
}
