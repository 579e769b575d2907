/** What Penstock itself remembers of a commit: plans, runs and statuses, by the names they share. */
import { fromRfc3339 } from '../../base/clock.ts';
import type { Indexers } from '../../controller/contract.ts';
import type { StatusTarget } from '../../forge/forge.ts';
import type { CommitStatus } from '../../forge/kinds/commit-status.ts';
import type { CancelIntent, Delivery, PlannedRun } from '../../forge/kinds/delivery.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { isNamed } from '../commands/named.ts';
import { isCancellable, orderOf } from './cancel-runs.ts';
import type { FreshLister } from './recent-writes.ts';
import { runStateOf } from './run-state.ts';

/** Milliseconds since the epoch at which a Delivery came in: the order of its runs. */
export function receivedMs(delivery: Delivery): number {
  return fromRfc3339(delivery.spec.receivedAt) ?? 0;
}

function contextKey(target: Pick<StatusTarget, 'sha' | 'context'>): string {
  return `${target.sha} ${target.context}`;
}

function commitKey(repository: string, scope: string, sha: string): string {
  return `${repository} ${scope} ${sha}`;
}

function repositoryKeyOf(place: { readonly namespace: string; readonly repository: string }): string {
  return `${place.namespace}/${place.repository}`;
}

const runRepository = (run: PipelineRun): string =>
  `${run.metadata.namespace ?? ''}/${run.metadata.annotations?.[runKeys.repository] ?? ''}`;

/** Longest chain of repetitions of repetitions. */
const repetitionsMax = 20;

/** How Deliveries are found. */
export const deliveryIndexers: Indexers<Delivery> = {
  occurrence: ({ status }) => (status?.runs ?? []).map(({ occurrence }) => occurrence),
  series: ({ status }) => (status?.runs ?? []).map(({ series }) => series),
  commit: ({ status }) => (status?.runs ?? []).map((run) => commitKey(repositoryKeyOf(run), run.scope, run.sha)),
  context: ({ status }) => (status?.notices ?? []).map(({ target }) => contextKey(target)),
  cancels: ({ status }) => (status?.cancels ?? []).map(repositoryKeyOf),
  line: ({ status }) => (status?.runs ?? []).map((run) => lineKey(run)),
  pull: ({ spec }) =>
    spec.events.flatMap(({ project, pullRequest }) =>
      pullRequest === undefined ? [] : [`${project.url}#${pullRequest.number}`],
    ),
};

/** Plans of one definition and scope. */
function lineKey(run: Pick<PlannedRun, 'namespace' | 'repository' | 'definition' | 'scope'>): string {
  return `${repositoryKeyOf(run)} ${run.definition} ${run.scope}`;
}

/** How runs are found. */
export const runIndexers: Indexers<PipelineRun> = {
  series: ({ metadata }) => valueOf(metadata.labels?.[penstockKeys.series]),
  line: ({ metadata }) => valueOf(metadata.labels?.[penstockKeys.line]),
  commit: (run) => {
    const { annotations } = run.metadata;
    const scope = annotations?.[penstockKeys.scope];
    return scope === undefined ? [] : [commitKey(runRepository(run), scope, annotations?.[runKeys.sha] ?? '')];
  },
  cancellable: (run) => (orderOf(run) !== undefined && isCancellable(run) ? [runRepository(run)] : []),
};

/** How statuses are found. */
export const statusIndexers: Indexers<CommitStatus> = {
  context: ({ spec }) => [contextKey(spec.report)],
  sha: ({ spec }) => [spec.report.sha],
};

function valueOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

/** The caches it reads, with what this process wrote last. */
export interface HistoryParts {
  readonly deliveries: FreshLister<Delivery>;
  readonly runs: FreshLister<PipelineRun>;
  readonly statuses: FreshLister<CommitStatus>;
}

/** How the attempts of one series stand. */
export interface SeriesState {
  readonly succeeded: boolean;
  readonly unfinished: boolean;
}

export class History {
  readonly #parts: HistoryParts;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** The number of the newest attempt that anything tells of: in this series, or in this context of the commit. */
  newestAttempt(series: string, target: StatusTarget, namespace: string): number {
    const { deliveries, runs, statuses } = this.#parts;
    const key = contextKey(target);
    const ofRuns = runs
      .byIndex('series', series)
      .map(({ metadata }) => Number(metadata.annotations?.[penstockKeys.attempt] ?? 0));
    const ofStatuses = statuses
      .byIndex('context', key)
      .filter(
        ({ metadata, spec }) => metadata.namespace === namespace && spec.report.project.url === target.project.url,
      )
      .map(({ spec }) => spec.attempt);
    const ofPlans = deliveries
      .byIndex('series', series)
      .flatMap(({ status }) => (status?.runs ?? []).filter((run) => run.series === series))
      .map(({ attempt }) => attempt);
    const ofNotices = deliveries
      .byIndex('context', key)
      .flatMap(({ status }) => (status?.notices ?? []).filter((notice) => contextKey(notice.target) === key))
      .map(({ attempt }) => attempt);
    return Math.max(0, ...[...ofRuns, ...ofStatuses, ...ofPlans, ...ofNotices].filter(Number.isSafeInteger));
  }

  /** The plan of another Delivery for the same occurrence: this one is a copy of that event. */
  twinOf(occurrence: string, delivery: string): { readonly delivery: string; readonly run: PlannedRun } | undefined {
    for (const other of this.#parts.deliveries.byIndex('occurrence', occurrence)) {
      const run = other.status?.runs?.find((planned) => planned.occurrence === occurrence);
      const name = other.metadata.name ?? '';
      if (run !== undefined && name !== delivery) return { delivery: name, run };
    }
    return undefined;
  }

