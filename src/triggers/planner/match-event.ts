/** Which definitions of a commit an event is about. */
import { runKeys } from '../../forge/kinds/run-keys.ts';
import { keyOf } from '../../kube/object.ts';
import type { Command, MatchResult } from '../types.ts';
import { type LoadedFolder, matchFolder } from './definitions.ts';
import { inNamespace } from './find-repository.ts';
import { targetOf } from './notices.ts';
import { factsOf, type OpenEvent } from './open-event.ts';
import type { PlannerParts } from './planner-parts.ts';
import type { RerunScope } from './rerun.ts';
import type { Subject } from './subject.ts';

/** What is run of which definitions. */
export interface Selection {
  readonly commands: readonly Command[];
  /** Asked for by a button at a check. */
  readonly rerun?: RerunScope;
  /** Params that come out of Secrets have no value for rules. */
  readonly secretsWithheld?: boolean;
}

/** What the rules of all definitions said. */
export interface Matched {
  readonly results: readonly MatchResult[];
  /** Names that were asked for and that nothing has. */
  readonly missing: readonly string[];
}

/** Matches for every namespace that definitions name, by rules or by name. Throws `ForgeError`. */
export async function matchedIn(
  parts: PlannerParts,
  open: OpenEvent,
  subject: Subject,
  { commands, rerun, secretsWithheld = false }: Selection,
  folder: LoadedFolder,
): Promise<Matched> {
  const known = factsOf(parts, open, subject, commands);
  const facts = secretsWithheld ? { ...known, readParamSecret: () => Promise.resolve(undefined) } : known;
  const names = [
    ...commands.flatMap(({ name }) => (name === undefined ? [] : [name])),
    ...(subject.named === undefined ? [] : [subject.named]),
    ...namesOfContexts(folder, subject, rerun?.contexts, parts),
  ];
  const all =
    commands.some(({ name }) => name === undefined) ||
    (commands.length === 0 && subject.named === undefined && rerun?.contexts === undefined);
  const results = new Map<string, MatchResult>();
  const found = new Set<string>();
  for (const namespace of namespacesFor(open, folder)) {
    for (const result of all ? await matchFolder(folder, facts, { namespace }) : []) keep(results, result);
    for (const name of names) {
      const named = (await matchFolder(folder, facts, { namespace, name })).find(({ matched }) => matched);
      if (named === undefined) continue;
      found.add(name);
      results.set(named.definition.name, named);
    }
  }
  const missing = names.filter((name) => !found.has(name));
  const isPlainComment = subject.event.comment !== undefined && commands.length === 0;
  const kept = [...results.values()].filter(({ by }) => !isPlainComment || by === 'comment');
  return { results: kept, missing };
}

/** The namespace of the event's Repository, and those that definitions name and that have a Repository for it. */
function namespacesFor(open: OpenEvent, { folder }: LoadedFolder): readonly string[] {
  const named = folder.definitions.flatMap(({ annotations }) => annotations[runKeys.targetNamespace]?.trim() ?? []);
  const there = named.filter((namespace) => inNamespace(open.question, namespace) !== undefined);
  return [...new Set([keyOf(open.repository).namespace, ...there])];
}

/** A definition matches if it does in the namespace it names. */
function keep(results: Map<string, MatchResult>, result: MatchResult): void {
  const { name } = result.definition;
  if (result.matched || !results.has(name)) results.set(name, result);
}

/** The definitions whose checks these are. */
function namesOfContexts(
  { folder: { definitions } }: LoadedFolder,
  subject: Subject,
  contexts: readonly string[] | undefined,
  parts: PlannerParts,
): readonly string[] {
  if (contexts === undefined) return [];
  const settings = parts.settings();
  return definitions
    .map(({ name }) => name)
    .filter((name) => contexts.includes(targetOf(subject, name, settings).context));
}
