import type { ShownStatus, StatusState } from '../forge.ts';

/** The states that GitLab takes for a commit status. */
export type GitlabState = 'pending' | 'running' | 'success' | 'failed' | 'canceled' | 'skipped';

const words: Readonly<Record<StatusState, GitlabState>> = {
  queued: 'pending',
  awaiting_approval: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'failed',
  error: 'failed',
  lost: 'failed',
  timed_out: 'failed',
  cancelled: 'canceled',
  superseded: 'canceled',
  skipped: 'skipped',
};

const meanings: ReadonlyMap<string, StatusState> = new Map<GitlabState, StatusState>([
  ['pending', 'queued'],
  ['running', 'running'],
  ['success', 'succeeded'],
  ['failed', 'failed'],
  ['canceled', 'cancelled'],
  ['skipped', 'skipped'],
]);

/** GitLab's word for a state. */
export function gitlabState(state: StatusState): GitlabState {
  return words[state];
}

/** What a word of GitLab means to us; `unknown` for words that are not for commit statuses. */
export function stateOfGitlab(word: string): ShownStatus['state'] {
  return meanings.get(word) ?? 'unknown';
}

/** Whether a post with this name changes the row that shows it, instead of making another one. */
export function isOpen(word: string): boolean {
  return word === 'pending' || word === 'running';
}
