/** What an event is about: the commit, the pull request or ref, and the names it goes by. */
import type { Forge } from '../../forge/forge.ts';
import type { ForgeKind, GitEvent, Project, PullRequest, Revision } from '../../forge/git-event.ts';
import { scopeOf } from '../../forge/kinds/identity.ts';
import type { EventPin } from '../../forge/kinds/delivery.ts';
import type { Command, MatchTrigger } from '../types.ts';

export interface Subject {
  readonly event: GitEvent;
  /** Index in the Delivery. */
  readonly index: number;
  readonly trigger: MatchTrigger;
  readonly revision: Revision;
  readonly sha: string;
  readonly pullRequest?: PullRequest;
  /** Full ref of what is not about a pull request. */
  readonly ref?: string;
  /** `pr-<number>`, or `ref`. */
  readonly scope: string;
  readonly targetBranch: string;
  readonly sourceBranch: string;
  /** Where the commit comes from: a fork, or the event's project. */
  readonly headProject: Project;
  /** The definition that was asked for by name, outside a comment. */
  readonly named?: string;
  readonly givenParams: Readonly<Record<string, string>>;
}

/** There is nothing to run, and why. */
export interface NoSubject {
  readonly reason: string;
  readonly message: string;
}

/** What is asked when an event does not say all. */
export interface SubjectQuestion {
  readonly event: GitEvent;
  readonly index: number;
  readonly forge: Forge;
  /** What was found out before: the commit does not change any more. */
  readonly pin: EventPin | undefined;
  /** Of a comment on a commit: where to run. */
  readonly command?: Command;
  /** The pull request or ref that a check was shown for, as far as Penstock remembers. */
  readonly rerunOf?: { readonly pullRequest?: number; readonly ref?: string };
}

/** Finds out what an event is about, asking the host for what it does not say. Throws `ForgeError`. */
export async function subjectOf(question: SubjectQuestion): Promise<Subject | NoSubject> {
  const { event } = question;
  switch (event.trigger) {
    case 'push':
      return pushed(question, event.push?.ref ?? '', 'push');
    case 'merge_group':
      return mergeGroup(question);
    case 'pull_request':
      return pullRequest(question, event.pullRequest?.number);
    case 'comment':
      return event.comment?.on === 'commit' ? commitComment(question) : openPullRequest(question);
    case 'rerun':
      return rerun(question);
    case 'incoming':
      return branchHead(question, event.incoming?.branch ?? '', 'incoming', event.incoming);
    case 'schedule':
      return branchHead(question, event.schedule?.branch ?? '', 'schedule', event.schedule);
    case 'pull_request_closed':
    case 'ref_deleted':
    case 'repository_created':
      return { reason: 'NothingToRun', message: 'nothing runs on account of such an event' };
  }
}

/** Whether there is something to run. */
export function isSubject(found: Subject | NoSubject): found is Subject {
  return 'sha' in found;
}

async function pushed(
  { event, index, forge, pin }: SubjectQuestion,
  ref: string,
  trigger: MatchTrigger,
): Promise<Subject | NoSubject> {
  const wanted = pin?.sha ?? event.revision?.sha ?? ref;
  const revision = await wholeRevision(forge, event.project, wanted, event.revision);
  if (revision === undefined) return noCommit(wanted);
  return {
    ...base(event, index, revision),
    trigger,
    ref,
    scope: scopeOf({ ref }),
    targetBranch: ref,
    sourceBranch: ref,
  };
}

async function mergeGroup(question: SubjectQuestion): Promise<Subject | NoSubject> {
  const { push } = question.event;
  const found = await pushed(question, push?.ref ?? '', 'merge_group');
  if (!isSubject(found) || push?.baseBranch === undefined) return found;
  return { ...found, targetBranch: `refs/heads/${push.baseBranch}` };
}

async function pullRequest(question: SubjectQuestion, number: number | undefined): Promise<Subject | NoSubject> {
  const { event, index, forge, pin } = question;
  const known =
    event.pullRequest ?? (number === undefined ? undefined : await forge.readPullRequest(event.project, number));
  if (known === undefined) return { reason: 'NoPullRequest', message: `there is no pull request ${number ?? ''}` };
  const sha = pin?.sha ?? known.headSha;
  const given = event.revision?.sha === sha ? event.revision : undefined;
  const revision = await wholeRevision(forge, commitProject(event.forge, event.project, known), sha, given);
  if (revision === undefined) return noCommit(sha);
  // Some hosts abbreviate the head in their events.
  const pull = { ...known, headSha: revision.sha };
  return {
    ...base(event, index, revision),
    trigger: 'pull_request',
    pullRequest: pull,
    scope: scopeOf({ pullRequest: pull.number }),
    targetBranch: pull.baseBranch,
    sourceBranch: pull.headBranch,
    headProject: pull.headProject,
  };
}

