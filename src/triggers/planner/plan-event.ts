/** Decides what an event leads to. Reads from the host; creates nothing. */
import { UserError } from '../../base/errors.ts';
import type { StatusTarget } from '../../forge/forge.ts';
import type { CancelIntent, Delivery, EventOutcome, EventPin } from '../../forge/kinds/delivery.ts';
import { seriesOf } from '../../forge/kinds/identity.ts';
import { isOwnComment } from '../../forge/own-comment.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { runKeys } from '../../forge/kinds/run-keys.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { commandsFor, isNamed } from '../commands/named.ts';
import { type ParsedComment, parseCommands } from '../commands/parse-commands.ts';
import { skipWordOf } from '../commands/skip-words.ts';
import type { Command, Definition, DefinitionProblem, MatchResult } from '../types.ts';
import { type Verdict, authorise, isSameProject } from './authorise.ts';
import { askPeople } from './ask-people.ts';
import { type LoadedFolder, withNames } from './definitions.ts';
import { mayBeMadeYet } from './configure-repository.ts';
import { cancelsOf } from './event-cancels.ts';
import { inNamespace } from './find-repository.ts';
import { type Matched, matchedIn, type Selection } from './match-event.ts';
import { approvalDraft, type NoticeDraft, problemDraft, problemDrafts, quoted, targetOf } from './notices.ts';
import { publishedType } from './facts.ts';
import { definitionsShaOf, factsOf, loadDefinitions, type OpenEvent, openEvent } from './open-event.ts';
import type { PlannerParts } from './planner-parts.ts';
import { rerunScopes } from './rerun.ts';
import { isSubject, type Subject, subjectOf } from './subject.ts';

/** A run that is to be, before it has a number. */
export interface WantedRun {
  readonly subject: Subject;
  readonly repository: Repository;
  readonly definition: Definition;
  readonly target: StatusTarget;
  readonly eventType: string;
  readonly supersedes: boolean;
  /** What it was decided from. */
  readonly loaded: LoadedEvent;
}

/** An event's commit, read. */
export interface LoadedEvent {
  readonly open: OpenEvent;
  readonly subject: Subject;
  readonly folder: LoadedFolder;
  readonly commands: readonly Command[];
}

/** What an event leads to. */
export interface EventPlan {
  readonly outcome: EventOutcome;
  readonly runs: readonly WantedRun[];
  readonly notices: readonly { readonly repository: Repository; readonly draft: NoticeDraft }[];
  readonly cancels: readonly CancelIntent[];
}

/** Keeps what was found out, at once: whatever fails after it. */
export type KeepPin = (pin: EventPin) => Promise<void>;

/** Most definitions that wait for approval by name; a pull request that adds more is told about those. */
const waitingNoticesMax = 50;

/** Plans one event of a Delivery. Throws `ForgeError` and `UserError` for what may pass. */
export async function planEvent(
  parts: PlannerParts,
  delivery: Delivery,
  index: number,
  keepPin: KeepPin,
): Promise<EventPlan> {
  const open = await openEvent(parts, delivery, index);
  if (open === undefined) {
    const url = delivery.spec.events[index]?.project.url ?? '';
    const message = `no Repository has the address ${url}`;
    if (mayBeMadeYet(parts, delivery)) throw new UserError(`${message} yet`, { code: 'AUTO_CONFIGURE' });
    return nothing(index, 'NoRepository', message);
  }
  const { event } = open;
  if (event.trigger === 'pull_request_closed' || event.trigger === 'ref_deleted') {
    return {
      ...nothing(index, 'Cancels', 'nothing runs for what is gone'),
      cancels: cancelsOf(open, [], parts.settings()),
    };
  }
  const comment = event.comment === undefined ? noComment : parseCommands(event.comment.body);
  const cancels = comment.commands.filter(({ kind }) => kind === 'cancel');
  const runs = comment.commands.filter(({ kind }) => kind !== 'cancel');
  if (cancels.length === 0) return planRuns(parts, open, comment, keepPin);
  const denied = await mayNotCancel(parts, open);
  if (denied !== undefined) return nothing(index, 'PermissionDenied', denied);
  const intents = cancelsOf(open, cancels, parts.settings());
  if (runs.length === 0)
    return { ...nothing(index, 'Cancelled', `${event.actor.login} asked for it`), cancels: intents };
  const planned = await planRuns(parts, open, { ...comment, commands: runs }, keepPin);
  return { ...planned, cancels: [...intents, ...planned.cancels] };
}

