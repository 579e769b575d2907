/** Which of two things to be shown in one context wins (law 3). Pure. */
import { jsonEqual } from '../base/json.ts';
import { isTerminal } from '../forge/forge.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';

/** What becomes of a candidate. `stale` = an older attempt, or an older state of this one: never written. */
export type Order = 'write' | 'same' | 'stale';

/**
 * Whether `candidate` takes the place of `shown`. A greater attempt always does, a smaller one never. Within an attempt what
 * has ended never goes back to what has not, and keeps its words: they were written when all that they tell of was there.
 */
export function orderOf(shown: CommitStatusSpec | undefined, candidate: CommitStatusSpec): Order {
  if (shown === undefined || candidate.attempt > shown.attempt) return 'write';
  if (candidate.attempt < shown.attempt) return 'stale';
  // Another object for the same attempt: one that was made again, or a run that was thought not to be there.
  if (isOther(shown, candidate)) return 'write';
  if (isTerminal(shown.report.state)) {
    if (!isTerminal(candidate.report.state)) return 'stale';
    return candidate.report.state === shown.report.state ? 'same' : 'write';
  }
  return jsonEqual(shown, candidate) ? 'same' : 'write';
}

/** A run beats what was said without one; of two runs the one that is there is meant. */
function isOther(shown: CommitStatusSpec, candidate: CommitStatusSpec): boolean {
  return candidate.run !== undefined && shown.run?.uid !== candidate.run.uid;
}

/** What may be shown in a context: where it stands among the attempts, and which run it is, if it is one. */
export interface Ranked {
  readonly attempt: number;
  readonly run?: { readonly name: string; readonly uid: string };
}

/** The one that is to be shown: the greatest attempt, of equal ones a run, and of several runs always the same one. */
export function newest<Candidate extends Ranked>(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort((a, b) => b.attempt - a.attempt || compareRuns(a.run, b.run))[0];
}

function compareRuns(a: Ranked['run'], b: Ranked['run']): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [left, right] = [`${a.name} ${a.uid}`, `${b.name} ${b.uid}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
