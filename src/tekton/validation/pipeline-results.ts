import { isTextList } from '../replacements.ts';
import type { PipelineTask, ResultSpec } from '../types.ts';
import { type VariableUse, variablesIn } from '../variables.ts';
import { type Causes, duplicates, failing, invalid, required } from './causes.ts';
import { checkCount, resultsMax } from './limits.ts';
import { checkResultName } from './names.ts';
import type { PipelineScope } from './pipeline-task.ts';
import { declaredResult } from './pipeline-uses.ts';

/** Checks results of a pipeline: each takes its value from results of tasks that exist, and from nothing else. */
export function* checkPipelineResults(
  results: readonly ResultSpec[] | undefined,
  field: string,
  scope: PipelineScope,
): Causes {
  if (results === undefined) return;
  yield* checkCount(results, resultsMax, field);
  yield* duplicates(results, field, 'name', ({ name }) => name);
  for (const [index, result] of results.entries()) {
    yield* checkResultName(result.name, `${field}[${index}].name`);
    for (const cause of checkValue(result, `${field}[${index}].value`, scope)) {
      yield { ...cause, message: `result "${result.name}": ${cause.message}` };
    }
  }
}

function* checkValue({ value }: ResultSpec, field: string, scope: PipelineScope): Causes {
  if (value === undefined) {
    yield required(field, 'give it a value such as $(tasks.TASK.results.RESULT)');
    return;
  }
  const texts = typeof value === 'string' ? [value] : isTextList(value) ? value : Object.values(value);
  const uses = texts.flatMap(variablesIn);
  if (uses.length === 0)
    yield invalid(field, 'expected pipeline results to be task result expressions but no expressions were found');
  for (const use of uses) {
    const problem = problemWith(use, scope);
    if (problem !== undefined)
      yield failing('InvalidPipelineResultReference', invalid(field, `${use.text}: ${problem}`));
  }
}

function problemWith({ variable }: VariableUse, scope: PipelineScope): string | undefined {
  if (variable.kind !== 'taskResult')
    return 'a result of a pipeline comes from results of its tasks, $(tasks.TASK.results.RESULT)';
  const task = taskOf(variable.task, variable.section, scope);
  if (task === undefined)
    return `there is no task "${variable.task}" in ${variable.section ?? 'tasks'} of the pipeline`;
  const declared = declaredResult(task, variable);
  return typeof declared === 'string' ? declared : undefined;
}

function taskOf(name: string, section: 'finally' | undefined, scope: PipelineScope): PipelineTask | undefined {
  return section === 'finally' ? scope.finally.get(name) : scope.tasks.get(name);
}
