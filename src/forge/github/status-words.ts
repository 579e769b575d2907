/** GitHub's words for what a status says. */
import type { ForgeAccess } from '../forge-directory.ts';
import type { StatusState } from '../forge.ts';

/** State of a check run. */
export type CheckState =
  | { readonly status: 'queued' | 'in_progress' }
  | {
      readonly status: 'completed';
      readonly conclusion: 'success' | 'failure' | 'cancelled' | 'timed_out' | 'skipped';
    };

export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/**
 * `failure` blocks a required check, as what could not be carried out or has no evidence must; the title says what it was.
 * `action_required` would offer a button that leads nowhere, `neutral` counts as passed, and `stale` is GitHub's own.
 */
const checkStates: Readonly<Record<StatusState, CheckState>> = {
  queued: { status: 'queued' },
  awaiting_approval: { status: 'queued' },
  running: { status: 'in_progress' },
  succeeded: { status: 'completed', conclusion: 'success' },
  failed: { status: 'completed', conclusion: 'failure' },
  error: { status: 'completed', conclusion: 'failure' },
  lost: { status: 'completed', conclusion: 'failure' },
  timed_out: { status: 'completed', conclusion: 'timed_out' },
  cancelled: { status: 'completed', conclusion: 'cancelled' },
  skipped: { status: 'completed', conclusion: 'skipped' },
  superseded: { status: 'completed', conclusion: 'cancelled' },
};

const commitStates: Readonly<Record<StatusState, CommitState>> = {
  queued: 'pending',
  awaiting_approval: 'pending',
  running: 'pending',
  succeeded: 'success',
  failed: 'failure',
  error: 'error',
  lost: 'error',
  timed_out: 'failure',
  cancelled: 'error',
  // A commit status cannot say it: a rule that asks for this context would never be satisfied otherwise.
  skipped: 'success',
  superseded: 'error',
};

/** What a word that is shown stands for first of all. */
const meanings: Readonly<Record<string, StatusState>> = {
  queued: 'queued',
  in_progress: 'running',
  'completed/success': 'succeeded',
  'completed/failure': 'failed',
  'completed/cancelled': 'cancelled',
  'completed/timed_out': 'timed_out',
  'completed/skipped': 'skipped',
  pending: 'running',
  success: 'succeeded',
  failure: 'failed',
  error: 'error',
};

export function checkStateOf(state: StatusState): CheckState {
  return checkStates[state];
}

export function commitStateOf(state: StatusState): CommitState {
  return commitStates[state];
}

/** The word by which a check's state is known: `queued`, `in_progress`, `completed/success`. */
export function checkWord(status: string, conclusion: string | undefined): string {
  return conclusion === undefined ? status : `${status}/${conclusion}`;
}

/** The state that a word of GitHub stands for; `unknown` for those that we never write. */
export function stateOfWord(word: string): StatusState | 'unknown' {
  return Object.hasOwn(meanings, word) ? (meanings[word] ?? 'unknown') : 'unknown';
}

/** The host's word for a state: an App makes check runs, a token commit statuses. */
export function githubState(access: Pick<ForgeAccess, 'credential'>, state: StatusState): string {
  if (access.credential.type !== 'github-app') return commitStateOf(state);
  const check = checkStateOf(state);
  return checkWord(check.status, check.status === 'completed' ? check.conclusion : undefined);
}
