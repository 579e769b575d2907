import type { Revision } from './git-event.ts';

/** What a host tells of a commit, each member as the host spells it, where it does. */
export interface ToldCommit {
  readonly sha: string;
  readonly message?: string | undefined;
  /** By default the first line of the message. */
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  readonly author?: string | undefined;
  /** A text that `Date.parse` reads, or epoch milliseconds. */
  readonly date?: string | number | undefined;
}

/** The commit as we name it: what is empty or not readable is left out. */
export function revisionFrom({ sha, message, title, url, author, date }: ToldCommit): Revision {
  const shownTitle = title ?? message?.split('\n', 1)[0];
  const at = new Date(typeof date === 'number' ? date : Date.parse(date ?? ''));
  return {
    sha,
    ...(shownTitle && { title: shownTitle }),
    ...(message && { message }),
    ...(url && { url }),
    ...(author && { author }),
    ...(!Number.isNaN(at.getTime()) && { date: at.toISOString() }),
  };
}
