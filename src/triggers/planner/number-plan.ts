/** Gives planned runs their names and numbers. Under the lock of their Repositories, from all that is remembered. */
import type { CancelIntent, Delivery, PlannedRun, StatusNotice } from '../../forge/kinds/delivery.ts';
import { lineOf, occurrenceOf, runNameOf, seriesOf } from '../../forge/kinds/identity.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { type History, receivedMs } from './history.ts';
import type { NoticeDraft } from './notices.ts';
import type { EventPlan, WantedRun } from './plan-event.ts';

/** The plan of one event as it is stored. */
export interface NumberedPlan {
  readonly runs: readonly PlannedRun[];
  readonly notices: readonly StatusNotice[];
  readonly cancels: readonly CancelIntent[];
  /** Deliveries that lead to the same runs. */
  readonly twins: readonly string[];
}

/** Names and numbers what `plan` wants. A run that another Delivery plans already, for the same occurrence, is left to it. */
export function numberPlan(plan: EventPlan, delivery: Delivery, history: History): NumberedPlan {
  const runs: PlannedRun[] = [];
  const cancels: CancelIntent[] = [];
  const twins = new Set<string>();
  for (const wanted of plan.runs) {
    const numbered = numberRun(wanted, delivery, history);
    if (typeof numbered === 'string') {
      twins.add(numbered);
      continue;
    }
    runs.push(numbered);
    if (wanted.supersedes) cancels.push(supersession(numbered, delivery));
  }
  const notices = plan.notices.map(({ repository, draft }) => numberNotice(draft, repository, history));
  return { runs, notices, cancels: [...plan.cancels, ...cancels], twins: [...twins] };
}

function numberRun(wanted: WantedRun, delivery: Delivery, history: History): PlannedRun | string {
  const { subject, repository, definition, target } = wanted;
  const { namespace, name } = keyOf(repository);
  const commit = { definition: definition.name, scope: subject.scope, sha: subject.sha };
  const series = seriesOf({ ...commit, repository: keyText(keyOf(repository)) });
  const { trigger, occurrence } = subject.event;
  const identity = { ...commit, repositoryUid: repository.metadata.uid ?? '', trigger, occurrence };
  const occurrenceHash = occurrenceOf(identity);
  const twin = history.twinOf(occurrenceHash, delivery.metadata.name ?? '');
  const isRepeat = delivery.spec.replayOf !== undefined && twin?.run.outcome === 'failed';
  if (twin !== undefined && !isRepeat) return twin.delivery;
  return {
    event: subject.index,
    namespace,
    repository: name,
    ...commit,
    name: runNameOf({ ...identity, collision: 0 }),
    attempt: history.newestAttempt(series, target, namespace) + 1,
    series,
    target,
    occurrence: occurrenceHash,
    eventType: wanted.eventType,
    outcome: 'planned',
    ...(wanted.supersedes ? { supersedes: true } : {}),
  };
}

function supersession(run: PlannedRun, delivery: Delivery): CancelIntent {
  const { event, namespace, repository, definition, scope } = run;
  return {
    event,
    namespace,
    repository,
    before: receivedMs(delivery),
    by: `a newer run for ${run.sha.slice(0, 10)}`,
    line: lineOf({ repository: `${namespace}/${repository}`, definition, scope }),
    supersededBy: run.name,
  };
}

/** A notice is an attempt of its own: it comes after all that was shown in its context, and a later run after it. */
function numberNotice(draft: NoticeDraft, repository: Repository, history: History): StatusNotice {
  const { namespace, name } = keyOf(repository);
  const attempt = history.newestAttempt('', draft.target, namespace) + 1;
  return { ...draft, namespace, repository: name, attempt, externalId: `${draft.state}-${attempt}` };
}

/** The run under the next name and number: its former name belongs to somebody else, or to another plan. */
export function renamed(run: PlannedRun, delivery: Delivery, repository: Repository, newest: number): PlannedRun {
  const event = delivery.spec.events[run.event];
  const collision = (run.collision ?? 0) + 1;
  const name = runNameOf({
    repositoryUid: repository.metadata.uid ?? '',
    definition: run.definition,
    scope: run.scope,
    sha: run.sha,
    trigger: event?.trigger ?? 'push',
    occurrence: event?.occurrence ?? '',
    collision,
  });
  return { ...run, name, collision, attempt: Math.max(newest, run.attempt) + 1 };
}
