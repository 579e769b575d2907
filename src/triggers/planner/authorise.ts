/** Who may have what run: the actor of this very event, for the commit that is to be run. */
import type { Forge, Standing } from '../../forge/forge.ts';
import type { Actor, GitEvent, Project } from '../../forge/git-event.ts';
import type { RepositorySettings } from '../../forge/kinds/repository.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import type { Command } from '../types.ts';
import type { Subject } from './subject.ts';

/** Which list of a Repository's policy governs. */
export type PolicyList = 'ok_to_test' | 'pull_request';

/** What is known of one person, as far as it was asked. */
export interface PersonFacts {
  /** Whether the policy's list lets the person; undefined = there is no such list. */
  readonly policy?: boolean;
  readonly standing: Standing;
  readonly owner: boolean;
}

/** A policy decides, with OWNERS as the way around it; without one those who may push, and OWNERS. Pure. */
function mayRun({ policy, standing, owner }: PersonFacts): boolean {
  return owner || (policy ?? standing === 'write');
}

/** What is decided. */
export type Verdict =
  | { readonly allowed: true; readonly because: string }
  /** `refused`: what was asked is not done. `waiting`: the commit waits for somebody's approval. */
  | { readonly allowed: false; readonly outcome: 'refused' | 'waiting' | 'ignored'; readonly because: string };

export interface AuthoriseQuestion {
  readonly subject: Subject;
  readonly commands: readonly Command[];
  readonly settings: Settings;
  readonly policy: RepositorySettings['policy'];
  readonly people: People;
  /** Whether Penstock ran this commit of this pull request before: then somebody allowed it. */
  readonly ranBefore: boolean;
  /** The pull request's head when the comment was written, where it is known to have been another than now. */
  readonly movedFrom?: string;
  /** Comments of the pull request; asked only when an old approval may count. */
  readonly readComments: () => Promise<readonly { readonly author: Actor; readonly commands: readonly Command[] }[]>;
}

/** Asks and remembers what people may do in one project. */
export interface People {
  allowed(actor: Actor, list: PolicyList): Promise<boolean>;
}

/** Decides whether the subject may run. Pushes, merge queues, schedules and incoming webhooks are proof in themselves. */
export async function authorise(question: AuthoriseQuestion): Promise<Verdict> {
  const { event } = question.subject;
  switch (event.trigger) {
    case 'push':
    case 'merge_group':
    case 'incoming':
    case 'schedule':
      return { allowed: true, because: `a ${event.trigger} needs no further permission` };
    case 'pull_request':
      return ofPullRequest(question);
    default:
      return ofPerson(question);
  }
}

/**
 * A pull request runs when its commits can only come from somebody who may push, or when both who acts and who opened it
 * may run things: a label set by a maintainer approves nobody's code.
 */
async function ofPullRequest(question: AuthoriseQuestion): Promise<Verdict> {
  const { subject, policy, people, ranBefore, settings } = question;
  const { event, pullRequest } = subject;
  const author = pullRequest?.author ?? event.actor;
  const isFork = pullRequest === undefined || !isSameProject(pullRequest.headProject, event.project);
  if (!isFork && policy?.pull_request === undefined) {
    return { allowed: true, because: 'its branch lies in the repository itself' };
  }
  if (ranBefore) return { allowed: true, because: 'this commit was allowed before' };
  const everybody = event.actor.login === author.login ? [author] : [event.actor, author];
  const denied = await firstDenied(people, everybody);
  if (denied === undefined) return { allowed: true, because: `${author.login} may run pipelines` };
  if (settings.rememberOkToTest && (await wasApproved(question))) {
    return { allowed: true, because: 'an earlier /ok-to-test holds' };
  }
  const bot = denied.bot === true;
  return {
    allowed: false,
    outcome: bot ? 'ignored' : 'waiting',
    because: `${denied.login} may not run pipelines here`,
  };
}

async function firstDenied(people: People, actors: readonly Actor[]): Promise<Actor | undefined> {
  for (const actor of actors) if (!(await people.allowed(actor, 'pull_request'))) return actor;
  return undefined;
}

/** Whether anybody who may said /ok-to-test to this pull request: to this commit, or to any where that is remembered. */
async function wasApproved({ subject, people, settings, readComments }: AuthoriseQuestion): Promise<boolean> {
  for (const { author, commands } of await readComments()) {
    const approves = commands.some(
      ({ kind, sha }) =>
        kind === 'ok-to-test' && (sha === undefined ? !settings.requireOkToTestSha : subject.sha.startsWith(sha)),
    );
    if (approves && !author.bot && (await people.allowed(author, 'ok_to_test'))) return true;
  }
  return false;
}

