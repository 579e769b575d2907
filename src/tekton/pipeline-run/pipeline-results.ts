import { expansionProblem } from '../expansion.ts';
import { resultReferencesOf, resultText } from '../references.ts';
import type { ResultReference } from '../variables.ts';
import { mergeReplacements, type Replacements } from '../replacements.ts';
import { substituteValue } from '../substitution.ts';
import type { ParamValue, PipelineSpec } from '../types.ts';
import { resultReplacements } from './result-replacements.ts';
import type { TaskResults } from './task-results.ts';
import type { TaskState } from './progress.ts';

/** The results of a run, and which of them a succeeded task owes. */
export interface PipelineResults {
  readonly results: readonly { readonly name: string; readonly value: ParamValue }[];
  /** Results that cannot be given although the task they come from succeeded, each with the reason. */
  readonly owed: readonly string[];
}

/**
 * Computes the results of an ended run. One that needs a value of a task that was skipped or failed is left out; one
 * that needs a value which a succeeded task did not emit is `owed`.
 */
export function pipelineResults(
  spec: PipelineSpec,
  results: TaskResults,
  stateOf: (task: string) => TaskState | undefined,
): PipelineResults {
  const given: { name: string; value: ParamValue }[] = [];
  const owed: string[] = [];
  for (const { name, value } of spec.results ?? []) {
    if (value === undefined) continue;
    const references = resultReferencesOf(value);
    const missing = references.filter((reference) => results.resolve(reference) === undefined);
    const debt = missing.find((reference) => stateOf(reference.task) === 'succeeded');
    if (debt) owed.push(debtText(name, debt));
    if (missing.length > 0) continue;
    const replacements = replacementsFor(references, results);
    const problem = expansionProblem(value, replacements, `pipeline result "${name}"`);
    if (problem === undefined) given.push({ name, value: substituteValue(value, replacements) });
    else owed.push(problem);
  }
  return { results: given, owed };
}

function replacementsFor(references: readonly ResultReference[], results: TaskResults): Replacements {
  const byPrefix = (['tasks', 'finally'] as const).map((prefix) => resultReplacements(references, results, prefix));
  return mergeReplacements(...byPrefix);
}

function debtText(name: string, reference: ResultReference): string {
  return `pipeline result "${name}" needs ${resultText(reference)}, which succeeded without it`;
}
