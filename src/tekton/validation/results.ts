import { stepContainerName } from '../task-variables.ts';
import type { ResultSpec, Step } from '../types.ts';
import { typeOfResult } from '../values.ts';
import { variablesIn } from '../variables.ts';
import { type Causes, duplicates, invalid } from './causes.ts';
import { checkCount, resultsMax } from './limits.ts';
import { checkResultName } from './names.ts';
import { checkProperties } from './param-specs.ts';

/** Checks results that a task or step declares: names, types, properties. */
export function* checkTaskResults(results: readonly ResultSpec[] | undefined, field: string): Causes {
  if (results === undefined) return;
  yield* checkCount(results, resultsMax, field);
  yield* duplicates(results, field, 'name', ({ name }) => name);
  for (const [index, result] of results.entries()) {
    yield* checkResultName(result.name, `${field}[${index}].name`);
    yield* checkProperties(result, `${field}[${index}]`, false);
  }
}

/** Checks results of a task that take their value from a step: `$(steps.S.results.R)`, of a step that is there. */
export function* checkResultValues(
  results: readonly ResultSpec[] | undefined,
  steps: readonly Step[],
  field: string,
): Causes {
  for (const [index, result] of (results ?? []).entries()) {
    if (result.value === undefined) continue;
    const where = `${field}[${index}].value`;
    const uses = typeof result.value === 'string' ? variablesIn(result.value) : [];
    const variable = uses.length === 1 && uses[0]?.isWhole ? uses[0].variable : undefined;
    if (variable?.kind !== 'stepResult') {
      yield invalid(where, 'the value of a result is one result of a step, $(steps.STEP.results.RESULT)');
      continue;
    }
    yield* checkStepResult(variable.step, variable.result, result, steps, where);
  }
}

function* checkStepResult(
  name: string,
  resultName: string,
  result: ResultSpec,
  steps: readonly Step[],
  field: string,
): Causes {
  const step = steps.find((candidate) => candidate.name === name);
  if (step === undefined) {
    const known = steps.map((one, index) => one.name ?? stepContainerName(one, index)).join(', ');
    yield invalid(field, `there is no step "${name}"; the steps are ${known}`);
    return;
  }
  // What a StepAction declares is not known here.
  if (step.ref) return;
  const declared = step.results?.find((candidate) => candidate.name === resultName);
  if (declared === undefined) yield invalid(field, `step "${name}" declares no result "${resultName}"`);
  else if (typeOfResult(declared) !== typeOfResult(result)) {
    yield invalid(
      field,
      `the result is of type ${typeOfResult(result)}, but that of the step is of type ${typeOfResult(declared)}`,
    );
  }
}
