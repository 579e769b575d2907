import type { ChangedFiles } from '../forge.ts';

/** The ways in which a host can be asked what a push changed. */
export interface PushComparisons {
  /** Since the commit that the branch was at before; undefined = that one is not known, or gone. */
  readonly sinceBefore: () => Promise<ChangedFiles | undefined>;
  /** Since the commit left the default branch; undefined = there is none. */
  readonly sinceLeft: () => Promise<ChangedFiles | undefined>;
  /** What the commit itself changed. */
  readonly own: () => Promise<ChangedFiles>;
}

/**
 * What a push changed: from its one end to the other. A forced push may leave its old commit to the garbage collector: then it
 * is as good as a new branch, which has changed what it has that the default branch has not, and if that is nothing (a tag, as
 * a rule), what its own commit did.
 */
export async function changesOfPush({ sinceBefore, sinceLeft, own }: PushComparisons): Promise<ChangedFiles> {
  const between = await sinceBefore();
  if (between !== undefined) return between;
  const since = await sinceLeft();
  return since !== undefined && !isNothing(since) ? since : own();
}

function isNothing({ added, modified, deleted, renamed, truncated }: ChangedFiles): boolean {
  return !truncated && [added, modified, deleted, renamed].every(({ length }) => length === 0);
}
