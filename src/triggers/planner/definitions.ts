/** What is done with the definitions of a commit: matched, and made into runs. */
import type { ChangedFiles, Forge, RepositoryFile } from '../../forge/forge.ts';
import type { GitEvent, Project } from '../../forge/git-event.ts';
import type { CustomParam } from '../../forge/kinds/repository.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { maskerOf } from '../../telemetry/secret-mask.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { matchDefinitions } from '../matching/match.ts';
import type { KnownFolders } from '../resolve/known-folders.ts';
import { runNameCharactersMax, type TektonFolder } from '../resolve/read-definitions.ts';
import { forgeSources, RemoteDocuments } from '../resolve/remote-documents.ts';
import type { RemoteFetcher } from '../resolve/remote-fetcher.ts';
import { resolveDefinition } from '../resolve/resolve-definition.ts';
import { type CustomParams, customParams } from '../templates/custom-params.ts';
import { expandText, TemplateBudget, TemplateLimitError } from '../templates/expand.ts';
import { findPlaceholders } from '../templates/placeholders.ts';
import { standardVariables } from '../templates/standard-variables.ts';
import type { Definition, DefinitionProblem, MatchFacts, MatchResult, TemplateFacts } from '../types.ts';

/** Where definitions are. */
export const definitionsFolder = '.tekton';

/** `.tekton` of one commit. */
export interface LoadedFolder {
  readonly folder: TektonFolder;
  /** What annotations name elsewhere: fetched once for all runs of the commit. */
  readonly remote: RemoteDocuments;
}

/** What is known of an event. */
export interface EventFacts {
  readonly event: GitEvent;
  readonly sha: string;
  readonly match: Omit<MatchFacts, 'params'>;
  readonly pullRequestNumber?: number;
  /** Namespace of the Repository, where the run is made. */
  readonly namespace: string;
  /** Params that the Repository declares, and how their secrets are read. */
  readonly declaredParams: readonly CustomParam[];
  readonly readParamSecret: (param: CustomParam) => Promise<string | undefined>;
  /** Of the comment that asks. */
  readonly commentArgs: Readonly<Record<string, string>>;
  /** Of an incoming webhook or a schedule. */
  readonly givenParams: Readonly<Record<string, string>>;
}

/** What one run is made from. */
export interface RenderRequest {
  readonly loaded: LoadedFolder;
  readonly definition: Definition;
  readonly facts: EventFacts;
  readonly gitAuthSecret?: string;
}

/** A run, ready but for its metadata; or why there cannot be one. */
export type Rendered =
  | {
      readonly ok: true;
      readonly run: PipelineRun;
      readonly warnings: readonly DefinitionProblem[];
      /** About the Repository's params: sentences for its owner. */
      readonly complaints: readonly string[];
      /** Hides what came out of Secrets into the run, in what others say of it. */
      readonly mask: (text: string) => string;
    }
  | { readonly ok: false; readonly problem: DefinitionProblem };

/** Where `.tekton` is read. */
export interface FolderSource {
  readonly forge: Forge;
  readonly project: Project;
  readonly sha: string;
  /** Of other projects, `owner/name`, those that may be read with a credential of their own. */
  readonly further?: readonly string[] | 'all';
  readonly fetcher: RemoteFetcher;
  readonly settings: Settings;
  /** Folders that were read before. */
  readonly known: KnownFolders;
}

/** Reads what was found in `.tekton` of a commit. */
export function loadFolder(files: readonly RepositoryFile[], source: FolderSource): LoadedFolder {
  const { forge, project, sha, further = [], fetcher, settings, known } = source;
  const { catalogs, remoteTasks } = settings;
  const sources = forgeSources({ forge, project, sha, further, fetcher, catalogs, remoteTasks });
  return { folder: known.read(files), remote: new RemoteDocuments(sources) };
}

/** Annotations that are read before there is a run. Expressions have variables of their own: a text must not become code. */
const readEarly = /^pipelinesascode\.tekton\.dev\/(?!on-cel-expression$)/;

/**
 * The folder with placeholders replaced in what definitions are known and matched by: their names and annotations. What a
 * `secret_ref` leads to is left out, since names are shown. Done again for the same event it gives the same.
 */
