import type { StatusCause } from '../../kube/api-error.ts';
import type { Refusal } from '../pipeline-run/contract.ts';
import type { TaskRun, TaskSpec } from '../types.ts';
import { invalid, notSupported } from '../validation/causes.ts';
import { taskUses, validateTaskSpec } from '../validation/task.ts';
import { unsupportedTaskFeatures, unsupportedTaskRunFeatures } from '../validation/unsupported-features.ts';
import { taskRunReason } from './reasons.ts';

/** Refuses what a run asks for and this version does not do, as far as the run alone shows it. */
export function checkRun(run: TaskRun): Refusal | undefined {
  const causes = unsupportedTaskRunFeatures(run.spec);
  const inReference = causes.some(({ field }) => field.startsWith('spec.taskRef'));
  return refusalOf(inReference ? taskRunReason.resolutionFailed : taskRunReason.taskValidationFailed, '', causes);
}

/**
 * Refuses a Task that cannot become a pod: what this version does not do, and what is wrong with it. Admission has said
 * the same where there is one; a cluster without it sends us anything.
 */
export function checkSpec(run: TaskRun, spec: TaskSpec): Refusal | undefined {
  const embedded = run.spec.taskSpec !== undefined;
  const field = embedded ? 'spec.taskSpec' : 'spec';
  const whose = embedded ? '' : `Task "${run.spec.taskRef?.name ?? ''}": `;
  const missing = [...(embedded ? [] : unsupportedTaskFeatures(spec, field)), ...stepResultUses(spec, field)];
  // What an embedded spec uses undeclared comes from its run or pipeline.
  const wrong = validateTaskSpec(spec, field, embedded ? {} : undefined);
  return refusalOf(taskRunReason.taskValidationFailed, whose, [...missing, ...wrong]);
}

/** What `onError` of a step may say; a variable in it is filled in by then. */
const failureRules: ReadonlySet<string> = new Set(['', 'continue', 'stopAndFail']);

/** Refuses values that only the params have shown to be wrong. `spec` has all of them filled in. */
export function checkFilledSpec(spec: TaskSpec): Refusal | undefined {
  const causes = (spec.steps ?? []).flatMap(({ onError = '' }, index) => {
    const message = `${JSON.stringify(onError)} is not continue or stopAndFail`;
    return failureRules.has(onError) ? [] : [invalid(`spec.steps[${index}].onError`, message)];
  });
  return refusalOf(taskRunReason.validationFailed, '', causes);
}

/** A step's result in another step's fields is filled in while the pod runs. */
function* stepResultUses(spec: TaskSpec, field: string): Iterable<StatusCause> {
  for (const { variable, field: where } of taskUses(spec, field)) {
    if (variable.kind !== 'stepResult') continue;
    const remedy = 'write it to a file in /workspace, or make it a result of the Task';
    yield notSupported(where, `the result of another step is not supported yet; ${remedy}`);
  }
}

function refusalOf(reason: string, whose: string, causes: readonly StatusCause[]): Refusal | undefined {
  if (causes.length === 0) return undefined;
  const texts = causes.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  return { reason, message: whose + [...new Set(texts)].join('; ') };
}