const noComment: ParsedComment = { commands: [], problems: [] };

function nothing(event: number, reason: string, message: string): EventPlan {
  return { outcome: { event, reason, message }, runs: [], notices: [], cancels: [] };
}

async function mayNotCancel(parts: PlannerParts, open: OpenEvent): Promise<string | undefined> {
  const { actor } = open.event;
  const allowed = actor.bot !== true && (await askPeople(parts, open).allowed(actor, 'pull_request'));
  return allowed ? undefined : `${actor.login} may not cancel runs here`;
}

async function planRuns(
  parts: PlannerParts,
  open: OpenEvent,
  comment: ParsedComment,
  keepPin: KeepPin,
): Promise<EventPlan> {
  const { event, index } = open;
  const badCommand = comment.problems[0];
  if (badCommand !== undefined && comment.commands.length === 0) {
    const plan = nothing(index, 'BadCommand', `${badCommand.text}: ${badCommand.message}`);
    return { ...plan, notices: await commandNotices(parts, open, comment) };
  }
  const { commands } = comment;
  if (event.trigger !== 'rerun') return planSubject(parts, open, { commands }, keepPin);
  const scopes = rerunScopes(parts, open);
  if (scopes.length === 0) return nothing(index, 'UnknownCheck', 'nothing tells what the check was for');
  const plans: EventPlan[] = [];
  for (const rerun of scopes) plans.push(await planSubject(parts, open, { commands, rerun }, keepPin));
  return joined(plans);
}

function joined(plans: readonly EventPlan[]): EventPlan {
  const first = plans.find(({ runs }) => runs.length > 0) ?? plans[0];
  const outcome = first?.outcome ?? { event: 0, reason: 'NothingToRun', message: 'nothing to run' };
  return {
    outcome,
    runs: plans.flatMap(({ runs }) => runs),
    notices: plans.flatMap(({ notices }) => notices),
    cancels: plans.flatMap(({ cancels }) => cancels),
  };
}

/** Tells who wrote a command that cannot be carried out, in a comment, if it is somebody who may give one. */
async function commandNotices(
  parts: PlannerParts,
  open: OpenEvent,
  { problems }: ParsedComment,
): Promise<EventPlan['notices']> {
  const { event, index, forge, repository } = open;
  if (event.comment?.on !== 'pull_request' || event.actor.bot === true) return [];
  if (!(await askPeople(parts, open).allowed(event.actor, 'ok_to_test'))) return [];
  const subject = await subjectOf({ event, index, forge, pin: undefined });
  if (!isSubject(subject)) return [];
  const text = problems.map((problem) => `${quoted(problem.text)}\n\n${problem.message}`).join('\n\n');
  const draft: NoticeDraft = {
    target: targetOf(subject, undefined, parts.settings()),
    state: 'error',
    title: 'A command cannot be carried out',
    text: `@${event.actor.login}, this command cannot be carried out:\n\n${text}`,
    comment: { marker: `penstock-command-${event.comment.id}` },
  };
  return [{ repository, draft }];
}

