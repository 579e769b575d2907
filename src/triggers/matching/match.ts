/**
 * Which definitions an event is about, and why, rule by rule. Pure but for asking which files changed.
 *
 * What somebody wrote wrongly fails his own definition only, and is told in `problem`. A question that cannot be answered
 * because a host did not tell all changed files is answered with yes: a run too many is seen, a run too few is not.
 */
import { isNamed, plainName } from '../commands/named.ts';
import { parseCommands } from '../commands/parse-commands.ts';
import type { Definition, DefinitionProblem, MatchFacts, MatchResult, RuleResult } from '../types.ts';
import { matchAnnotations } from './match-annotations.ts';
import { askedOnce } from './changed-paths.ts';
import { MatchExpressions, mentionsLabels } from './match-expression.ts';
import { annotationOf, overriddenRules, problemOf, readRules, type RuleName, type Rules } from './rules.ts';

/** What is asked for, besides the event. */
export interface MatchRequest {
  /** Namespace of the Repository. */
  readonly namespace: string;
  /**
   * One definition by its name, whatever its annotations say: `/test NAME`, the `pipelinerun` of an incoming event or of a
   * schedule, the check that is to run again. A `generateName` is named with or without its final `-`.
   */
  readonly name?: string;
}

/**
 * Matches every definition, in their order. Rejects only if `changedFiles` does: then nothing is known, and the event is to
 * be tried again.
 */
export async function matchDefinitions(
  definitions: readonly Definition[],
  facts: MatchFacts,
  request: MatchRequest,
): Promise<readonly MatchResult[]> {
  const changedFiles = askedOnce(facts.changedFiles);
  const matching: Matching = {
    facts,
    request,
    changedFiles,
    expressions: new MatchExpressions(facts, changedFiles),
    plainComment: facts.comment !== undefined && parseCommands(facts.comment).commands.length === 0,
    others: definitionsByName(definitions),
  };
  const results: MatchResult[] = [];
  for (const definition of definitions) results.push(await matchOne(matching, definition));
  return results;
}

/** What is the same for all definitions of an event. */
interface Matching {
  readonly facts: MatchFacts;
  readonly request: MatchRequest;
  readonly changedFiles: MatchFacts['changedFiles'];
  readonly expressions: MatchExpressions;
  /** There is a comment and no command in it. */
  readonly plainComment: boolean;
  readonly others: ReadonlyMap<string, readonly Definition[]>;
}

function definitionsByName(definitions: readonly Definition[]): ReadonlyMap<string, readonly Definition[]> {
  return Map.groupBy(definitions, ({ name }) => plainName(name));
}

async function matchOne(matching: Matching, definition: Definition): Promise<MatchResult> {
  const { facts, request, expressions } = matching;
  const by = request.name === undefined ? decidedBy(definition) : 'name';
  const problem = duplicateProblem(matching, definition);
  if (problem !== undefined) return { definition, matched: false, by, rules: [], problem };
  const namespace = namespaceRule(definition, request);
  if (request.name !== undefined)
    return resultOf(definition, 'name', [...namespace, nameRule(definition, request.name)]);
  const read = readRules(definition, (source) => expressions.compile(source));
  if (!read.ok) return { definition, matched: false, by, rules: namespace, problem: read.problem };
  if (namespace.some(({ ok }) => !ok)) return resultOf(definition, by, namespace);
  const comment = commentRule(definition, read.rules, facts);
  if (comment?.ok === true) return resultOf(definition, 'comment', [...namespace, comment]);
  if (matching.plainComment) return resultOf(definition, 'comment', [...namespace, comment ?? noCommentRule(facts)]);
  const label = labelEventRule(read.rules, facts);
  if (label !== undefined) return resultOf(definition, by, [...namespace, label]);
  if (read.rules.expression !== undefined)
    return matchExpression(matching, definition, read.rules.expression, namespace);
  const { rules, problem: mistake } = await matchAnnotations(definition, read.rules, facts, matching.changedFiles);
  const result = resultOf(definition, 'annotations', [...namespace, ...rules]);
  return mistake === undefined ? result : { ...result, matched: false, problem: mistake };
}