export async function withNames(loaded: LoadedFolder, facts: EventFacts): Promise<LoadedFolder> {
  const { folder } = loaded;
  if (!folder.definitions.some(hasPlaceholder)) return loaded;
  const shown = { ...facts, readParamSecret: () => Promise.resolve(undefined) };
  const { variables } = await paramsOf(shown);
  const template = { ...(await templateFacts(shown)), variables };
  const budget = new TemplateBudget();
  const definitions = folder.definitions.map((definition) => named(definition, template, budget));
  return { ...loaded, folder: { ...folder, definitions } };
}

function hasPlaceholder({ name, annotations }: Definition): boolean {
  const isIn = (text: string): boolean => findPlaceholders(text).length > 0;
  return isIn(name) || Object.entries(annotations).some(([key, value]) => readEarly.test(key) && isIn(value));
}

/** One that asks for more than may be replaced stays as it is written: making a run of it says what is wrong. */
function named(definition: Definition, template: TemplateFacts, budget: TemplateBudget): Definition {
  if (!hasPlaceholder(definition)) return definition;
  try {
    const annotations = Object.entries(definition.annotations).map(([key, value]): [string, string] => [
      key,
      readEarly.test(key) ? expandText(value, template, budget) : value,
    ]);
    const name = expandText(definition.name, template, budget)
      .trim()
      .replaceAll(/\s*[\r\n]\s*/g, '-');
    return {
      ...definition,
      name: name.slice(0, runNameCharactersMax) || definition.name,
      annotations: Object.fromEntries(annotations),
    };
  } catch (thrown) {
    if (thrown instanceof TemplateLimitError) return definition;
    throw thrown;
  }
}

/**
 * Holds every definition against the event, for the Repository of `namespace`; with `name`, the one of that name whatever
 * its rules say. Throws `ForgeError` when the host cannot say which files changed.
 */
export async function matchFolder(
  { folder }: LoadedFolder,
  facts: EventFacts,
  request: { readonly namespace: string; readonly name?: string },
): Promise<readonly MatchResult[]> {
  const { params } = await paramsOf(facts);
  const declaredParams = facts.declaredParams.map(({ name }) => name);
  return matchDefinitions(folder.definitions, { ...facts.match, params, declaredParams }, request);
}

/** Makes a run of a definition. Throws `ForgeError` and `RemoteFetchError` only when trying again may help. */
export async function renderRun({ loaded, definition, facts, gitAuthSecret }: RenderRequest): Promise<Rendered> {
  const { folder, remote } = loaded;
  const { variables, secretValues, complaints } = await paramsOf(facts, gitAuthSecret);
  const mask = maskerOf(secretValues);
  const template = { ...(await templateFacts(facts, gitAuthSecret)), variables };
  const resolution = await resolveDefinition(definition, {
    folder,
    remote,
    facts: template,
    changedFiles: facts.match.changedFiles,
  });
  if (!resolution.ok) return { ok: false, problem: masked(resolution.problem, mask) };
  const run = resolution.pipelineRun as unknown as PipelineRun;
  const warnings = resolution.warnings.map((warning) => masked(warning, mask));
  return { ok: true, run, warnings, complaints: complaints.map(mask), mask };
}

function masked(problem: DefinitionProblem, mask: (text: string) => string): DefinitionProblem {
  return { ...problem, message: mask(problem.message) };
}

async function paramsOf(facts: EventFacts, gitAuthSecret?: string): Promise<CustomParams> {
  return customParams({
    declared: facts.declaredParams,
    template: await templateFacts(facts, gitAuthSecret),
    readSecret: facts.readParamSecret,
    commentArgs: facts.commentArgs,
    givenParams: facts.givenParams,
  });
}

async function templateFacts(facts: EventFacts, gitAuthSecret?: string): Promise<TemplateFacts> {
  const { event, sha, match, namespace, pullRequestNumber } = facts;
  const variables = standardVariables({
    event,
    sha,
    match,
    targetNamespace: namespace,
    ...(pullRequestNumber === undefined ? {} : { pullRequestNumber }),
    ...(gitAuthSecret === undefined ? {} : { gitAuthSecret }),
  });
  return { variables, body: match.body, headers: match.headers, files: await filesFor(facts) };
}

/** The changed files, where a param's filter speaks of them; templates ask for them when they are resolved. */
async function filesFor({ declaredParams, match }: EventFacts): Promise<ChangedFiles | undefined> {
  const isAsked = declaredParams.some(({ filter }) => filter !== undefined && /\bfiles\b/.test(filter));
  return isAsked ? match.changedFiles() : undefined;
}