async function planSubject(
  parts: PlannerParts,
  open: OpenEvent,
  selection: Selection,
  keepPin: KeepPin,
): Promise<EventPlan> {
  const { event, index, forge, delivery } = open;
  const { commands, rerun } = selection;
  const pin = delivery.status?.pins?.find((each) => each.event === index);
  const [command] = commands;
  const subject = await subjectOf({
    event,
    index,
    forge,
    pin,
    ...(command === undefined ? {} : { command }),
    ...(rerun === undefined ? {} : { rerunOf: rerun }),
  });
  if (!isSubject(subject)) return nothing(index, subject.reason, subject.message);
  const definitionsSha = await definitionsShaOf(open, subject, pin);
  const found = { event: index, repository: open.key, sha: subject.sha };
  await keepPin(definitionsSha === subject.sha ? found : { ...found, definitionsSha });
  const skipped = await reasonToSkip(open, subject, selection, parts);
  if (skipped !== undefined) return skipped;
  const written = await loadDefinitions(parts, open, subject, definitionsSha);
  const folder = await withNames(written, factsOf(parts, open, subject, commands));
  const secretsWithheld = !(await maySeeSecrets(parts, { open, subject, selection }));
  const matched = await matchedIn(parts, open, subject, { ...selection, secretsWithheld }, folder);
  return decide(parts, { open, subject, selection, folder, ...matched });
}

/**
 * Whether rules may read params that come out of Secrets. Those of a pull request that waits for approval may not: which of
 * them match is shown, and a rule that asks for the first letter of a value would learn it.
 */
async function maySeeSecrets(parts: PlannerParts, asked: Asked): Promise<boolean> {
  const { open, subject } = asked;
  const isAsked = (open.complete.spec.params ?? []).some(({ secret_ref: reference }) => reference !== undefined);
  if (!isAsked || subject.pullRequest === undefined) return true;
  return (await verdictOf(parts, asked)).allowed;
}

/** Whether the commit message, or the pull request that a push belongs to, asks for nothing to be run. */
async function reasonToSkip(
  open: OpenEvent,
  subject: Subject,
  { commands, rerun }: Selection,
  parts: PlannerParts,
): Promise<EventPlan | undefined> {
  const { event, index, forge } = open;
  const isAsked = commands.length > 0 || rerun !== undefined || subject.named !== undefined;
  if (isAsked || event.comment !== undefined) return undefined;
  const word = skipWordOf(event, subject.revision.message);
  if (word !== undefined) {
    const target = targetOf(subject, undefined, parts.settings());
    const text = `The message of commit ${subject.sha.slice(0, 10)} says \`${word}\`. \`/test\` runs it all the same.`;
    const draft: NoticeDraft = { target, state: 'skipped', title: 'CI Skipped', text };
    const plan = nothing(index, 'SkippedByMessage', `the commit message says ${word}`);
    return { ...plan, notices: [{ repository: open.repository, draft }] };
  }
  const branch = event.trigger === 'push' ? subject.ref?.match(/^refs\/heads\/(.+)$/)?.[1] : undefined;
  // What lands on the default branch is run, whatever else it is the head of.
  if (branch === undefined || branch === event.project.defaultBranch || !parts.settings().skipPushOfPullRequests)
    return undefined;
  const pulls = await forge.pullRequestsOf(event.project, subject.sha);
  // A branch of that name in a fork is somebody else's, and may never be allowed to run.
  const own = pulls.find(
    ({ headBranch, headProject, state }) =>
      headBranch === branch && state === 'open' && isSameProject(headProject, event.project),
  );
  if (own === undefined) return undefined;
  return nothing(index, 'PushOfPullRequest', `the commit is tested as pull request ${own.number}`);
}

/** What somebody wants to have run. */
interface Asked {
  readonly open: OpenEvent;
  readonly subject: Subject;
  readonly selection: Selection;
}

interface Decision extends Asked, Matched {
  readonly folder: LoadedFolder;
}

