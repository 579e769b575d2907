import type { GitEvent } from '../../forge/git-event.ts';
import type { MatchFacts } from '../types.ts';

/** All published variables, whether an event has them or not. */
export const standardVariableNames = [
  'revision',
  'repo_url',
  'repo_owner',
  'repo_name',
  'target_branch',
  'source_branch',
  'source_url',
  'target_url',
  'sender',
  'target_namespace',
  'event',
  'event_type',
  'event_title',
  'trigger_comment',
  'pull_request_labels',
  'git_tag',
  'pull_request_number',
  'git_auth_secret',
] as const;

/** What the standard variables are made of. */
export interface VariableFacts {
  readonly event: GitEvent;
  /** The commit that is tested. */
  readonly sha: string;
  readonly match: Pick<
    MatchFacts,
    'trigger' | 'eventType' | 'eventTitle' | 'targetBranch' | 'sourceBranch' | 'targetUrl' | 'sourceUrl' | 'labels'
  > & { readonly comment?: string };
  /** 0 or absent = it is not about a pull request. */
  readonly pullRequestNumber?: number;
  /** Namespace of the Repository. */
  readonly targetNamespace: string;
  /** Name of the Secret with the credential for cloning; absent = there is none. */
  readonly gitAuthSecret?: string;
}

/**
 * The values of the published variables, by name. One that has no value in this event is empty, or absent as
 * published (`pull_request_number` of a push): then it stays visible as `{{ name }}`.
 */
export function standardVariables(facts: VariableFacts): Readonly<Record<string, string>> {
  const { event, match, pullRequestNumber } = facts;
  const tag = tagOf(match.targetBranch);
  return {
    revision: facts.sha,
    repo_url: cloneUrlOf(event),
    repo_owner: event.project.owner.toLowerCase(),
    repo_name: event.project.name.toLowerCase(),
    target_branch: branchOf(match.targetBranch),
    source_branch: branchOf(match.sourceBranch),
    source_url: match.sourceUrl,
    target_url: match.targetUrl,
    sender: event.actor.login.toLowerCase(),
    target_namespace: facts.targetNamespace,
    event: match.trigger,
    event_type: publishedEventType(match.eventType, match.trigger),
    event_title: match.eventTitle,
    trigger_comment: oneLine(match.comment ?? ''),
    pull_request_labels: match.labels.join('\\n'),
    git_tag: tag ?? '',
    ...(pullRequestNumber ? { pull_request_number: String(pullRequestNumber) } : {}),
    ...(facts.gitAuthSecret === undefined ? {} : { git_auth_secret: facts.gitAuthSecret }),
  };
}

/** Where the web address is not what git clones from, what is. */
function cloneUrlOf({ forge, project }: GitEvent): string {
  const differs = forge === 'bitbucket-datacenter' || forge === 'git';
  return differs ? (project.cloneUrl ?? project.url) : project.url;
}

function branchOf(ref: string): string {
  return ref.replace(/^refs[/-]heads[/-]/, '');
}

function tagOf(ref: string): string | undefined {
  const prefix = 'refs/tags/';
  return ref.startsWith(prefix) ? ref.slice(prefix.length) : undefined;
}

/** Comments that are commands are the event they repeat; one that an `on-comment` rule asked for is told as such. */
function publishedEventType(eventType: string, trigger: string): string {
  return eventType.endsWith('-comment') && eventType !== 'on-comment' ? trigger : eventType;
}

/** Line breaks as the two characters `\n`: the published form, for values that must stay on one line. */
function oneLine(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, '\\n');
}
