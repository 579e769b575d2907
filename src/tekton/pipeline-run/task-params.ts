import { checkParams } from '../params.ts';
import { resultReferencesOf } from '../references.ts';
import type { ParamSpec, PipelineTask } from '../types.ts';
import { decodeParamValue } from '../values.ts';
import type { Refusal } from './contract.ts';
import { runReason } from './reasons.ts';

/**
 * Refuses a pipeline task that does not give its Task what `declared` requires: a missing param, a wrong type, missing
 * keys of an object. What the pipeline knows by its name alone is not given: a param that is declared without default
 * comes from the task, in embedded specs too. Values that name results are not known yet, and the TaskRun checks enums.
 */
export function checkTaskParams(
  { name: task, params = [] }: PipelineTask,
  declared: readonly ParamSpec[],
): Refusal | undefined {
  const open = new Set(params.filter(({ value }) => namesResult(value)).map(({ name }) => name));
  const specs = declared.filter(({ name }) => !open.has(name)).map(({ enum: _enum, ...spec }) => spec);
  const known = params.filter(({ name }) => !open.has(name));
  const problem = checkParams(specs, known);
  if (problem === undefined) return undefined;
  const message = `pipeline task "${task}", params: ${problem.message}`;
  return { reason: runReason.validationFailed, message };
}

function namesResult(value: unknown): boolean {
  return resultReferencesOf(decodeParamValue(value)).length > 0;
}
