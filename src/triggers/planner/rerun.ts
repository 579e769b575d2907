import type { CommitStatus } from '../../forge/kinds/commit-status.ts';
import type { OpenEvent } from './open-event.ts';
import type { PlannerParts } from './planner-parts.ts';

/** A pull request or ref whose checks are asked for again. */
export interface RerunScope {
  readonly pullRequest?: number;
  readonly ref?: string;
  /** Contexts of the checks; absent = all that did not succeed. */
  readonly contexts?: readonly string[];
}

/**
 * What a button at a check is about, from what Penstock showed there: one check is one definition, in its own pull
 * request or branch; a suite is everything that was shown at the commit. Where nothing is remembered, what the host says.
 */
export function rerunScopes({ history }: PlannerParts, { event, key }: OpenEvent): readonly RerunScope[] {
  const { rerun, revision } = event;
  if (rerun === undefined || revision === undefined) return [];
  const shown = history.statusesOf(key, revision.sha);
  if (rerun.scope === 'check') {
    const { context, externalId } = rerun;
    const status =
      shown.find(({ spec }) => context !== undefined && spec.report.context === context) ??
      shown.find(({ spec }) => externalId !== undefined && spec.report.externalId === externalId);
    if (status !== undefined) return [{ ...placeOf(status), contexts: [status.spec.report.context] }];
    const places = placesByHost(event);
    return context === undefined ? places : places.map((place) => ({ ...place, contexts: [context] }));
  }
  const places = new Map(shown.map((status) => [JSON.stringify(placeOf(status)), placeOf(status)]));
  return places.size > 0 ? [...places.values()] : placesByHost(event);
}

function placeOf({ spec }: CommitStatus): RerunScope {
  const { pullRequest, ref } = spec.report;
  if (pullRequest !== undefined) return { pullRequest: pullRequest.number };
  return ref === undefined ? {} : { ref };
}

function placesByHost({ rerun }: OpenEvent['event']): readonly RerunScope[] {
  const numbers = rerun?.pullRequestNumbers ?? [];
  if (numbers.length > 0) return numbers.map((pullRequest) => ({ pullRequest }));
  return rerun?.branch === undefined ? [] : [{ ref: `refs/heads/${rerun.branch}` }];
}
