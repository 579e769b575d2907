import { fromRfc3339 } from '../base/clock.ts';
import type { CacheHost } from '../controller/contract.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import { isDone, succeededCondition } from '../tekton/pipeline-run/children.ts';
import { type PipelineRun, pipelineRuns, type TaskRun, taskRuns } from '../tekton/types.ts';
import { durationSecondsBuckets, type Metrics } from '../telemetry/metrics.ts';

/** Names of Pipelines are labels only where somebody allowed them: each is a series for as long as the process runs. */
export interface RunMetricsOptions {
  readonly metrics: Metrics;
  /** Pipelines that are told apart; all others are `other`. Default none. */
  readonly pipelines?: readonly string[];
}

type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'timed out' | 'lost';
type Run = PipelineRun | TaskRun;

const pipelineLabel = 'tekton.dev/pipeline';

/** Counts and measures the runs that end while `host` watches. What ended before is not counted again. */
export function registerRunMetrics(host: CacheHost, { metrics, pipelines = [] }: RunMetricsOptions): void {
  observe(host, metrics, pipelineRuns, pipelineRunNames, new Set(pipelines));
  observe(host, metrics, taskRuns, taskRunNames, new Set(pipelines));
}

interface MetricNames {
  readonly seconds: string;
  readonly start: string;
  readonly unfinished: string;
}

const pipelineRunNames: MetricNames = {
  seconds: 'penstock_pipelinerun_seconds',
  start: 'penstock_pipelinerun_start_seconds',
  unfinished: 'penstock_pipelineruns_unfinished',
};
const taskRunNames: MetricNames = {
  seconds: 'penstock_taskrun_seconds',
  start: 'penstock_taskrun_start_seconds',
  unfinished: 'penstock_taskruns_unfinished',
};

function observe<T extends Run>(
  host: CacheHost,
  metrics: Metrics,
  type: ResourceType<T>,
  names: MetricNames,
  pipelines: ReadonlySet<string>,
): void {
  const seconds = metrics.histogram<'outcome' | 'pipeline'>({
    name: names.seconds,
    help: `Time from start to end of every ${type.kind} that ended, by outcome.`,
    labels: ['outcome', 'pipeline'],
    buckets: durationSecondsBuckets,
  });
  const wait = metrics.histogram({
    name: names.start,
    help: `Time from creation to start of every ${type.kind} that started.`,
    buckets: durationSecondsBuckets,
  });
  const runs = host.informer(type);
  metrics.readGauge({
    name: names.unfinished,
    help: `Objects of the kind ${type.kind} that have not ended.`,
    read: () => runs.list().filter((run) => !isDone(run)).length,
  });
  runs.addHandler({
    updated(previous, run) {
      if (previous.status?.startTime === undefined) observeStart(run, wait.observe.bind(wait));
      if (isDone(previous) || !isDone(run)) return;
      const spanSeconds = secondsBetween(run.status?.startTime, run.status?.completionTime);
      const name = run.metadata.labels?.[pipelineLabel] ?? '';
      const pipeline = pipelines.has(name) ? name : 'other';
      seconds.observe(spanSeconds ?? 0, { outcome: outcomeOf(run), pipeline });
    },
  });
}

function observeStart({ metadata, status }: KubeObject & Run, tell: (seconds: number) => void): void {
  const spanSeconds = secondsBetween(metadata.creationTimestamp, status?.startTime);
  if (spanSeconds !== undefined) tell(spanSeconds);
}

/** How a run that is done ended, in few words. */
export function outcomeOf(run: Run): Outcome {
  const { status, reason = '' } = succeededCondition(run.status) ?? {};
  if (status === 'True') return 'succeeded';
  if (reason.includes('Cancelled')) return 'cancelled';
  if (reason.endsWith('Timeout')) return 'timed out';
  return reason === 'EvidenceLost' ? 'lost' : 'failed';
}

function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  const [fromMs, toMs] = [fromRfc3339(from), fromRfc3339(to)];
  return fromMs === undefined || toMs === undefined ? undefined : Math.max(0, toMs - fromMs) / 1000;
}
