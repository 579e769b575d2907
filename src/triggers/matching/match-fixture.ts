/** Definitions and events for tests of matching. */
import { present } from '../../base/assert.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import type { Definition, MatchFacts, MatchResult } from '../types.ts';
import { matchDefinitions, type MatchRequest } from './match.ts';

/** Nothing changed. */
export const noFiles: ChangedFiles = { added: [], modified: [], deleted: [], renamed: [], truncated: false };

/** A definition by its name and the annotations without their prefix. */
export function definition(name: string, annotations: Readonly<Record<string, string>>): Definition {
  return {
    name,
    file: `.tekton/${name}.yaml`,
    line: 1,
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`pipelinesascode.tekton.dev/${key}`, value]),
    ),
    object: {},
  };
}

/** What a test says of an event. */
export interface Given extends Partial<MatchFacts> {
  /** Paths that were modified. */
  readonly paths?: readonly string[];
  readonly truncated?: boolean;
}

/** A pull request from `topic` into `main`, but for what is given. */
export function facts(given: Given): MatchFacts {
  const trigger = given.trigger ?? 'pull_request';
  return {
    trigger,
    eventType: trigger,
    eventTitle: 'a title',
    targetBranch: 'main',
    sourceBranch: 'topic',
    targetUrl: 'https://git.example/a/b',
    sourceUrl: 'https://git.example/me/b',
    labels: [],
    body: {},
    headers: {},
    params: {},
    changedFiles: () =>
      Promise.resolve({ ...noFiles, modified: given.paths ?? [], truncated: given.truncated ?? false }),
    ...given,
  };
}

/** What is said of one definition with these annotations. */
export async function match(
  annotations: Readonly<Record<string, string>>,
  given: Given = {},
  request: MatchRequest = { namespace: 'team' },
): Promise<MatchResult> {
  const [result] = await matchDefinitions([definition('a', annotations)], facts(given), request);
  return present(result, 'a result for each definition');
}

/** What was said, in one line each. */
export function told(result: MatchResult): readonly string[] {
  return [
    `${result.matched ? 'runs' : 'does not run'} by ${result.by}`,
    ...result.rules.map(({ rule, wanted, found, ok }) => `${ok ? '+' : '-'} ${rule}: ${wanted} / ${found}`),
    ...(result.problem === undefined ? [] : [`! ${result.problem.field}: ${result.problem.message}`]),
  ];
}

/** For pull requests into main. */
export const onPull: Readonly<Record<string, string>> = { 'on-event': 'pull_request', 'on-target-branch': 'main' };
/** For pushes to main and branches of releases. */
export const onPush: Readonly<Record<string, string>> = {
  'on-event': '[push]',
  'on-target-branch': '[main, release-*]',
};
