import { isTextList, type Replacements } from './replacements.ts';
import type {
  EmbeddedTask,
  ParamValue,
  PipelineSpec,
  PipelineTask,
  PodTemplate,
  WhenExpression,
  WorkspaceBinding,
} from './types.ts';

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
export function substituteList(list: readonly string[], replacements: Replacements): readonly string[] {
  return list.flatMap((text) => wholeList(text, replacements) ?? [substituteText(text, replacements)]);
}

/** A value with its variables replaced; a text that is exactly one list or object variable becomes that value. */
export function substituteValue(value: ParamValue, replacements: Replacements): ParamValue {
  if (typeof value === 'string') {
    return wholeList(value, replacements) ?? wholeObject(value, replacements) ?? substituteText(value, replacements);
  }
  if (isTextList(value)) return substituteList(value, replacements);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substituteText(member, replacements)]));
}

/** A pipeline task with its variables replaced. Params given by the task itself hide those of the run in its spec. */
export function substitutePipelineTask(task: PipelineTask, replacements: Replacements): PipelineTask {
  const { params, when, taskSpec, ...rest } = task;
  return {
    ...substituteDeep(rest, replacements),
    ...(params ? { params: params.map((param) => ({ ...param, value: substituteValue(param.value, replacements) })) } : {}),
    ...(when ? { when: when.map((one) => substituteWhen(one, replacements)) } : {}),
    ...(taskSpec ? { taskSpec: substituteEmbedded(taskSpec, withoutParams(replacements, params ?? [])) } : {}),
  };
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
  const whole = input === undefined ? undefined : wholeList(input, replacements);
  return {
    ...when,
    ...(input === undefined ? {} : { input: whole ? JSON.stringify(whole) : substituteText(input, replacements) }),
    ...(values === undefined ? {} : { values: substituteList(values, replacements) }),
  };
}

function substituteEmbedded(spec: EmbeddedTask, replacements: Replacements): EmbeddedTask {
  return substituteDeep(spec, replacements);
}

function substituteDeep<T>(value: T, replacements: Replacements): T {
  if (typeof value === 'string') return substituteText(value, replacements) as T;
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    if (list.every((item) => typeof item === 'string')) return substituteList(list, replacements) as T;
    return list.map((item) => substituteDeep(item, replacements)) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substituteDeep(member, replacements)])) as T;
}

function withoutParams(replacements: Replacements, params: readonly { readonly name: string }[]): Replacements {
  if (params.length === 0) return replacements;
  const hidden = new Set(params.flatMap(({ name }) => [`params.${name}`, `params['${name}']`, `params["${name}"]`]));
  const keep = <V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> =>
    new Map([...map].filter(([name]) => !hidden.has(name.replace(/\[\d+\]$/, ''))));
  return { ...replacements, strings: keep(replacements.strings), arrays: keep(replacements.arrays) };
}

function wholeList(text: string, replacements: Replacements): readonly string[] | undefined {
  const name = wholeVariable.exec(text)?.[1];
  return name === undefined ? undefined : replacements.arrays.get(name);
}

function wholeObject(text: string, replacements: Replacements): Readonly<Record<string, string>> | undefined {
  const name = wholeVariable.exec(text)?.[1];
  return name === undefined ? undefined : replacements.objects.get(name);
}
