import type { EventTrigger } from '../../forge/git-event.ts';

/** What a commit message says to start nothing: lower case, in square brackets, anywhere. */
const skipWords = ['[skip ci]', '[ci skip]', '[skip tkn]', '[tkn skip]'] as const;

/** Events that are about the commit being there. A merge queue waits for its checks, a schedule is about the time. */
const skippable: ReadonlySet<EventTrigger> = new Set(['push', 'pull_request']);

/** The word in the message of an event's commit that asks for no run; undefined if there is none. A command overrides it. */
export function skipWordOf({ trigger }: { readonly trigger: EventTrigger }, commitMessage = ''): string | undefined {
  return skippable.has(trigger) ? skipWords.find((word) => commitMessage.includes(word)) : undefined;
}
