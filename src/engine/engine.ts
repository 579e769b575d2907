import type { ControllerHost } from '../controller/contract.ts';
import type { EngineParts } from './engine-parts.ts';
import { registerPipelineRuns } from './pipeline-run/register.ts';
import { registerRunMetrics } from './run-metrics.ts';
import { registerRunTraces } from './run-traces.ts';
import { registerTaskRuns } from './task-run/register.ts';

export type { EngineOptions, EngineParts } from './engine-parts.ts';

/** The controllers that run pipelines. */
export interface Engine {
  /** Hands caches and controllers to `host`, which starts and stops them. */
  register(host: ControllerHost): void;
}

/** Makes the engine. Nothing runs before a host to which it is registered starts. */
export function createEngine(parts: EngineParts): Engine {
  return {
    register(host) {
      registerPipelineRuns(host, parts);
      registerTaskRuns(host, parts);
      const { metrics, tracer, options = {} } = parts;
      if (tracer) registerRunTraces(host, tracer);
      if (metrics) registerRunMetrics(host, { metrics, pipelines: options.metricPipelines ?? [] });
    },
  };
}
