/** States in words, as pages have them. */
import type { StatusState } from '../../forge/forge.ts';
import type { Tone } from './page.ts';

export const stateWords: Readonly<Record<StatusState, string>> = {
  queued: 'Waiting to start',
  awaiting_approval: 'Waiting for approval',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  error: 'Could not be carried out',
  lost: 'Ended without evidence of its outcome',
  timed_out: 'Timed out',
  cancelled: 'Cancelled',
  skipped: 'Skipped',
  superseded: 'Superseded',
};

export function toneOf(state: StatusState): Tone {
  switch (state) {
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'error':
    case 'lost':
    case 'timed_out':
      return 'bad';
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return 'waiting';
    case 'cancelled':
    case 'skipped':
    case 'superseded':
      return 'neutral';
  }
}

/** ` since …`, or nothing where nobody knows. */
export function sinceText(instant: string | undefined): string {
  return instant === undefined || instant === '' ? '' : ` since ${instant}`;
}
