import { errorText } from '../../base/errors.ts';
import { type Forge, ForgeError, type RepositoryFile } from '../../forge/forge.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { DeliverySpec } from '../../forge/kinds/delivery.ts';
import type { CustomParam } from '../../forge/kinds/repository.ts';
import { runKeys } from '../../forge/kinds/run-keys.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { commentArgsOf } from '../commands/arguments.ts';
import { type ParsedComment, parseCommands } from '../commands/parse-commands.ts';
import { skipWordOf } from '../commands/skip-words.ts';
import {
  type EventFacts,
  type LoadedFolder,
  loadFolder,
  matchFolder,
  renderRun,
  withNames,
} from '../planner/definitions.ts';
import { matchFactsOf } from '../planner/facts.ts';
import { type Subject, isSubject, subjectOf } from '../planner/subject.ts';
import { readDefinitions } from '../resolve/read-definitions.ts';
import { KnownFolders } from '../resolve/known-folders.ts';
import { RemoteFetchError, type RemoteFetcher } from '../resolve/remote-fetcher.ts';
import type { Command, MatchResult } from '../types.ts';
import type { ExplainedDefinition, ExplainedEvent, MatchExplanation } from './explanation.ts';
import type { ReadEvent } from './read-event.ts';

/** What is explained, and from what. */
export interface ExplainOptions {
  readonly read: ReadEvent;
  /** The files of `.tekton`. */
  readonly definitions: readonly RepositoryFile[];
  /** Whom to ask about an event; `assume` is told what was taken for granted. */
  readonly forgeFor: (event: GitEvent, assume: (note: string) => void) => Forge;
  readonly fetcher: RemoteFetcher;
  readonly settings: Settings;
  /** Namespace of the Repository; absent = for each definition the one that it names. */
  readonly namespace?: string;
  readonly declaredParams: readonly CustomParam[];
  readonly readParamSecret: (param: CustomParam) => Promise<string | undefined>;
}

/**
 * Says for each event and definition, rule by rule, whether and why it would run; those that would are resolved too, to find
 * what is wrong in them. The very functions decide by which the server plans. Who may run things, and what ran before, is not
 * looked at. Throws `ForgeError` when the host that is asked does not answer.
 */
export async function explainMatch(options: ExplainOptions): Promise<MatchExplanation> {
  const { events, ignored } = options.read;
  const { problems } = readDefinitions(options.definitions);
  const explained: ExplainedEvent[] = [];
  for (const event of events) explained.push(await new EventExplainer(options, event).explain());
  return { events: explained, ...(ignored === undefined ? {} : { ignored }), problems };
}

/** Where a Repository is taken to be when nobody says. */
const namespaceDefault = 'default';
/** What stands for the name of the Secret with the credential for cloning: it is made with the run. */
const gitAuthSecretShown = 'pac-gitauth';

class EventExplainer {
  readonly #options: ExplainOptions;
  readonly #event: GitEvent;
  readonly #notes = new Set<string>();
  readonly #forge: Forge;

  constructor(options: ExplainOptions, event: GitEvent) {
    this.#options = options;
    this.#event = event;
    this.#forge = options.forgeFor(event, (note) => this.#notes.add(note));
  }

