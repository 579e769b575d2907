/** on-event, on-target-branch, on-label, on-path-change, on-path-change-ignore. */
import type { ChangedFiles } from '../../forge/forge.ts';
import type { Definition, DefinitionProblem, MatchFacts, RuleResult } from '../types.ts';
import { searchPaths } from './changed-paths.ts';
import { annotationOf, problemOf, type RuleName, type Rules } from './rules.ts';

/** What the annotations of a definition say to an event. */
export interface AnnotationsResult {
  /** Those that were looked at: paths are not when another rule has said no. */
  readonly rules: readonly RuleResult[];
  readonly problem?: DefinitionProblem;
}

/** Asks which files changed only if everything else matches and there is a rule about them. */
export async function matchAnnotations(
  definition: Definition,
  rules: Rules,
  facts: MatchFacts,
  changedFiles: () => Promise<ChangedFiles>,
): Promise<AnnotationsResult> {
  const told = (rule: RuleName, found: string, ok: boolean): RuleResult => ({
    rule,
    wanted: annotationOf(definition, rule) ?? '(not set)',
    found,
    ok,
  });
  const accepted = facts.trigger === 'incoming' ? ['incoming', 'push'] : [facts.trigger];
  const cheap = [
    told(
      'on-event',
      facts.trigger,
      rules.events?.some((event) => (accepted as readonly string[]).includes(event)) ?? false,
    ),
    told(
      'on-target-branch',
      facts.targetBranch,
      rules.branches?.some((branch) => branch.matches(facts.targetBranch)) ?? false,
    ),
    ...(rules.labels === undefined ? [] : [told('on-label', labelsShown(facts), hasLabel(rules.labels, facts))]),
  ];
  const asksForFiles = rules.paths !== undefined || rules.ignoredPaths !== undefined;
  if (!asksForFiles || cheap.some(({ ok }) => !ok)) return { rules: cheap };
  const paths = matchPaths(rules, await changedFiles(), told);
  if (paths !== undefined) return { rules: [...cheap, ...paths] };
  return { rules: cheap, problem: problemOf(definition, 'on-path-change', 'too many globs for so many changed files') };
}

function hasLabel(wanted: readonly string[], { labels }: MatchFacts): boolean {
  return wanted.some((label) => labels.includes(label));
}

function labelsShown({ labels }: MatchFacts): string {
  return labels.length === 0 ? 'no label' : labels.join(', ');
}

/** undefined = it would take too many steps. */
function matchPaths(
  rules: Rules,
  files: ChangedFiles,
  told: (rule: RuleName, found: string, ok: boolean) => RuleResult,
): readonly RuleResult[] | undefined {
  const results: RuleResult[] = [];
  const among = (count: number): string =>
    files.truncated
      ? `none of ${count} changed files, but the host did not tell all`
      : `none of ${count} changed files`;
  if (rules.paths !== undefined) {
    const search = searchPaths(rules.paths, files);
    if ('tooMany' in search) return undefined;
    const found = search.found ?? among(search.outOf);
    results.push(told('on-path-change', found, search.found !== undefined || files.truncated));
  }
  if (rules.ignoredPaths !== undefined) {
    const search = searchPaths(rules.ignoredPaths, files);
    if ('tooMany' in search) return undefined;
    results.push(told('on-path-change-ignore', search.found ?? among(search.outOf), search.found === undefined));
  }
  return results;
}
