/** What is shown at the host where no run can speak for itself. */
import { cutText } from '../../forge/cut-text.ts';
import type { StatusState, StatusTarget } from '../../forge/forge.ts';
import type { StatusNotice } from '../../forge/kinds/delivery.ts';
import { contextOf } from '../../forge/kinds/contexts.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import type { DefinitionProblem } from '../types.ts';
import type { Subject } from './subject.ts';

/** A notice without its number. */
export interface NoticeDraft {
  readonly target: StatusTarget;
  readonly state: StatusState;
  readonly title: string;
  readonly text: string;
  readonly comment?: { readonly marker: string };
}

/** Where the status of a definition is shown; without one, of the event as a whole. */
export function targetOf(subject: Subject, definition: string | undefined, settings: Settings): StatusTarget {
  const { event, pullRequest, ref, sha } = subject;
  const place = {
    ...(pullRequest === undefined ? {} : { pullRequest: pullRequest.number }),
    ...(ref === undefined ? {} : { ref }),
  };
  const named = definition === undefined ? {} : { definition };
  const context = contextOf(
    { applicationName: settings.applicationName, ...named, ...place },
    settings.statusContextScope,
  );
  return {
    project: event.project,
    sha,
    context,
    ...(pullRequest === undefined
      ? {}
      : { pullRequest: { number: pullRequest.number, headProject: pullRequest.headProject } }),
    ...(ref === undefined ? {} : { ref }),
  };
}

/** Most characters of what is said of one problem. */
const problemCharactersMax = 1_000;
/** Most contexts in which problems of one commit are told. */
const problemNoticesMax = 200;

/** What the authors of definitions have to mend: in each context the first problem, and how many more there are. */
export function problemDrafts(
  subject: Subject,
  problems: readonly DefinitionProblem[],
  settings: Settings,
): readonly NoticeDraft[] {
  const byContext = Map.groupBy(
    problems.map((problem) => problemDraft(subject, problem, settings)),
    ({ target }) => target.context,
  );
  return [...byContext.values()].slice(0, problemNoticesMax).flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    return more.length === 0
      ? [first]
      : [{ ...first, text: `${first.text}\n\nThere is more to mend: ${more.length}.` }];
  });
}

/** What a definition's author has to mend. */
export function problemDraft(subject: Subject, problem: DefinitionProblem, settings: Settings): NoticeDraft {
  const position = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const field = problem.field === undefined ? '' : ` (${problem.field})`;
  const message = cutText(problem.message, problemCharactersMax);
  return {
    target: targetOf(subject, problem.definition ?? problem.file, settings),
    state: 'error',
    title: firstLine(`${position}: ${message}`),
    text: `**${position}**${field}\n\n${quoted(message)}\n\nNothing of this definition was run.`,
  };
}

/** A commit that waits for somebody's word. */
export function approvalDraft(subject: Subject, definition: string, because: string, settings: Settings): NoticeDraft {
  const command = settings.requireOkToTestSha ? `/ok-to-test ${subject.sha}` : '/ok-to-test';
  return {
    target: targetOf(subject, definition, settings),
    state: 'awaiting_approval',
    title: 'Pending approval, waiting for an /ok-to-test',
    text:
      `\`${definition}\` has not been started: ${because}.\n\n` +
      `Somebody who may push to this repository, or whom OWNERS names, can look at the change and write a comment ` +
      `that says \`${command}\`. That approves commit ${subject.sha.slice(0, 10)} and no later one.`,
  };
}

/** Text of somebody else, so that it stays text. */
export function quoted(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

/** One line for a title. */
export function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, titleCharactersMax);
}

const titleCharactersMax = 200;

/** `notices` with `notice` in the place of what was said of the same attempt before. */
export function withNotice(notices: readonly StatusNotice[], notice: StatusNotice): readonly StatusNotice[] {
  return [...withoutNotice(notices, notice.externalId), notice];
}

/** `notices` without those of one attempt: now a run speaks for it. */
export function withoutNotice(notices: readonly StatusNotice[], externalId: string): readonly StatusNotice[] {
  return notices.filter((other) => other.externalId !== externalId);
}
