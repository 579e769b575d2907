/** The contexts under which statuses stand at a Git host. */
import { hashOf } from './identity.ts';
import type { ContextScope } from './settings.ts';

/** Most characters of a context. */
export const contextCharactersMax = 255;

/** What a status is about. */
export interface ContextSubject {
  /** Absent or empty: contexts begin with the definition. */
  readonly applicationName?: string;
  /** Absent: the event as a whole, which no definition stands for. */
  readonly definition?: string;
  readonly pullRequest?: number;
  /** Full ref of what was pushed: `refs/heads/main`. */
  readonly ref?: string;
}

/**
 * The context of a status, the same for all attempts: `CI / build / #12` for a pull request, `CI / build / main` for a
 * push; with scope `event` `CI / build / pull_request` or `… / push`; with scope `none` `CI / build`.
 */
export function contextOf(subject: ContextSubject, scope: ContextScope): string {
  const parts = [subject.applicationName, subject.definition, scopePart(subject, scope)];
  const whole = parts.filter((part) => part !== undefined && part !== '').join(' / ');
  if (whole.length <= contextCharactersMax) return whole;
  const digits = hashOf([whole]).slice(0, 10);
  return `${whole.slice(0, contextCharactersMax - digits.length - 2)}… ${digits}`.slice(0, contextCharactersMax);
}

function scopePart({ pullRequest, ref }: ContextSubject, scope: ContextScope): string | undefined {
  if (scope === 'none') return undefined;
  if (scope === 'event') return pullRequest === undefined ? 'push' : 'pull_request';
  return pullRequest === undefined ? shortRef(ref) : `#${pullRequest}`;
}

/** A branch or tag as people write it. */
function shortRef(ref: string | undefined): string | undefined {
  return ref?.replace(/^refs\/(?:heads|tags)\//, '');
}
