import { resultReferencesOf, type ResultReference } from '../references.ts';
import { mergeReplacements } from '../replacements.ts';
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
    else if (missing.length === 0) given.push({ name, value: substitute(value, references, results) });
  }
  return { results: given, owed };
}

function substitute(value: ParamValue, references: readonly ResultReference[], results: TaskResults): ParamValue {
  const byPrefix = (['tasks', 'finally'] as const).map((prefix) => resultReplacements(references, results, prefix));
  return substituteValue(value, mergeReplacements(...byPrefix));
}

function debtText(name: string, { task, result }: ResultReference): string {
  return `pipeline result "${name}" needs result "${result}" of task "${task}", which succeeded without it`;
}