function decidedBy(definition: Definition): MatchResult['by'] {
  return annotationOf(definition, 'on-cel-expression') === undefined ? 'annotations' : 'expression';
}

function resultOf(definition: Definition, by: MatchResult['by'], rules: readonly RuleResult[]): MatchResult {
  return { definition, matched: rules.length > 0 && rules.every(({ ok }) => ok), by, rules };
}

function duplicateProblem({ others }: Matching, definition: Definition): DefinitionProblem | undefined {
  const same = (others.get(plainName(definition.name)) ?? []).filter((other) => other !== definition);
  if (same.length === 0) return undefined;
  const places = same.slice(0, 3).map(({ file, line }) => `${file}:${line}`);
  const message = `another definition has the name "${definition.name}": ${places.join(', ')}`;
  return { ...problemOf(definition, undefined, message), field: 'metadata.name' };
}

function namespaceRule(definition: Definition, { namespace }: MatchRequest): readonly RuleResult[] {
  const wanted = annotationOf(definition, 'target-namespace')?.trim();
  if (wanted === undefined) return [];
  return [{ rule: 'target-namespace', wanted, found: namespace, ok: wanted === namespace }];
}

function nameRule({ name }: Definition, found: string): RuleResult {
  return { rule: 'name', wanted: name, found, ok: isNamed(name, found) };
}

/** Most characters of a comment that are shown. */
const commentShownMax = 100;

/** Only so much of a comment is compared with a regular expression. */
const commentMatchedMax = 10_000;

function commentRule(definition: Definition, { comment }: Rules, facts: MatchFacts): RuleResult | undefined {
  if (comment === undefined || facts.comment === undefined) return undefined;
  const wanted = annotationOf(definition, 'on-comment') ?? comment.source;
  const ok = comment.test(facts.comment.trim().slice(0, commentMatchedMax));
  return { rule: 'on-comment', wanted, found: shownComment(facts), ok };
}

function noCommentRule(facts: MatchFacts): RuleResult {
  return { rule: 'on-comment', wanted: notSet, found: shownComment(facts), ok: false };
}

/** What is told of an annotation that is not there. */
const notSet = '(not set)';

function shownComment({ comment }: MatchFacts): string {
  return (comment ?? '').trim().slice(0, commentShownMax);
}

/** Of an event of which nothing but labels is new, whatever the host calls it. */
const labelEventType = 'pull_request_labeled';

/** When only labels changed, a definition that says nothing of labels is not asked again. */
function labelEventRule({ labels, expression }: Rules, facts: MatchFacts): RuleResult | undefined {
  if (facts.eventType !== labelEventType) return undefined;
  if (expression !== undefined) {
    if (mentionsLabels(expression.mentions)) return undefined;
    return {
      rule: 'on-cel-expression',
      wanted: expression.source,
      found: 'only labels changed, and it names none',
      ok: false,
    };
  }
  if (labels !== undefined) return undefined;
  return { rule: 'on-label', wanted: notSet, found: 'only labels changed', ok: false };
}

async function matchExpression(
  { expressions }: Matching,
  definition: Definition,
  expression: NonNullable<Rules['expression']>,
  before: readonly RuleResult[],
): Promise<MatchResult> {
  const overridden = overriddenRules.flatMap((rule) => overriddenRule(definition, rule));
  const verdict = await expressions.evaluate(expression);
  const answer = (found: string, ok: boolean): MatchResult => {
    const own = { rule: 'on-cel-expression', wanted: expression.source, found, ok };
    return resultOf(definition, 'expression', [...before, own, ...overridden]);
  };
  if (verdict.kind === 'decided') return answer(String(verdict.matched), verdict.matched);
  if (verdict.kind === 'depends') return answer('unknown: the host did not tell all changed files', true);
  const answered = answer(verdict.message, false);
  if (verdict.kind === 'no-answer') return answered;
  return { ...answered, problem: problemOf(definition, 'on-cel-expression', verdict.message) };
}

function overriddenRule(definition: Definition, rule: RuleName): readonly RuleResult[] {
  const wanted = annotationOf(definition, rule);
  return wanted === undefined ? [] : [{ rule, wanted, found: 'overridden by on-cel-expression', ok: true }];
}
