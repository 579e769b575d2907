/** Makes one planned run real: renders it, gives it its Secret, creates or adopts it. Restartable at any await. */
import { errorText } from '../../base/errors.ts';
import type { CancelIntent, Delivery, PlannedRun, StatusNotice } from '../../forge/kinds/delivery.ts';
import { lineOf } from '../../forge/kinds/identity.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { ForgeError } from '../../forge/forge.ts';
import { commandsFor } from '../commands/named.ts';
import { cancelRun } from './cancel-runs.ts';
import { createRun, findRun, isRefusal } from './create-run.ts';
import {
  clonedFrom,
  dropGitAuthSecret,
  ForeignSecretError,
  gitAuthSecret,
  gitAuthSecretName,
  makeGitAuthSecret,
  ownGitAuthSecret,
} from './git-auth-secret.ts';
import { receivedMs } from './history.ts';
import { firstLine, type NoticeDraft, problemDraft, quoted } from './notices.ts';
import { renamed } from './number-plan.ts';
import { factsOf, type OpenEvent, scopeOfEvent } from './open-event.ts';
import type { PlannerParts } from './planner-parts.ts';
import { GoneError, type PlannedContent } from './planned-content.ts';
import { type Rendered, renderRun } from './definitions.ts';
import { runObject } from './run-object.ts';

/** Longest a run waits for room in a quota, in milliseconds. */
export const quotaWaitMsMax: number = 6 * 60 * 60 * 1000;
/** Time between two tries while a quota has no room, in milliseconds. */
export const quotaRetryMs = 60_000;
/** Most names that may belong to somebody else. */
const collisionsMax = 20;

/** What a try led to. */
export interface Executed {
  readonly run: PlannedRun;
  /** Shown for this run; undefined = nothing, it speaks for itself. */
  readonly notice?: StatusNotice;
  readonly requeueAfterMs?: number;
}

/** What a planned run is made from. */
export interface ExecuteRequest {
  readonly delivery: Delivery;
  readonly plan: PlannedRun;
  /** The run may be there already: an earlier try may have been interrupted. */
  readonly isRetry: boolean;
  /** Repository, commit and definition; asked only when the run is not there yet. */
  readonly content: () => Promise<PlannedContent>;
  /** Stores a plan that had to change, before anything is made under its new name. */
  readonly replan: (run: PlannedRun) => Promise<void>;
}

/** Throws what leaves the outcome open; the next try finds out. */
export async function executeRun(parts: PlannerParts, request: ExecuteRequest): Promise<Executed> {
  const { plan, isRetry } = request;
  const there = isRetry ? await findRun(parts.client, plan) : undefined;
  if (there !== undefined) return settle(parts, plan, there, 'adopted');
  const overtaken = overtakenBy(parts, request);
  if (overtaken !== undefined) return stopped(parts, plan, overtaken);
  try {
    return await make(parts, request, await request.content());
  } catch (thrown) {
    if (!isLostForGood(thrown)) throw thrown;
    await dropGitAuthSecret(parts.client, plan);
    return lost(parts, plan, errorText(thrown));
  }
}

/** Who or what came after the plan and ends it before it began. */
function overtakenBy({ history }: PlannerParts, { plan, delivery }: ExecuteRequest): CancelIntent | undefined {
  const line = lineOf({ ...plan, repository: `${plan.namespace}/${plan.repository}` });
  return history.cancelOf(plan, line, receivedMs(delivery));
}

async function stopped(parts: PlannerParts, plan: PlannedRun, intent: CancelIntent): Promise<Executed> {
  const { by, supersededBy } = intent;
  await dropGitAuthSecret(parts.client, plan);
  parts.metrics.run('superseded');
  const isSuperseded = supersededBy !== undefined;
  const message = `${isSuperseded ? 'superseded' : 'cancelled'} before it was created, by ${by}`;
  const draft: NoticeDraft = {
    target: plan.target,
    state: isSuperseded ? 'superseded' : 'cancelled',
    title: firstLine(`${isSuperseded ? 'Superseded' : 'Cancelled'} by ${by}`),
    text: `\`${plan.definition}\` was ${message}.`,
  };
  return { run: { ...plan, outcome: 'superseded', message }, notice: noticeOf(plan, draft) };
}

