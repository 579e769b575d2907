/** A PipelineRun reconciler over an API in memory whose caches lag, for tests: nothing happens by itself. */
import { assert, present } from '../../base/assert.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { ReconcileResult } from '../../controller/contract.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { succeededCondition } from '../../tekton/pipeline-run/children.ts';
import {
  pipelineRuns,
  pipelines,
  taskRuns,
  tasks,
  type Pipeline,
  type PipelineRun,
  type PipelineRunSpec,
  type Task,
  type TaskRun,
} from '../../tekton/types.ts';
import { LaggingLister, MemoryApi } from '../memory-api.ts';
import { PipelineRunReconciler } from './reconciler.ts';

/** The only run of every bench. */
export const benchKey = { namespace: 'ns', name: 'run' } as const;

interface Listers {
  readonly runs: LaggingLister<PipelineRun>;
  readonly taskRuns: LaggingLister<TaskRun>;
  readonly pipelines: LaggingLister<Pipeline>;
  readonly tasks: LaggingLister<Task>;
}

/** One run with everything around it. */
export class Bench {
  readonly api: MemoryApi = new MemoryApi();
  readonly clock: VirtualClock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 8) });
  /** Reasons of the warnings recorded so far. */
  readonly warnings: string[] = [];
  readonly listers: Listers = {
    runs: new LaggingLister(this.api, pipelineRuns),
    taskRuns: new LaggingLister(this.api, taskRuns),
    pipelines: new LaggingLister(this.api, pipelines),
    tasks: new LaggingLister(this.api, tasks),
  };
  reconciler: PipelineRunReconciler = this.restart();

  constructor(spec: PipelineRunSpec) {
    this.api.put(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { ...benchKey, uid: 'run-uid', creationTimestamp: '2026-11-21T08:00:00Z' },
      spec,
    });
    this.sync();
  }

  /** A new process: nothing remembered. */
  restart(): PipelineRunReconciler {
    const recorder = { warn: (_about: unknown, reason: string) => void this.warnings.push(reason) };
    const parts = { client: this.api.client, clock: this.clock, logger: silentLogger, recorder, ...this.listers };
    this.reconciler = new PipelineRunReconciler(parts);
    return this.reconciler;
  }

  /** All caches catch up. */
  sync(): void {
    const { listers } = this;
    for (const lister of [listers.runs, listers.taskRuns, listers.pipelines, listers.tasks]) lister.sync();
  }

  /** One look, with the caches as they are. */
  look(): Promise<ReconcileResult> {
    return this.reconciler.reconcile(benchKey, new AbortController().signal);
  }

  /** Catches up, then looks. */
  async pass(): Promise<ReconcileResult> {
    this.sync();
    return this.look();
  }

  /** Somebody sets `spec.status`. */
  ask(status: NonNullable<PipelineRunSpec['status']>): void {
    const run = this.run;
    this.api.put(pipelineRuns, { ...run, spec: { ...run.spec, status } });
  }

  /** The child of `task` ends. */
  end(task: string, ok: boolean): void {
    this.finish(this.child(task), ok ? 'Succeeded' : 'Failed');
  }

  /** `child` ends for `reason`. */
  finish(child: TaskRun, reason: string): void {
    const condition = { type: 'Succeeded', status: reason === 'Succeeded' ? 'True' : 'False', reason } as const;
    const completionTime = `${new Date(this.clock.now()).toISOString().slice(0, 19)}Z`;
    this.api.put(taskRuns, { ...child, status: { conditions: [condition], completionTime } });
  }

  /** The child of `task`, which must exist. */
  child(task: string): TaskRun {
    return present(this.api.read(taskRuns, { namespace: 'ns', name: `run-${task}` }), `task ${task} has a child`);
  }

  get run(): PipelineRun {
    const run = this.api.read(pipelineRuns, benchKey);
    assert(run !== undefined, 'the run exists');
    return run;
  }

  /** `Status/Reason` of the run. */
  get verdict(): string {
    const condition = succeededCondition(this.run.status);
    return `${condition?.status ?? '-'}/${condition?.reason ?? '-'}`;
  }

  get message(): string {
    return succeededCondition(this.run.status)?.message ?? '';
  }

  /** The calls since the last time this was asked. */
  calls(): readonly string[] {
    return this.api.calls.splice(0);
  }
}
