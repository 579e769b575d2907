import type { ShownStatus, StatusState } from '../forge.ts';

/** The states of a commit status that every Gitea and Forgejo shows, and counts when it asks whether a branch may be merged. */
export type GiteaState = 'pending' | 'success' | 'error' | 'failure';

/**
 * `warning` is not used: newer versions take it for good enough to merge, which a cancelled run is not. Nor is `skipped`, which
 * only newer versions know: the others show nothing for it and count it as the worst. What is skipped stands in nobody's way,
 * which `success` says everywhere; its description says that it was skipped.
 */
const words: Readonly<Record<StatusState, GiteaState>> = {
  queued: 'pending',
  awaiting_approval: 'pending',
  running: 'pending',
  succeeded: 'success',
  failed: 'failure',
  timed_out: 'failure',
  error: 'error',
  lost: 'error',
  cancelled: 'error',
  superseded: 'error',
  skipped: 'success',
};

const meanings: ReadonlyMap<string, StatusState> = new Map<GiteaState, StatusState>([
  ['pending', 'running'],
  ['success', 'succeeded'],
  ['failure', 'failed'],
  ['error', 'error'],
]);

/** All states that there are a word for. */
export const giteaStates: readonly StatusState[] = Object.keys(words) as StatusState[];

/** Gitea's word for a state. */
export function giteaState(state: StatusState): GiteaState {
  return words[state];
}

/** What a word of Gitea means to us, as far as one word can tell. */
export function stateOfGitea(word: string): ShownStatus['state'] {
  return meanings.get(word) ?? 'unknown';
}
