import { expansionProblem } from '../expansion.ts';
import type { ResultReference } from '../variables.ts';
import { addValue, newReplacements, type Replacements } from '../replacements.ts';
import { substitutePipelineTask } from '../substitution.ts';
import type { PipelineTask } from '../types.ts';
import type { CompiledTask } from './compiled-pipeline.ts';
import type { TaskResults } from './task-results.ts';

/** The task with every result it uses filled in, as far as it has been emitted; the rest stays literal. */
export function applyResults(compiled: CompiledTask, results: TaskResults): PipelineTask {
  if (compiled.references.length === 0) return compiled.task;
  return substitutePipelineTask(compiled.task, resultReplacements(compiled.references, results, 'tasks'));
}

/** Why the results that a task uses cannot be filled in, though all of them are there; undefined when they can. */
export function resultsProblem(compiled: CompiledTask, results: TaskResults): string | undefined {
  if (compiled.references.length === 0) return undefined;
  const replacements = resultReplacements(compiled.references, results, 'tasks');
  return expansionProblem(compiled.task, replacements, `task "${compiled.task.name}"`);
}

/** Replacements for exactly the results that `references` name, so that the cost follows the use. */
export function resultReplacements(
  references: readonly ResultReference[],
  results: TaskResults,
  prefix: 'tasks' | 'finally',
): Replacements {
  const replacements = newReplacements();
  for (const { task, result } of references) {
    const value = results.valueOf(task, result);
    if (value !== undefined) addValue(replacements, `${prefix}.${task}.results`, result, value);
  }
  return replacements;
}
