import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { type PipelineRunStatus, pipelineRuns, type TaskRunStatus, taskRuns } from '../tekton/types.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { MemoryApi } from './memory-api.ts';
import { MemoryHost } from './memory-host.ts';
import { registerRunMetrics } from './run-metrics.ts';

const created = '2026-11-21T08:00:00Z';
const startTime = '2026-11-21T08:00:02Z';

function ended(status: 'True' | 'False', reason: string, completionTime: string) {
  return { startTime, completionTime, conditions: [{ type: 'Succeeded', status, reason }] };
}

describe('registerRunMetrics', () => {
  it('measures what ends while it watches, by outcome, and names only the Pipelines that may be named', async () => {
    const api = new MemoryApi();
    const metrics = createPrometheusMetrics();
    const apiVersion = 'tekton.dev/v1';
    const put = (name: string, status: PipelineRunStatus, pipeline: string): void => {
      const labels = { 'tekton.dev/pipeline': pipeline };
      const metadata = { namespace: 'ns', name, creationTimestamp: created, labels };
      api.put(pipelineRuns, { apiVersion, kind: 'PipelineRun', metadata, spec: {}, status });
    };
    put('before', ended('True', 'Succeeded', '2026-11-21T08:00:09Z'), 'build');
    registerRunMetrics(new MemoryHost(api, new VirtualClock()), { metrics, pipelines: ['build'] });
    const ends = [
      ['good', 'build', 'True', 'Succeeded', '05'],
      ['bad', 'other-one', 'False', 'Failed', '05'],
      ['stopped', 'build', 'False', 'Cancelled', '05'],
      ['late', 'build', 'False', 'PipelineRunTimeout', '12'],
      ['lost', 'build', 'False', 'EvidenceLost', '05'],
    ] as const;
    for (const [name, pipeline, status, reason, second] of ends) {
      put(name, {}, pipeline);
      put(name, { startTime }, pipeline);
      put(name, ended(status, reason, `2026-11-21T08:00:${second}Z`), pipeline);
      put(name, { ...ended(status, reason, `2026-11-21T08:00:${second}Z`), childReferences: [] }, pipeline);
    }
    put('going', {}, 'build');
    const task = { apiVersion, kind: 'TaskRun', metadata: { namespace: 'ns', name: 't', creationTimestamp: created } };
    api.put(taskRuns, { ...task, spec: {} });
    const status: TaskRunStatus = ended('False', 'TaskRunCancelled', '2026-11-21T08:00:03Z');
    api.put(taskRuns, { ...task, spec: {}, status });
    const lines = (await metrics.text()).split('\n');
    const sums = lines.filter((line) => /_(?:sum|unfinished)\b/.test(line) && !line.startsWith('#'));
    assert.deepEqual(sums, [
      'penstock_pipelinerun_seconds_sum{outcome="succeeded",pipeline="build"} 3',
      'penstock_pipelinerun_seconds_sum{outcome="failed",pipeline="other"} 3',
      'penstock_pipelinerun_seconds_sum{outcome="cancelled",pipeline="build"} 3',
      'penstock_pipelinerun_seconds_sum{outcome="timed out",pipeline="build"} 10',
      'penstock_pipelinerun_seconds_sum{outcome="lost",pipeline="build"} 3',
      'penstock_pipelinerun_start_seconds_sum 10',
      'penstock_pipelineruns_unfinished 1',
      'penstock_taskrun_seconds_sum{outcome="cancelled",pipeline="other"} 1',
      'penstock_taskrun_start_seconds_sum 2',
      'penstock_taskruns_unfinished 0',
    ]);
  });
});
