import type { Stage } from './stage.ts';

/** The states that the note of a commit has in its repository, by their contexts: what Penstock has stored, not what it says. */
export async function notedStates(
  stage: Stage,
  repository: string,
  revision: string,
): Promise<ReadonlyMap<string, string>> {
  const { code, output } = await stage.read(['git', 'notes', '--ref=penstock', 'show', revision], repository);
  if (code !== 0) return new Map();
  const { statuses } = JSON.parse(output) as {
    readonly statuses: Readonly<Record<string, { readonly state: string }>>;
  };
  return new Map(Object.entries(statuses).map(([context, { state }]) => [context, state]));
}
