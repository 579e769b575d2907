import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { PodLogKeeper } from '../kube/pod-log-keeper.ts';
import type { PipelineRunOptions } from '../tekton/pipeline-run/contract.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { TaskRunSettings } from './task-run/settings.ts';
import type { WarningRecorder } from './warning-recorder.ts';

/** Settings of the engine; everything has a default. */
export interface EngineOptions {
  readonly pipelineRun?: PipelineRunOptions;
  /** Runs reconciled at a time. Default 8. */
  readonly pipelineRunWorkers?: number;
  /** See `PipelineRunReconcilerOptions`. */
  readonly progressDelayMs?: number;
  /** Laid over `defaultTaskRunSettings`. */
  readonly taskRun?: Partial<TaskRunSettings>;
  /** Pipelines whose names are labels of metrics. Default none: names are without number. */
  readonly metricPipelines?: readonly string[];
  /** TaskRuns reconciled at a time. Default 16. */
  readonly taskRunWorkers?: number;
}

/** What the engine is made of. */
export interface EngineParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told of failures; absent = nobody is. */
  readonly recorder?: WarningRecorder;
  /** Counts and measures runs; absent = nobody does. */
  readonly metrics?: Metrics;
  /** Told of runs, tasks and steps that ended; absent = nobody is. */
  readonly tracer?: Tracer;
  /** Keeps the logs of pods: none is let go before its logs are settled. Absent = logs go with their pods. */
  readonly logKeeper?: PodLogKeeper;
  readonly options?: EngineOptions;
}