/** A failure for good: the status says so, in the words of who refused. */
function failed(parts: PlannerParts, plan: PlannedRun, draft: NoticeDraft): Executed {
  parts.metrics.run('failed');
  return { run: { ...plan, outcome: 'failed', message: draft.title }, notice: noticeOf(plan, draft) };
}

function noticeOf(plan: PlannedRun, draft: NoticeDraft): StatusNotice {
  const { namespace, repository, attempt, name } = plan;
  return { ...draft, namespace, repository, attempt, externalId: name };
}

/** What a plan rests on is gone, or the host says no to what has to be read: trying again would not help. */
function isLostForGood(thrown: unknown): boolean {
  if (thrown instanceof ForgeError) return thrown.problem === 'refused' || thrown.problem === 'too-large';
  return thrown instanceof GoneError;
}

/** A run that cannot be made any more, for a reason outside of the cluster. */
export function lost(parts: PlannerParts, plan: PlannedRun, message: string): Executed {
  const text = `\`${plan.definition}\` could not be started:\n\n${quoted(message)}`;
  return failed(parts, plan, { target: plan.target, state: 'error', title: firstLine(message), text });
}

async function make(parts: PlannerParts, request: ExecuteRequest, content: PlannedContent): Promise<Executed> {
  const { open, subject, definition, folder, commands } = content;
  const settings = parts.settings();
  const { plan } = request;
  const credential = settings.gitAuthSecret
    ? await open.forge.gitCredential(open.event.project, furtherProjects(parts, open))
    : undefined;
  const secretName = credential === undefined ? undefined : gitAuthSecretName(plan.name);
  const secretPart = secretName === undefined ? {} : { gitAuthSecret: secretName };
  const event = { ...open.event, project: clonedFrom(open.forge, open.event.project) };
  const facts = factsOf(parts, { ...open, event }, subject, commandsFor(definition.name, commands));
  const rendered = await renderRun({ loaded: folder, definition, facts, ...secretPart });
  if (!rendered.ok) {
    return failed(parts, plan, problemDraft(subject, { ...rendered.problem, definition: definition.name }, settings));
  }
  tellWarnings(parts, content, rendered);
  const wanted = runObject(rendered.run, {
    subject,
    plan,
    eventType: plan.eventType,
    order: receivedMs(request.delivery),
    delivery: request.delivery.metadata.name ?? '',
    ...secretPart,
  });
  try {
    if (credential !== undefined) await makeGitAuthSecret(parts.client, gitAuthSecret(plan, event.project, credential));
  } catch (thrown) {
    if (thrown instanceof ForeignSecretError) return again(parts, request, content);
    if (!isRefusal(thrown)) throw thrown;
    return refused(parts, plan, `Secret "${secretName}": ${errorText(thrown)}`);
  }
  return create(parts, request, content, { wanted, mask: rendered.mask });
}

/** What stands in nobody's way, and what people should know all the same. */
function tellWarnings(
  { events }: PlannerParts,
  { repository, definition }: PlannedContent,
  { warnings, complaints }: Extract<Rendered, { ok: true }>,
): void {
  const lines = warnings.map(({ file, line, message }) => `${file}:${line ?? 1}: ${message}`);
  if (lines.length > 0)
    events.tell(repository, 'Warning', 'DefinitionWarnings', `${definition.name}: ${lines.join('; ')}`);
  if (complaints.length > 0) events.tell(repository, 'Warning', 'ParamsError', complaints.join('; '));
}

/** Repositories that the token for cloning may reach besides the event's own. Throws what fails the run for good. */
function furtherProjects(parts: PlannerParts, open: OpenEvent): readonly string[] | 'all' {
  const { further, foreign } = scopeOfEvent(parts, open);
  const [first] = foreign;
  if (first === undefined) return further;
  const place = `namespace ${keyOf(open.repository).namespace}`;
  throw new ForgeError('refused', `github_app_token_scope_repos names ${first}, which has no Repository in ${place}`);
}