/** Comments and buttons: who wrote or pressed it, never who opened the pull request. */
async function ofPerson(question: AuthoriseQuestion): Promise<Verdict> {
  const { subject, commands, settings, people, ranBefore, movedFrom } = question;
  const { event, pullRequest } = subject;
  const { actor } = event;
  const runs = commands.filter(({ kind }) => kind !== 'cancel');
  const list: PolicyList = runs.length > 0 || event.trigger === 'rerun' ? 'ok_to_test' : 'pull_request';
  if (!(await people.allowed(actor, list))) {
    const ofOwnApproved = ranBefore && runs.length > 0 && pullRequest?.author.login === actor.login;
    if (ofOwnApproved) return { allowed: true, because: 'this commit was allowed before' };
    const outcome = actor.bot === true ? 'ignored' : 'refused';
    return { allowed: false, outcome, because: `${actor.login} may not run pipelines here` };
  }
  const allowed: Verdict = { allowed: true, because: `${actor.login} may run pipelines` };
  const isForeign = pullRequest !== undefined && !isSameProject(pullRequest.headProject, event.project);
  if (!isForeign || ranBefore) return allowed;
  if (movedFrom !== undefined) {
    const because = `the pull request has moved to ${subject.sha.slice(0, 10)} since that was written`;
    return { allowed: false, outcome: 'waiting', because };
  }
  return settings.requireOkToTestSha ? bySha(question, allowed) : (wrongSha(question) ?? allowed);
}

/** An /ok-to-test that names another commit approves nothing, whatever the settings. */
function wrongSha({ subject, commands }: AuthoriseQuestion): Verdict | undefined {
  const named = commands.flatMap(({ kind, sha }) => (kind === 'ok-to-test' && sha !== undefined ? [sha] : []));
  if (named.length === 0 || named.some((sha) => subject.sha.startsWith(sha))) return undefined;
  const because = `/ok-to-test names ${named[0]}, and the head is ${subject.sha.slice(0, 10)}`;
  return { allowed: false, outcome: 'waiting', because };
}

/** Where a commit must be named, only an /ok-to-test that names this one approves it. */
async function bySha(question: AuthoriseQuestion, allowed: Verdict): Promise<Verdict> {
  const { subject, commands, people } = question;
  const approves = commands.some(
    ({ kind, sha }) => kind === 'ok-to-test' && sha !== undefined && subject.sha.startsWith(sha),
  );
  const author = subject.pullRequest?.author;
  if (approves || (author !== undefined && (await people.allowed(author, 'pull_request')))) return allowed;
  const because = wrongSha(question)?.allowed === false ? 'another commit was named' : 'the commit has to be named';
  return { allowed: false, outcome: 'waiting', because };
}

/** Whether two addresses are one repository. */
export function isSameProject(a: Project, b: Project): boolean {
  return a.id !== undefined && b.id !== undefined ? a.id === b.id : a.url.toLowerCase() === b.url.toLowerCase();
}

/** What asking a host about people takes. */
export interface PeopleQuestion {
  readonly forge: Forge;
  readonly event: GitEvent;
  readonly policy: RepositorySettings['policy'];
  /** Lower-case logins; asked once, and only when nothing else lets somebody. */
  readonly readOwners: () => Promise<ReadonlySet<string>>;
}

/** People of one project, each asked about once. A team that the host does not know has no members. */
export function peopleOf({ forge, event, policy, readOwners }: PeopleQuestion): People {
  const known = new Map<string, Promise<boolean>>();
  let owners: Promise<ReadonlySet<string>> | undefined;
  // Bitbucket's people are known by their account ids. Elsewhere an id is a number, and a login may be one, too.
  const isKnownById = event.forge.startsWith('bitbucket-');
  const isOwner = async ({ login, id }: Actor): Promise<boolean> => {
    const names = await (owners ??= readOwners());
    return names.has(login.toLowerCase()) || (isKnownById && id !== undefined && names.has(id.toLowerCase()));
  };
  const isInTeams = async (actor: Actor, teams: readonly string[]): Promise<boolean> => {
    for (const team of teams) if ((await forge.isTeamMember(event.project, team, actor)) === true) return true;
    return false;
  };
  const ask = async (actor: Actor, list: PolicyList): Promise<boolean> => {
    const teams = policy?.[list];
    const facts = { standing: 'none', owner: false } as const;
    if (teams !== undefined && mayRun({ ...facts, policy: await isInTeams(actor, teams) })) return true;
    if (teams === undefined && mayRun({ ...facts, standing: await forge.standing(event.project, actor) })) return true;
    return mayRun({ ...facts, owner: await isOwner(actor) });
  };
  return {
    allowed(actor, list) {
      const key = `${list} ${actor.id ?? ''} ${actor.login}`;
      const answer = known.get(key) ?? ask(actor, list);
      known.set(key, answer);
      return answer;
    },
  };
}
