import { fromRfc3339 } from '../base/clock.ts';
import type { CommitStatus } from '../forge/kinds/commit-status.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isDelivered } from './delivery-step.ts';

/** How a try to show something ended. */
export type PostResult = 'accepted' | 'refused' | 'doubtful' | 'limited' | 'failed';

/** Counts what is shown, and says what is not. */
export interface ReportMetrics {
  posted(host: string, outcome: PostResult): void;
  readBack(host: string, outcome: 'shown' | 'other' | 'failed'): void;
  commented(host: string, outcome: 'made' | 'failed'): void;
  /** An attempt ended after a newer one had taken its place. */
  superseded(): void;
}

/** The metrics of reports; `statuses` are looked through whenever the metrics are shown. */
export function reportMetrics(
  metrics: Metrics,
  { statuses, now }: { readonly statuses: () => readonly CommitStatus[]; readonly now: () => number },
): ReportMetrics {
  const undelivered = (): readonly CommitStatus[] => statuses().filter((status) => !isDelivered(status));
  metrics.readGauge({
    name: 'penstock_statuses_undelivered',
    help: 'Statuses that the Git host has not been seen to take yet.',
    read: () => undelivered().length,
  });
  metrics.readGauge({
    name: 'penstock_status_oldest_undelivered_seconds',
    help: 'For how long the Git host has not taken the status that waits longest; 0 = none waits.',
    read: () => Math.max(0, ...undelivered().map((status) => (now() - waitingSinceMs(status, now())) / 1000)),
  });
  const posts = metrics.counter<'host' | 'outcome'>({
    name: 'penstock_status_posts_total',
    help: 'Statuses sent to Git hosts, by what came of it.',
    labels: ['host', 'outcome'],
  });
  const readBacks = metrics.counter<'host' | 'outcome'>({
    name: 'penstock_status_read_backs_total',
    help: 'Statuses read from Git hosts after doubt, by whether they were what they should be.',
    labels: ['host', 'outcome'],
  });
  const comments = metrics.counter<'host' | 'outcome'>({
    name: 'penstock_status_comments_total',
    help: 'Comments made on pull requests, by what came of it.',
    labels: ['host', 'outcome'],
  });
  const dropped = metrics.counter({
    name: 'penstock_status_superseded_total',
    help: 'Attempts that ended after a newer one had taken their place, and were not shown.',
  });
  return {
    posted: (host, outcome) => posts.add(1, { host, outcome }),
    readBack: (host, outcome) => readBacks.add(1, { host, outcome }),
    commented: (host, outcome) => comments.add(1, { host, outcome }),
    superseded: () => dropped.add(1),
  };
}

/** Since when a status waits: its first failure, else the change it is about, else its creation. */
function waitingSinceMs({ metadata, spec, status }: CommitStatus, nowMs: number): number {
  const since = status?.failingSince ?? spec.report.completedAt ?? spec.report.startedAt ?? metadata.creationTimestamp;
  return fromRfc3339(since) ?? nowMs;
}