async function create(
  parts: PlannerParts,
  request: ExecuteRequest,
  content: PlannedContent,
  { wanted, mask }: { readonly wanted: PipelineRun; readonly mask: (text: string) => string },
): Promise<Executed> {
  const { client, clock, logger } = parts;
  const { plan, delivery } = request;
  const name = `${plan.namespace}/${plan.repository}`;
  // Cancels hold the same lock: whatever is not there yet when one begins is stopped here, the rest it finds.
  const result = await parts.locks.hold(name, async () => {
    const intent = overtakenBy(parts, request);
    if (intent !== undefined) return { kind: 'overtaken', intent } as const;
    const answer = await createRun(client, wanted);
    if (answer.kind === 'created' || answer.kind === 'adopted') parts.runs.wrote(answer.run);
    return answer;
  });
  switch (result.kind) {
    case 'overtaken':
      return stopped(parts, plan, result.intent);
    case 'created':
    case 'adopted':
      return settle(parts, plan, result.run, result.kind);
    case 'foreign':
      return again(parts, request, content);
    case 'other-plan':
      logger.warn('a run of an older plan is cancelled and made again', { run: keyText(keyOf(result.run)) });
      await cancelRun(client, result.run, { by: 'Penstock, since its plan has changed' });
      return again(parts, request, content);
    case 'refused':
      await dropGitAuthSecret(client, plan);
      return refused(parts, plan, mask(result.message));
    case 'quota': {
      const waitedMs = clock.now() - receivedMs(delivery);
      if (waitedMs < quotaWaitMsMax) return waiting(plan, mask(result.message));
      await dropGitAuthSecret(client, plan);
      return refused(parts, plan, mask(result.message));
    }
  }
}

function waiting(plan: PlannedRun, message: string): Executed {
  const title = firstLine(`Waiting for room: ${message}`);
  const text = `\`${plan.definition}\` is created as soon as the quota has room. The API server says:\n\n${quoted(message)}`;
  return {
    run: plan,
    notice: noticeOf(plan, { target: plan.target, state: 'queued', title, text }),
    requeueAfterMs: quotaRetryMs,
  };
}

function refused(parts: PlannerParts, plan: PlannedRun, message: string): Executed {
  const text = `PipelineRun \`${plan.name}\` could not be created in namespace \`${plan.namespace}\`. The API server says:\n\n${quoted(message)}`;
  return failed(parts, plan, { target: plan.target, state: 'error', title: firstLine(message), text });
}

/** Under another name and number, once the plan says so. */
async function again(parts: PlannerParts, request: ExecuteRequest, content: PlannedContent): Promise<Executed> {
  const { plan, delivery } = request;
  const { repository } = content;
  await dropGitAuthSecret(parts.client, plan);
  if ((plan.collision ?? 0) >= collisionsMax) {
    return refused(parts, plan, `${collisionsMax} names in a row belong to other objects`);
  }
  const newest = parts.history.newestAttempt(plan.series, plan.target, plan.namespace);
  const next = renamed(plan, delivery, repository, newest);
  parts.logger.warn('the name of a run belongs to another object', {
    run: `${plan.namespace}/${plan.name}`,
    next: next.name,
  });
  await request.replan(next);
  return make(parts, { ...request, plan: next }, content);
}

/** The run is there. What is left to do for its Secret never makes it fail. */
async function settle(
  parts: PlannerParts,
  plan: PlannedRun,
  run: PipelineRun,
  outcome: 'created' | 'adopted',
): Promise<Executed> {
  parts.runs.wrote(run);
  parts.metrics.run(outcome);
  const attempt = Number(run.metadata.annotations?.[penstockKeys.attempt] ?? plan.attempt);
  const { uid = '' } = run.metadata;
  const made: PlannedRun = { ...plan, attempt, outcome, uid };
  return { run: await ownSecret(parts, made, run) };
}

/** Gives the run its Secret for good; when that fails the run goes on, and it is tried again. */
export async function ownSecret(parts: PlannerParts, plan: PlannedRun, run: PipelineRun): Promise<PlannedRun> {
  const { secretUnowned: _before, ...owned } = plan;
  if (run.metadata.annotations?.[runKeys.gitAuthSecret] === undefined) return owned;
  try {
    await ownGitAuthSecret(parts.client, run);
    return owned;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return owned;
    parts.logger.error(`failed to patch pipelinerun ${plan.namespace}/${plan.name}: ${errorText(thrown)}`, {
      secret: gitAuthSecretName(plan.name),
    });
    return { ...owned, secretUnowned: true };
  }
}
