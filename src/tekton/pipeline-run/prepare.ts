import type { StatusCause } from '../../kube/api-error.ts';
import { expansionProblem } from '../expansion.ts';
import { checkParams } from '../params.ts';
import { paramReferencesOfPipeline } from '../references.ts';
import { newReplacements, textReplacements } from '../replacements.ts';
import { substitutePipelineSpec, substitutePipelineTask } from '../substitution.ts';
import type { PipelineRun, PipelineSpec, PipelineTask } from '../types.ts';
import { unsupportedFeatures } from '../validation/unsupported-features.ts';
import { validatePipelineSpec } from '../validation/pipeline.ts';
import { checkFailureRules } from '../validation/pipeline-task.ts';
import { compilePipeline, type CompiledPipeline } from './compiled-pipeline.ts';
import type { PipelineRunInput, Refusal } from './contract.ts';
import { checkDeclarations, findTaskSpecs } from './declarations.ts';
import { runReason, userErrorPrefix } from './reasons.ts';
import { runReplacements } from './run-variables.ts';
import { bindingsOf, checkBindings, checkSubPaths, substitutedBindings } from './workspaces.ts';

/** A refusal becomes part of the status: it need not repeat all that a user wrote. */
const messageCharactersMax = 4096;

/** A pipeline ready to be walked, what must be read before one can be made, or why there will be none. */
export type Preparation =
  | { readonly kind: 'ready'; readonly pipeline: CompiledPipeline }
  | { readonly kind: 'read'; readonly pipelines: readonly string[]; readonly tasks: readonly string[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Makes the pipeline of a run: the copy stored in its status if there is one, which was checked before it was stored,
 * otherwise from its spec, with every check of reference/tekton 2.1 in that order and all params filled in.
 */
export function preparePipeline(input: PipelineRunInput): Preparation {
  const stored = input.run.status?.pipelineSpec;
  if (stored) return compiled(stored);
  const source = sourceOf(input);
  return source.kind === 'spec' ? prepareSpec(input, source.spec) : source;
}

type Source = Exclude<Preparation, { kind: 'ready' }> | { readonly kind: 'spec'; readonly spec: PipelineSpec };

function sourceOf(input: PipelineRunInput): Source {
  const { pipelineSpec, pipelineRef } = input.run.spec;
  if (pipelineSpec) return { kind: 'spec', spec: pipelineSpec };
  if (pipelineRef?.resolver !== undefined)
    return refused(runReason.couldntGetPipeline, resolverText(pipelineRef.resolver));
  const name = pipelineRef?.name;
  if (!name) return refused(runReason.couldntGetPipeline, 'the run names no pipeline: set spec.pipelineRef.name');
  const found = input.findPipeline(name);
  if (found.state === 'found') return { kind: 'spec', spec: found.object.spec };
  if (found.state === 'unread') return { kind: 'read', pipelines: [name], tasks: [] };
  const where = `namespace "${input.run.metadata.namespace ?? ''}"`;
  return refused(runReason.couldntGetPipeline, `spec.pipelineRef.name: there is no Pipeline "${name}" in ${where}`);
}

function prepareSpec(input: PipelineRunInput, raw: PipelineSpec): Preparation {
  const { run } = input;
  const problem = checkSpec(run, raw);
  if (problem) return { kind: 'refused', refusal: problem };
  const spec = substituteRun(run, raw);
  const prepared = compiled(spec);
  if (prepared.kind !== 'ready') return prepared;
  const tasks = findTaskSpecs(spec, input.findTask, run.metadata.namespace ?? '');
  if (tasks.kind !== 'found') return tasks;
  const bindings = substitutedBindings(run, spec);
  const refusal =
    checkFilledTasks(run, spec) ??
    checkSubPaths(spec, bindings) ??
    checkDeclarations(prepared.pipeline, raw, tasks.specs, bindings);
  return refusal ? { kind: 'refused', refusal: userError(refusal) } : prepared;
}

/** Everything that can be said without knowing the Tasks. */
function checkSpec(run: PipelineRun, spec: PipelineSpec): Refusal | undefined {
  const graph = compilePipeline(spec);
  if (!graph.ok) return userError({ reason: runReason.invalidGraph, message: graph.message });
  const field = fieldOf(run);
  const problems = firstNonEmpty(unsupportedFeatures(spec, field), validatePipelineSpec(spec, field, run.spec));
  if (problems.length > 0) {
    const reason = problems[0]?.runReason ?? runReason.validationFailed;
    return userError({ reason, message: whosePipeline(run) + causesText(problems) });
  }
  const refusal =
    checkParams(spec.params ?? [], run.spec.params ?? [], paramReferencesOfPipeline(spec)) ??
    checkBindings(spec, bindingsOf(run)) ??
    checkTaskRunSpecs(run, spec) ??
    checkExpansion(run, spec);
  return refusal && userError(refusal);
}

/** Refuses values that only the params have shown to be wrong. `spec` has all of them filled in. */
function checkFilledTasks(run: PipelineRun, spec: PipelineSpec): Refusal | undefined {
  const field = fieldOf(run);
  const problems = (['tasks', 'finally'] as const).flatMap((part) =>
    (spec[part] ?? []).flatMap((task, index) =>
      [...checkFailureRules(task, `${field}.${part}[${index}]`)].map((problem) => ({
        ...problem,
        message: `task "${task.name}": ${problem.message}`,
      })),
    ),
  );
  if (problems.length === 0) return undefined;
  return { reason: runReason.validationFailed, message: whosePipeline(run) + causesText(problems) };
}

function firstNonEmpty<T>(first: readonly T[], second: readonly T[]): readonly T[] {
  return first.length > 0 ? first : second;
}

function fieldOf({ spec: { pipelineSpec } }: PipelineRun): string {
  return pipelineSpec ? 'spec.pipelineSpec' : 'spec';
}

/** Paths lead from the object they are in: the Pipeline, unless it is embedded. */
function whosePipeline({ spec: { pipelineRef, pipelineSpec } }: PipelineRun): string {
  return pipelineSpec || !pipelineRef?.name ? '' : `Pipeline "${pipelineRef.name}": `;
}

function checkTaskRunSpecs(run: PipelineRun, spec: PipelineSpec): Refusal | undefined {
  const known = new Set([...(spec.tasks ?? []), ...(spec.finally ?? [])].map(({ name }) => name));
  const unknown = (run.spec.taskRunSpecs ?? []).findIndex((entry) => !known.has(entry.pipelineTaskName ?? ''));
  if (unknown < 0) return undefined;
  const name = run.spec.taskRunSpecs?.[unknown]?.pipelineTaskName ?? '';
  const message = `spec.taskRunSpecs[${unknown}].pipelineTaskName: the pipeline has no task "${name}"`;
  return { reason: runReason.invalidTaskRunSpecs, message };
}

/** Params may be large, and be used often; nothing else that is replaced before there are results is. */
function checkExpansion(run: PipelineRun, spec: PipelineSpec): Refusal | undefined {
  const [params = newReplacements()] = runReplacements(run, spec);
  const message = expansionProblem(spec, params, 'the pipeline');
  return message === undefined ? undefined : { reason: runReason.validationFailed, message };
}

/** Params first, then contexts, so that a default may name a context variable. */
function substituteRun(run: PipelineRun, raw: PipelineSpec): PipelineSpec {
  const spec = runReplacements(run, raw).reduce(substitutePipelineSpec, raw);
  return {
    ...spec,
    ...(spec.tasks ? { tasks: spec.tasks.map(substituteRetries) } : {}),
    ...(spec.finally ? { finally: spec.finally.map(substituteRetries) } : {}),
  };
}

function substituteRetries(task: PipelineTask): PipelineTask {
  return substitutePipelineTask(task, textReplacements([['context.pipelineTask.retries', String(task.retries ?? 0)]]));
}

function compiled(spec: PipelineSpec): Preparation {
  const result = compilePipeline(spec);
  return result.ok ? { kind: 'ready', pipeline: result.pipeline } : refused(runReason.invalidGraph, result.message);
}

function refused(reason: string, message: string): { readonly kind: 'refused'; readonly refusal: Refusal } {
  return { kind: 'refused', refusal: userError({ reason, message }) };
}

function userError(refusal: Refusal): Refusal {
  const { message } = refusal;
  const shown = message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;
  return { ...refusal, message: userErrorPrefix + shown };
}

function causesText(causes: readonly StatusCause[]): string {
  return causes.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
}

function resolverText(resolver: string): string {
  return `spec.pipelineRef.resolver: the resolver "${resolver}" is not supported yet; name a Pipeline or embed it`;
}