  async explain(): Promise<ExplainedEvent> {
    const comment = parseCommands(this.#event.comment?.body ?? '');
    for (const { text, message } of comment.problems) this.#notes.add(`${text}: ${message}`);
    const commands = comment.commands.filter(({ kind }) => kind !== 'cancel');
    if (commands.length < comment.commands.length) this.#notes.add('it cancels runs that are under way');
    const subject = await this.#subject(commands[0]);
    if (typeof subject === 'string') return this.#explained(undefined, [], subject);
    const { definitions: files, fetcher, settings } = this.#options;
    const place = { project: this.#event.project, sha: subject.sha };
    const written = loadFolder(files, { ...place, forge: this.#forge, fetcher, settings, known: new KnownFolders() });
    const facts = this.#facts(subject, commands);
    const loaded = await withNames(written, facts);
    const results = await this.#results(subject, commands, loaded, facts);
    const definitions: ExplainedDefinition[] = [];
    for (const result of results) definitions.push(await this.#definition(result, loaded, facts));
    return this.#explained(subject, definitions, this.#reasonForNothing(subject, comment, commands));
  }

  async #subject(command: Command | undefined): Promise<Subject | string> {
    const question = { event: this.#event, index: 0, forge: this.#forge, pin: undefined };
    const subject = await subjectOf(command === undefined ? question : { ...question, command });
    return isSubject(subject) ? subject : subject.message;
  }

  #facts(subject: Subject, commands: readonly Command[]): EventFacts {
    const { declaredParams, readParamSecret, namespace = namespaceDefault, read } = this.#options;
    const { pullRequest } = subject;
    const spec = read.delivery ?? ({ headers: read.headers } as DeliverySpec);
    const match = matchFactsOf(subject, { spec, forge: this.#forge, commands });
    return {
      event: this.#event,
      sha: subject.sha,
      match: read.delivery === undefined ? { ...match, body: read.body } : match,
      ...(pullRequest === undefined ? {} : { pullRequestNumber: pullRequest.number }),
      namespace,
      declaredParams,
      readParamSecret,
      commentArgs: commentArgsOf(this.#event, commands),
      givenParams: subject.givenParams,
    };
  }

  async #results(
    subject: Subject,
    commands: readonly Command[],
    loaded: LoadedFolder,
    facts: EventFacts,
  ): Promise<readonly MatchResult[]> {
    const names = [
      ...commands.flatMap(({ name }) => name ?? []),
      ...(subject.named === undefined ? [] : [subject.named]),
    ];
    const isForAll = names.length === 0 || commands.some(({ name }) => name === undefined);
    const results = new Map<string, MatchResult>();
    for (const namespace of this.#namespaces(loaded)) {
      const requests = [...(isForAll ? [{ namespace }] : []), ...names.map((name) => ({ namespace, name }))];
      for (const request of requests) {
        for (const result of await matchFolder(loaded, facts, request)) keepBest(results, result);
      }
    }
    const known = [...results.values()].filter(({ matched, by }) => matched && by === 'name');
    for (const name of names) {
      if (!known.some(({ definition }) => plainName(definition.name) === plainName(name))) {
        this.#notes.add(`no definition has the name "${name}"`);
      }
    }
    return [...results.values()];
  }

  #namespaces({ folder }: LoadedFolder): readonly string[] {
    const { namespace } = this.#options;
    if (namespace !== undefined) return [namespace];
    const named = folder.definitions.flatMap(({ annotations }) => annotations[runKeys.targetNamespace]?.trim() ?? []);
    return [...new Set([namespaceDefault, ...named])];
  }

  async #definition(result: MatchResult, loaded: LoadedFolder, facts: EventFacts): Promise<ExplainedDefinition> {
    const { definition, matched, by, rules, problem } = result;
    const { name, file, line } = definition;
    const found = { name, file, line, matched, by, rules };
    if (!matched || problem !== undefined)
      return { ...found, ...(problem === undefined ? {} : { problem }), warnings: [] };
    try {
      const rendered = await renderRun({ loaded, definition, facts, gitAuthSecret: gitAuthSecretShown });
      if (!rendered.ok) return { ...found, problem: rendered.problem, warnings: [] };
      return { ...found, warnings: rendered.warnings };
    } catch (thrown) {
      if (!(thrown instanceof ForgeError) && !(thrown instanceof RemoteFetchError)) throw thrown;
      const warning = {
        file,
        line,
        definition: name,
        message: `what it refers to could not be checked: ${errorText(thrown)}`,
      };
      return { ...found, warnings: [warning] };
    }
  }

  #reasonForNothing(subject: Subject, comment: ParsedComment, commands: readonly Command[]): string | undefined {
    if (comment.commands.length > 0 && commands.length === 0) return 'the comment only cancels';
    const [problem] = comment.problems;
    if (problem !== undefined && comment.commands.length === 0)
      return `the comment cannot be carried out: ${problem.message}`;
    const word = skipWordOf(this.#event, subject.revision.message);
    return word === undefined ? undefined : `the commit message says ${word}`;
  }

  #explained(
    subject: Subject | undefined,
    definitions: readonly ExplainedDefinition[],
    nothing: string | undefined,
  ): ExplainedEvent {
    return {
      summary: summaryOf(this.#event, subject),
      ...(subject === undefined ? {} : { sha: subject.sha }),
      ...(nothing === undefined ? {} : { nothing }),
      notes: [...this.#notes],
      definitions,
    };
  }
}

/** A definition matches if it does in one namespace, or in answer to one command. */
function keepBest(results: Map<string, MatchResult>, result: MatchResult): void {
  const { name } = result.definition;
  if (result.matched || !results.has(name)) results.set(name, result);
}

function plainName(name: string): string {
  return name.replace(/-$/, '');
}

function summaryOf({ eventType, actor, project, push }: GitEvent, subject: Subject | undefined): string {
  const about = subject?.pullRequest ? ` of pull request #${subject.pullRequest.number}` : '';
  const from = subject?.sourceBranch ?? push?.ref;
  const to = subject === undefined || subject.targetBranch === from ? '' : ` into ${subject.targetBranch}`;
  return `${eventType}${about} by ${actor.login} in ${project.url}${from === undefined ? '' : `: ${from}${to}`}`;
}
