import type { ShownStatus, StatusState } from '../forge.ts';

/** The states of a build at Bitbucket Data Center. */
export type BuildState = 'INPROGRESS' | 'SUCCESSFUL' | 'FAILED' | 'CANCELLED' | 'UNKNOWN';

const words: Readonly<Record<StatusState, BuildState>> = {
  queued: 'INPROGRESS',
  awaiting_approval: 'INPROGRESS',
  running: 'INPROGRESS',
  succeeded: 'SUCCESSFUL',
  failed: 'FAILED',
  error: 'FAILED',
  lost: 'FAILED',
  timed_out: 'FAILED',
  cancelled: 'CANCELLED',
  superseded: 'CANCELLED',
  skipped: 'CANCELLED',
};

const meanings: ReadonlyMap<string, StatusState> = new Map<BuildState, StatusState>([
  ['INPROGRESS', 'running'],
  ['SUCCESSFUL', 'succeeded'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'cancelled'],
]);

/** Bitbucket Data Center's word for a state. */
export function buildState(state: StatusState): BuildState {
  return words[state];
}

/** What a word of Bitbucket Data Center means to us. */
export function stateOfBuild(word: string): ShownStatus['state'] {
  return meanings.get(word) ?? 'unknown';
}
