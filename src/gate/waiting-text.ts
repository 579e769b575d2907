import type { PipelineRun } from '../tekton/types.ts';
import { repositoryKey } from './types.ts';

/** `waiting in gate "default"`: all that is said of runs far behind. */
export function waitingText(gates: readonly string[]): string {
  return `waiting in gate ${gates.map((name) => `"${name}"`).join(' and ')}`;
}

/** `20 of 20 slots taken`. */
export function slotsText(taken: number, limit: number): string {
  return `${taken} of ${limit} ${limit === 1 ? 'slot' : 'slots'} taken`;
}

/** `; 2nd for repository app`; empty for a run of no Repository. */
export function repositoryPlaceText(run: PipelineRun, place: number | undefined): string {
  const repository = run.metadata.labels?.[repositoryKey];
  return repository && place !== undefined ? `; ${ordinal(place)} for repository ${repository}` : '';
}

/** `1st`, `2nd`, `11th`. */
function ordinal(place: number): string {
  const tens = place % 100;
  const suffix = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `${place}${suffix}`;
}