async function decide(parts: PlannerParts, decision: Decision): Promise<EventPlan> {
  const { open, subject, selection, folder, results, missing } = decision;
  const { index, repository } = open;
  const matched = results.filter((result) => result.matched);
  const isComment = subject.event.comment !== undefined;
  const problems = [...(isComment ? [] : folder.folder.problems), ...results.flatMap(({ problem }) => problem ?? [])];
  if (matched.length === 0 && problems.length === 0) return nothingMatched(parts, decision);
  const verdict = await verdictOf(parts, decision);
  if (!verdict.allowed) return notAllowed(parts, decision, verdict, matched);
  const settings = parts.settings();
  const drafts = problemDrafts(subject, problems, settings).map((draft) => ({ repository, draft }));
  const wanted = matched.map((result) => wantedRun(parts, decision, result));
  const isRun = (each: WantedRun | NoticeDraft): each is WantedRun => 'definition' in each;
  const runs = wanted.filter(isRun).filter((run) => isDue(parts, run, selection));
  const strays = wanted.filter((each): each is NoticeDraft => !isRun(each)).map((draft) => ({ repository, draft }));
  const reason = runs.length > 0 ? 'Planned' : problems.length > 0 ? 'BadDefinitions' : 'NothingToRun';
  const missed = missing.length === 0 ? '' : `; there is no ${missing.join(', ')}`;
  const message = `${runs.length} of ${folder.folder.definitions.length} definitions run: ${verdict.because}${missed}`;
  return {
    outcome: { event: index, reason, message },
    runs,
    notices: [...drafts, ...strays, ...settled(parts, decision, problems)],
    cancels: [],
  };
}

/** Complaints about this commit that stand in contexts which no run will ever take over, and that no longer hold. */
function settled(
  parts: PlannerParts,
  { open, subject, folder }: Decision,
  problems: readonly DefinitionProblem[],
): EventPlan['notices'] {
  const settings = parts.settings();
  const names = [
    ...folder.folder.definitions.map(({ name }) => name),
    ...[...problems, ...folder.folder.problems].map(({ definition, file }) => definition ?? file),
  ];
  const living = new Set(names.map((name) => targetOf(subject, name, settings).context));
  const old = parts.history
    .statusesOf(open.key, subject.sha)
    .map(({ spec }) => spec)
    .filter(({ run, commentOnly, report }) => run === undefined && commentOnly !== true && report.state === 'error')
    .filter(({ report }) => report.pullRequest?.number === subject.pullRequest?.number && !living.has(report.context));
  return old.map(({ report }) => {
    const { project, sha, context, pullRequest, ref } = report;
    const target = {
      ...{ project, sha, context },
      ...(pullRequest === undefined ? {} : { pullRequest }),
      ...(ref === undefined ? {} : { ref }),
    };
    const text = `What was wrong is so no longer:\n\n${quoted(report.title)}`;
    return { repository: open.repository, draft: { target, state: 'skipped', title: 'No longer the case', text } };
  });
}

async function nothingMatched(parts: PlannerParts, decision: Decision): Promise<EventPlan> {
  const { open, subject, selection, folder, missing } = decision;
  const { index, repository } = open;
  const asked = missing.length === 0 ? '' : ` named ${missing.join(', ')}`;
  const message = `none of ${folder.folder.definitions.length} definitions${asked} is for this event`;
  const plan = nothing(index, 'NothingMatched', message);
  if (!selection.commands.some(({ kind }) => kind === 'ok-to-test')) return plan;
  const verdict = await verdictOf(parts, decision);
  if (!verdict.allowed) return notAllowed(parts, decision, verdict, []);
  const target = targetOf(subject, undefined, parts.settings());
  const title = 'No PipelineRun matched, or .tekton directory not found';
  return { ...plan, notices: [{ repository, draft: { target, state: 'skipped', title, text: quoted(message) } }] };
}

