import { resultReferencesOf } from '../references.ts';
import { type ResultReference, variablesIn } from '../variables.ts';
import type { ParamSpec, ParamValue, PipelineSpec, PipelineTask, Task, TaskSpec } from '../types.ts';
import type { CompiledPipeline } from './compiled-pipeline.ts';
import type { Lookup, Refusal } from './contract.ts';
import { runReason, userErrorPrefix } from './reasons.ts';
import { checkTaskParams } from './task-params.ts';
import { checkTaskWorkspaces, type BindingsByName } from './workspaces.ts';

/** Task specs by the name of the pipeline task that uses them. */
export type SpecsByTask = ReadonlyMap<string, TaskSpec>;

type FoundSpecs =
  | { readonly kind: 'found'; readonly specs: SpecsByTask }
  | { readonly kind: 'read'; readonly pipelines: readonly string[]; readonly tasks: readonly string[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The spec behind every pipeline task, embedded or by reference; or the names that must be read; or which is absent. */
export function findTaskSpecs(
  spec: PipelineSpec,
  findTask: (name: string) => Lookup<Task>,
  namespace: string,
): FoundSpecs {
  const specs = new Map<string, TaskSpec>();
  const unread = new Set<string>();
  const absent: string[] = [];
  for (const task of [...(spec.tasks ?? []), ...(spec.finally ?? [])]) {
    if (task.taskSpec) specs.set(task.name, task.taskSpec);
    const name = task.taskRef?.name;
    if (task.taskSpec || name === undefined) continue;
    const found = findTask(name);
    if (found.state === 'found') specs.set(task.name, found.object.spec);
    else if (found.state === 'unread') unread.add(name);
    else absent.push(`pipeline task "${task.name}" refers to Task "${name}"`);
  }
  if (unread.size > 0) return { kind: 'read', pipelines: [], tasks: [...unread] };
  if (absent.length === 0) return { kind: 'found', specs };
  const message = `${userErrorPrefix}${absent.join(', ')}, which does not exist in namespace "${namespace}"`;
  return { kind: 'refused', refusal: { reason: runReason.couldntGetTask, message } };
}

/**
 * Checks what a pipeline asks of its Tasks: that they declare the results, accept the workspaces it names, get the params
 * they need, and allow every value that it allows of a param which it hands on. `raw` is the pipeline before its variables were filled in.
 */
export function checkDeclarations(
  pipeline: CompiledPipeline,
  raw: PipelineSpec,
  specs: SpecsByTask,
  bindings: BindingsByName,
): Refusal | undefined {
  const written = new Map([...(raw.tasks ?? []), ...(raw.finally ?? [])].map((task) => [task.name, task]));
  const given = new Map((raw.params ?? []).map((spec) => [spec.name, spec]));
  for (const { task, references } of pipeline.byName.values()) {
    const refusal =
      checkReferences(references, specs, `pipeline task "${task.name}"`, runReason.invalidTaskResultReference) ??
      checkTaskWorkspaces(pipeline.spec, task, specs.get(task.name)?.workspaces ?? [], bindings) ??
      checkTaskEnums(written.get(task.name) ?? task, given, specs.get(task.name)?.params ?? []) ??
      checkTaskParams(task, specs.get(task.name)?.params ?? []);
    if (refusal) return refusal;
  }
  return checkPipelineResults(pipeline.spec, specs);
}

function checkPipelineResults(spec: PipelineSpec, specs: SpecsByTask): Refusal | undefined {
  const reason = runReason.invalidPipelineResultReference;
  for (const { name, value } of spec.results ?? []) {
    const user = `pipeline result "${name}"`;
    const refusal = value === undefined ? undefined : checkReferences(resultReferencesOf(value), specs, user, reason);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkReferences(
  references: readonly ResultReference[],
  specs: SpecsByTask,
  user: string,
  reason: string,
): Refusal | undefined {
  for (const reference of references) {
    const problem = problemWith(reference, specs.get(reference.task));
    if (problem)
      return { reason, message: `${user} uses $(tasks.${reference.task}.results.${reference.result}), but ${problem}` };
  }
  return undefined;
}

/** A task whose spec we cannot see (later: custom tasks) is taken at its word. */
function problemWith(reference: ResultReference, spec: TaskSpec | undefined): string | undefined {
  if (spec === undefined) return undefined;
  const declared = spec.results?.find(({ name }) => name === reference.result);
  if (declared === undefined) return `task "${reference.task}" declares no result "${reference.result}"`;
  const type = declared.type ?? (declared.properties ? 'object' : 'string');
  if (reference.index !== undefined && type !== 'array') return `that result is of type ${type} and has no elements`;
  if (reference.property !== undefined && type !== 'object') return `that result is of type ${type} and has no keys`;
  const { property } = reference;
  if (property !== undefined && declared.properties && !Object.hasOwn(declared.properties, property)) {
    return `that result has no key "${property}"`;
  }
  return undefined;
}

/** A value handed on as it is: `$(params.NAME)` and nothing else. */
function handedOn(value: ParamValue): string | undefined {
  const [use] = typeof value === 'string' ? variablesIn(value) : [];
  if (use?.variable.kind !== 'param' || !use.isWhole) return undefined;
  const { name, index, property } = use.variable;
  return index === undefined && property === undefined ? name : undefined;
}

/** The enum of a param of the pipeline must be a subset of the enum of the Task's param that gets its value. */
function checkTaskEnums(
  { name: task, params = [] }: PipelineTask,
  given: ReadonlyMap<string, ParamSpec>,
  declared: readonly ParamSpec[],
): Refusal | undefined {
  for (const { name, value } of params) {
    const allowed = declared.find((spec) => spec.name === name)?.enum ?? [];
    const source = given.get(handedOn(value) ?? '');
    if (allowed.length === 0 || source === undefined) continue;
    const offered = source.enum ?? [];
    const excess = offered.filter((one) => !allowed.includes(one));
    if (offered.length > 0 && excess.length === 0) continue;
    const what = offered.length === 0 ? 'has no enum' : `may be ${excess.join(', ')}`;
    const message = `pipeline task "${task}" hands on param "${source.name}", which ${what}, but its Task allows only ${allowed.join(', ')} for param "${name}"`;
    return { reason: runReason.validationFailed, message };
  }
  return undefined;
}
