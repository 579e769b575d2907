import type { Delivery } from '../../forge/kinds/delivery.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { StatusTarget } from '../../forge/forge.ts';
import { contextOf } from '../../forge/kinds/contexts.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { candidatesOf, findRepository } from './find-repository.ts';
import { firstLine, quoted } from './notices.ts';
import { definitionsFolder } from './definitions.ts';
import type { EventPlan } from './plan-event.ts';
import type { PlannerParts } from './planner-parts.ts';

/** An event that leads nowhere for good: shown at its commit, if one is known, in the words of who refused. */
export function refusedEvent(parts: PlannerParts, delivery: Delivery, index: number, message: string): EventPlan {
  const outcome = { event: index, reason: 'Failed', message };
  const event = delivery.spec.events[index];
  const sha =
    delivery.status?.pins?.find((pin) => pin.event === index)?.sha ??
    event?.revision?.sha ??
    event?.pullRequest?.headSha;
  const empty: EventPlan = { outcome, runs: [], notices: [], cancels: [] };
  if (event === undefined || sha === undefined || event.comment !== undefined) return empty;
  const { verifiedBy } = delivery.spec;
  const candidates = candidatesOf(parts.repositories, event.project.url);
  const repository = findRepository({ event, candidates, ...(verifiedBy === undefined ? {} : { verifiedBy }) });
  const target = targetOfEvent(event, sha, parts.settings());
  if (repository === undefined || target === undefined) return empty;
  const text = `\`${definitionsFolder}\` could not be used for commit ${sha.slice(0, 10)}:\n\n${quoted(message)}`;
  return { ...empty, notices: [{ repository, draft: { target, state: 'error', title: firstLine(message), text } }] };
}

function targetOfEvent(event: GitEvent, sha: string, settings: Settings): StatusTarget | undefined {
  const { pullRequest, push, project } = event;
  if (pullRequest === undefined && push === undefined) return undefined;
  const { applicationName, statusContextScope } = settings;
  const place = pullRequest === undefined ? { ref: push?.ref ?? '' } : { pullRequest: pullRequest.number };
  return {
    project,
    sha,
    context: contextOf({ applicationName, definition: definitionsFolder, ...place }, statusContextScope),
    ...(pullRequest === undefined
      ? { ref: push?.ref ?? '' }
      : { pullRequest: { number: pullRequest.number, headProject: pullRequest.headProject } }),
  };
}