/** A comment: what the host says now of its pull request, since payloads of comments do not tell the commit. */
async function openPullRequest(question: SubjectQuestion): Promise<Subject | NoSubject> {
  const { event, forge } = question;
  const number = event.pullRequest?.number ?? event.pullRequestNumber;
  if (number === undefined) return { reason: 'NoPullRequest', message: 'the comment belongs to no pull request' };
  const current = await forge.readPullRequest(event.project, number);
  if (current === undefined) return { reason: 'NoPullRequest', message: `there is no pull request ${number}` };
  if (current.state !== 'open') {
    return {
      reason: 'PullRequestClosed',
      message: `pull request ${number} is ${current.state}: comments on it start nothing`,
    };
  }
  const { revision: _ofPayload, ...rest } = event;
  return pullRequest({ ...question, event: { ...rest, pullRequest: current } }, number);
}

async function commitComment(question: SubjectQuestion): Promise<Subject | NoSubject> {
  const { event, forge, command } = question;
  const sha = question.pin?.sha ?? event.revision?.sha;
  if (sha === undefined) return noCommit('the comment');
  const ref = command?.tag === undefined ? await branchOf(question) : `refs/tags/${command.tag}`;
  const there = await forge.readRevision(event.project, ref);
  if (there?.sha !== sha) {
    const message = `${sha.slice(0, 10)} is not what ${ref} points to${there === undefined ? '' : ` (${there.sha.slice(0, 10)})`}`;
    return { reason: 'NotTheHead', message };
  }
  return pushed(question, ref, 'push');
}

async function branchOf({ event, forge, command }: SubjectQuestion): Promise<string> {
  const named = command?.branch ?? event.project.defaultBranch;
  const branch = named ?? (await forge.readProject(event.project))?.defaultBranch ?? 'main';
  return `refs/heads/${branch}`;
}

async function rerun(question: SubjectQuestion): Promise<Subject | NoSubject> {
  const { event, rerunOf } = question;
  const number = rerunOf === undefined ? event.rerun?.pullRequestNumbers[0] : rerunOf.pullRequest;
  if (number === undefined) {
    const ref = rerunOf?.ref ?? (event.rerun?.branch === undefined ? undefined : `refs/heads/${event.rerun.branch}`);
    if (ref === undefined) return { reason: 'UnknownCheck', message: 'nothing tells what the check was for' };
    return pushed(question, ref, 'push');
  }
  const current = await question.forge.readPullRequest(event.project, number);
  if (current === undefined) return { reason: 'NoPullRequest', message: `there is no pull request ${number}` };
  const sha = question.pin?.sha ?? event.revision?.sha ?? current.headSha;
  return pullRequest({ ...question, event: { ...event, pullRequest: { ...current, headSha: sha } } }, number);
}

async function branchHead(
  { event, index, forge, pin }: SubjectQuestion,
  branch: string,
  trigger: MatchTrigger,
  asked: { readonly pipelineRun?: string; readonly params: Readonly<Record<string, string>> } | undefined,
): Promise<Subject | NoSubject> {
  const named = branch === '' ? (await forge.readProject(event.project))?.defaultBranch : branch;
  const ref = named?.startsWith('refs/') ? named : `refs/heads/${named ?? 'main'}`;
  const revision = await wholeRevision(forge, event.project, pin?.sha ?? ref, undefined);
  if (revision === undefined) return { reason: 'NoBranch', message: `there is no branch ${named ?? ''}` };
  return {
    ...base(event, index, revision),
    trigger,
    ref,
    scope: scopeOf({ ref }),
    targetBranch: ref,
    sourceBranch: ref,
    givenParams: asked?.params ?? {},
    ...(asked?.pipelineRun === undefined ? {} : { named: asked.pipelineRun }),
  };
}

type Base = Pick<Subject, 'event' | 'index' | 'revision' | 'sha' | 'headProject' | 'givenParams'>;

function base(event: GitEvent, index: number, revision: Revision): Base {
  return { event, index, revision, sha: revision.sha, headProject: event.project, givenParams: {} };
}

/** A revision with its message: without it nobody can tell whether it asks to be skipped. */
async function wholeRevision(
  forge: Forge,
  project: Project,
  ref: string,
  known: Revision | undefined,
): Promise<Revision | undefined> {
  if (known?.message !== undefined) return known;
  const read = await forge.readRevision(project, ref);
  return read === undefined ? known : { ...known, ...read };
}

/** Hosts that keep the commits of a fork's pull request in the fork only. */
const commitsStayInForks: readonly ForgeKind[] = ['bitbucket-cloud'];

/** The project in which a pull request's commits can be read. */
export function commitProject(forge: ForgeKind, project: Project, pull: PullRequest | undefined): Project {
  return pull !== undefined && commitsStayInForks.includes(forge) ? pull.headProject : project;
}

function noCommit(what: string): NoSubject {
  return { reason: 'NoCommit', message: `the host does not know ${what}` };
}