  /** From runs that are there, and from statuses, which outlive them. */
  seriesState(series: string, target: StatusTarget, namespace: string): SeriesState {
    const { runs, statuses, deliveries } = this.#parts;
    const states = runs.byIndex('series', series).map(runStateOf);
    const shown = statuses
      .byIndex('context', contextKey(target))
      .filter(
        ({ metadata, spec }) => metadata.namespace === namespace && spec.report.project.url === target.project.url,
      )
      .map(({ spec }) => spec.report.state);
    const planned = deliveries
      .byIndex('series', series)
      .some(({ status }) => (status?.runs ?? []).some((run) => run.series === series && run.outcome === 'planned'));
    return {
      succeeded: states.includes('succeeded') || shown.includes('succeeded'),
      unfinished: planned || states.includes('unfinished'),
    };
  }

  /** Whether anything of this commit was run for this pull request before. */
  ranBefore(repository: string, scope: string, sha: string): boolean {
    const key = commitKey(repository, scope, sha);
    const { deliveries, runs, statuses } = this.#parts;
    const isPlan = (run: PlannedRun): boolean =>
      commitKey(repositoryKeyOf(run), run.scope, run.sha) === key && run.outcome !== 'failed';
    if (runs.byIndex('commit', key).length > 0) return true;
    if (deliveries.byIndex('commit', key).some(({ status }) => (status?.runs ?? []).some(isPlan))) return true;
    return statuses
      .byIndex('sha', sha)
      .some(
        ({ metadata, spec }) =>
          spec.run !== undefined &&
          `${metadata.namespace ?? ''}/${spec.repository}` === repository &&
          `pr-${spec.report.pullRequest?.number ?? 0}` === scope,
      );
  }

  /** The head that a pull request is known to have had when `delivery` came in, if it was another than `sha`. */
  headBefore(delivery: Delivery, projectUrl: string, number: number, sha: string): string | undefined {
    const limitMs = this.#writtenMs(delivery);
    if (limitMs === undefined) return 'a commit nobody remembers';
    const known = this.#parts.deliveries
      .byIndex('pull', `${projectUrl}#${number}`)
      .filter((other) => receivedMs(other) < limitMs && other.metadata.name !== delivery.metadata.name)
      .sort((a, b) => receivedMs(b) - receivedMs(a))
      .flatMap(({ spec }) => spec.events)
      .find((event) => event.trigger === 'pull_request' && event.pullRequest?.number === number);
    const head = known?.pullRequest?.headSha;
    // Some hosts abbreviate the head in their events.
    return head === undefined || sha.startsWith(head) ? undefined : head;
  }

  /** When what a Delivery tells happened: a repetition tells of what was before. Undefined = the first one is gone. */
  #writtenMs(delivery: Delivery): number | undefined {
    let first: Delivery | undefined = delivery;
    for (let depth = 0; first?.spec.replayOf !== undefined; depth++) {
      const namespace: string = first.metadata.namespace ?? '';
      first = depth < repetitionsMax ? this.#parts.deliveries.get({ namespace, name: first.spec.replayOf }) : undefined;
    }
    return first && receivedMs(first);
  }

  /** Statuses of a commit that one Repository shows. */
  statusesOf(repository: string, sha: string): readonly CommitStatus[] {
    return this.#parts.statuses
      .byIndex('sha', sha)
      .filter(({ metadata, spec }) => `${metadata.namespace ?? ''}/${spec.repository}` === repository);
  }

  /** Runs that can still be cancelled and that `intent` means. */
  cancellable(intent: CancelIntent): readonly PipelineRun[] {
    return this.#parts.runs.byIndex('cancellable', repositoryKeyOf(intent)).filter((run) => isMeant(run, intent));
  }

  /** The cancel that came after a plan and means it, if there is one. */
  cancelOf(run: PlannedRun, line: string, order: number): CancelIntent | undefined {
    const intents = this.#parts.deliveries
      .byIndex('cancels', repositoryKeyOf(run))
      .flatMap(({ status }) => status?.cancels ?? []);
    return intents.find(
      (intent) =>
        intent.namespace === run.namespace &&
        intent.repository === run.repository &&
        intent.before > order &&
        intent.only === undefined &&
        (intent.line === undefined || intent.line === line) &&
        (intent.scope === undefined || intent.scope === run.scope) &&
        (intent.sha === undefined || intent.sha === run.sha) &&
        (intent.definition === undefined || isNamed(run.definition, intent.definition)) &&
        intent.supersededBy !== run.name,
    );
  }
}

function isMeant(run: PipelineRun, intent: CancelIntent): boolean {
  const { labels, annotations, name } = run.metadata;
  const opted = annotations?.[runKeys.cancelInProgress];
  const isOlder = (orderOf(run) ?? Number.POSITIVE_INFINITY) < intent.before;
  if (!isOlder || name === intent.supersededBy) return false;
  if (intent.only === 'opted-in' && opted !== 'true') return false;
  if (intent.only === 'not-opted-out' && opted === 'false') return false;
  return (
    (intent.line === undefined || labels?.[penstockKeys.line] === intent.line) &&
    (intent.scope === undefined || annotations?.[penstockKeys.scope] === intent.scope) &&
    (intent.sha === undefined || annotations?.[runKeys.sha] === intent.sha) &&
    (intent.definition === undefined || isNamed(annotations?.[runKeys.originalName] ?? '', intent.definition))
  );
}
