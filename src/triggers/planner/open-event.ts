/** From an event to what it takes to work on it: its Repository, the host, the commit, the definitions. */
import type { Forge } from '../../forge/forge.ts';
import { accessOf } from '../../forge/access/access-of.ts';
import { globalRepositoryOf } from '../../forge/access/global-repository.ts';
import { type CompleteRepository, withDefaults } from '../../forge/access/with-defaults.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { Delivery, EventPin } from '../../forge/kinds/delivery.ts';
import type { CustomParam, Repository } from '../../forge/kinds/repository.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { commentArgsOf } from '../commands/arguments.ts';
import type { Command } from '../types.ts';
import { definitionsFolder, type EventFacts, type LoadedFolder, loadFolder } from './definitions.ts';
import { matchFactsOf } from './facts.ts';
import { candidatesOf, findRepository, type RepositoryQuestion } from './find-repository.ts';
import type { PlannerParts } from './planner-parts.ts';
import { type TokenScope, tokenScopeOf } from './token-scope.ts';
import { commitProject, type Subject } from './subject.ts';

/** An event whose Repository is known and whose host can be asked. */
export interface OpenEvent {
  readonly delivery: Delivery;
  readonly index: number;
  readonly event: GitEvent;
  readonly question: RepositoryQuestion;
  readonly repository: Repository;
  readonly complete: CompleteRepository;
  /** `namespace/name`. */
  readonly key: string;
  readonly forge: Forge;
}

/** Finds the Repository and its host; undefined when no Repository is about the event. Throws `UserError`. */
export async function openEvent(
  parts: PlannerParts,
  delivery: Delivery,
  index: number,
): Promise<OpenEvent | undefined> {
  const event = delivery.spec.events[index];
  if (event === undefined) return undefined;
  const { verifiedBy } = delivery.spec;
  const candidates = candidatesOf(parts.repositories, event.project.url);
  const question = { event, candidates, ...(verifiedBy === undefined ? {} : { verifiedBy }) };
  const repository = findRepository(question);
  return repository === undefined ? undefined : openFor(parts, { delivery, index, event, question, repository });
}

/** The same event under another Repository: where a definition names the namespace it belongs to. */
export async function openFor(
  parts: PlannerParts,
  found: Pick<OpenEvent, 'delivery' | 'index' | 'event' | 'question' | 'repository'>,
): Promise<OpenEvent> {
  const { event, repository } = found;
  const { systemNamespace, readSecret } = parts;
  const globalRepository = globalRepositoryOf(parts);
  const defaults = globalRepository === undefined ? {} : { globalRepository };
  const access = await accessOf({
    repository,
    ...defaults,
    systemNamespace,
    readSecret,
    forge: event.forge,
    ...(event.installationId === undefined ? {} : { installationId: event.installationId }),
  });
  return {
    ...found,
    complete: withDefaults(repository, globalRepository),
    key: keyText(keyOf(repository)),
    forge: parts.forges.open(access),
  };
}

/** The commit `.tekton` is read at: the event's own, or by policy the newest of the default branch, once it is known. */
export async function definitionsShaOf(
  { event, forge, complete }: OpenEvent,
  subject: Subject,
  pin: EventPin | undefined,
): Promise<string> {
  if (complete.spec.settings?.pipelinerun_provenance !== 'default_branch') return subject.sha;
  if (pin?.definitionsSha !== undefined) return pin.definitionsSha;
  return (await defaultBranchSha(forge, event)) ?? subject.sha;
}

/** The newest commit of the default branch. */
export async function defaultBranchSha(forge: Forge, { project }: GitEvent): Promise<string | undefined> {
  const branch = project.defaultBranch ?? (await forge.readProject(project))?.defaultBranch;
  return branch === undefined ? undefined : (await forge.readRevision(project, `refs/heads/${branch}`))?.sha;
}

/** Reads `.tekton` at `sha`. Throws `ForgeError`. */
export async function loadDefinitions(
  parts: PlannerParts,
  open: OpenEvent,
  subject: Subject,
  sha: string,
): Promise<LoadedFolder> {
  const { fetcher, settings, folders: known } = parts;
  const project = sourceOf(open, subject, sha);
  const { further } = scopeOfEvent(parts, open);
  const files = await open.forge.readFolder(project, sha, definitionsFolder);
  return loadFolder(files, { forge: open.forge, project, sha, further, fetcher, known, settings: settings() });
}

/** What tokens of this event may reach. */
export function scopeOfEvent({ settings, repositories }: PlannerParts, open: OpenEvent): TokenScope {
  const { namespace } = keyOf(open.repository);
  const { complete } = open;
  const { project } = open.event;
  return tokenScopeOf({ project, complete, namespace, settings: settings(), repositories: repositories.list() });
}

/** A commit of the default branch is in the event's project, whatever the pull request's own commits are in. */
function sourceOf({ event }: OpenEvent, subject: Subject, sha: string): GitEvent['project'] {
  return sha === subject.sha ? commitProject(event.forge, event.project, subject.pullRequest) : event.project;
}

/** What matching and templates may know of the event. */
export function factsOf(
  parts: PlannerParts,
  open: OpenEvent,
  subject: Subject,
  commands: readonly Command[],
): EventFacts {
  const { complete, forge, delivery } = open;
  const { pullRequest } = subject;
  return {
    event: open.event,
    sha: subject.sha,
    match: matchFactsOf(subject, { spec: delivery.spec, forge, commands }),
    ...(pullRequest === undefined ? {} : { pullRequestNumber: pullRequest.number }),
    namespace: keyOf(open.repository).namespace,
    declaredParams: complete.spec.params ?? [],
    readParamSecret: (param) => readParamSecret(parts, complete, param),
    commentArgs: commentArgsOf(open.event, commands),
    givenParams: subject.givenParams,
  };
}

async function readParamSecret(
  { readSecret }: PlannerParts,
  { secretNamespaces }: CompleteRepository,
  { secret_ref }: CustomParam,
): Promise<string | undefined> {
  if (secret_ref === undefined) return undefined;
  return readSecret(secretNamespaces.params, secret_ref.name, secret_ref.key ?? '');
}
