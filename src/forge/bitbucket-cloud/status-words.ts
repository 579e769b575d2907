import { createHash } from 'node:crypto';
import type { ShownStatus, StatusState } from '../forge.ts';

/** The states of a build at Bitbucket Cloud. */
export type BuildState = 'INPROGRESS' | 'SUCCESSFUL' | 'FAILED' | 'STOPPED';

const words: Readonly<Record<StatusState, BuildState>> = {
  queued: 'INPROGRESS',
  awaiting_approval: 'INPROGRESS',
  running: 'INPROGRESS',
  succeeded: 'SUCCESSFUL',
  failed: 'FAILED',
  error: 'FAILED',
  lost: 'FAILED',
  timed_out: 'FAILED',
  cancelled: 'STOPPED',
  superseded: 'STOPPED',
  skipped: 'STOPPED',
};

const meanings: ReadonlyMap<string, StatusState> = new Map<BuildState, StatusState>([
  ['INPROGRESS', 'running'],
  ['SUCCESSFUL', 'succeeded'],
  ['FAILED', 'failed'],
  ['STOPPED', 'cancelled'],
]);

/** Bitbucket Cloud's word for a state. */
export function buildState(state: StatusState): BuildState {
  return words[state];
}

/** What a word of Bitbucket Cloud means to us. */
export function stateOfBuild(word: string): ShownStatus['state'] {
  return meanings.get(word) ?? 'unknown';
}

/** Longest key that Bitbucket Cloud takes, in characters. */
const keyCharactersMax = 40;

/**
 * The key of a context: the same in every attempt, so that a newer one takes the place of an older. Contexts are longer than
 * keys may be and hold characters that have a meaning in addresses.
 */
export function buildKey(context: string): string {
  return `penstock-${createHash('sha256').update(context).digest('hex')}`.slice(0, keyCharactersMax);
}