async function verdictOf(parts: PlannerParts, { open, subject, selection }: Asked): Promise<Verdict> {
  const { commands } = selection;
  const { event, forge, key, complete, delivery } = open;
  const number = subject.pullRequest?.number;
  const moved =
    event.trigger === 'comment' && number !== undefined
      ? parts.history.headBefore(delivery, event.project.url, number, subject.sha)
      : undefined;
  return authorise({
    subject,
    commands,
    settings: parts.settings(),
    policy: complete.spec.settings?.policy,
    people: askPeople(parts, open),
    ranBefore: number !== undefined && parts.history.ranBefore(key, subject.scope, subject.sha),
    ...(moved === undefined ? {} : { movedFrom: moved }),
    readComments: async () =>
      number === undefined
        ? []
        : (await forge.readComments(event.project, number))
            // What ours quote is nobody's word.
            .filter(({ body }) => !isOwnComment(body))
            .map(({ author, body }) => ({ author, commands: parseCommands(body).commands })),
  });
}

function notAllowed(
  parts: PlannerParts,
  { open, subject }: Decision,
  verdict: Extract<Verdict, { allowed: false }>,
  matched: readonly MatchResult[],
): EventPlan {
  const { index, repository } = open;
  if (verdict.outcome !== 'waiting') return nothing(index, 'PermissionDenied', verdict.because);
  const settings = parts.settings();
  const notices = matched.slice(0, waitingNoticesMax).map(({ definition }) => ({
    repository,
    draft: approvalDraft(subject, definition.name, verdict.because, settings),
  }));
  return { ...nothing(index, 'AwaitingApproval', verdict.because), notices };
}

function wantedRun(parts: PlannerParts, decision: Decision, { definition, by }: MatchResult): WantedRun | NoticeDraft {
  const { open, subject, selection, folder } = decision;
  const { commands } = selection;
  const settings = parts.settings();
  const namespace = definition.annotations[runKeys.targetNamespace]?.trim();
  const repository = namespace === undefined ? open.repository : inNamespace(open.question, namespace);
  if (repository === undefined) {
    const message = `there is no Repository with the address ${subject.event.project.url} in namespace "${namespace ?? ''}"`;
    return problemDraft(
      subject,
      {
        file: definition.file,
        line: definition.line,
        definition: definition.name,
        field: runKeys.targetNamespace,
        message,
      },
      settings,
    );
  }
  return {
    subject,
    repository,
    definition,
    target: targetOf(subject, definition.name, settings),
    eventType: by === 'comment' ? 'on-comment' : publishedType(subject.event, commandsFor(definition.name, commands)),
    supersedes: supersedes(definition, subject, settings),
    loaded: { open, subject, folder, commands },
  };
}

function supersedes(
  { annotations }: Definition,
  { pullRequest }: Subject,
  settings: { readonly cancelInProgressOnPullRequests: boolean; readonly cancelInProgressOnPush: boolean },
): boolean {
  const wish = annotations[runKeys.cancelInProgress];
  if (wish === 'true' || wish === 'false') return wish === 'true';
  return pullRequest === undefined ? settings.cancelInProgressOnPush : settings.cancelInProgressOnPullRequests;
}

/**
 * `/test` and everything by name is always due; `/retest`, `/ok-to-test` and a whole suite only what has no attempt that
 * succeeded and none that is under way.
 */
function isDue(parts: PlannerParts, run: WantedRun, { commands, rerun }: Selection): boolean {
  const { name } = run.definition;
  if (
    commands.some(
      (command) => isNamed(name, command.name ?? '') || (command.kind === 'test' && command.name === undefined),
    )
  )
    return true;
  const unsuccessfulOnly = rerun === undefined ? commands.length > 0 : rerun.contexts === undefined;
  if (!unsuccessfulOnly) return true;
  const { subject, repository, target } = run;
  const series = seriesOf({
    repository: keyText(keyOf(repository)),
    definition: name,
    scope: subject.scope,
    sha: subject.sha,
  });
  const state = parts.history.seriesState(series, target, keyOf(repository).namespace);
  return !state.succeeded && !state.unfinished;
}
