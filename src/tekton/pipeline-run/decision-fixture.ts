/** A run and its world as plain data, for tests of the decision: time, children and the API are what a test says. */
import { present } from '../../base/assert.ts';
import { toRfc3339 } from '../../base/clock.ts';
import { deepFreeze } from '../../base/json.ts';
import type { Condition } from '../../kube/object.ts';
import type {
  ParamValue,
  Pipeline,
  PipelineRun,
  PipelineRunSpec,
  PipelineRunStatus,
  PipelineSpec,
  PipelineTask,
  Task,
  TaskRun,
} from '../types.ts';
import { isDone, succeededCondition } from './children.ts';
import {
  defaultPipelineRunOptions,
  type Lookup,
  type PipelineRunAction,
  type PipelineRunDecision,
} from './contract.ts';
import { decidePipelineRun } from './decide.ts';
import { label } from './labels.ts';

/** The instant at which every fixture world begins. */
export const startMs: number = Date.UTC(2026, 10, 21, 8, 0, 0);

/** A pipeline task with an embedded Task that declares `results`. */
export function embedded(
  name: string,
  members: Partial<PipelineTask> = {},
  results: readonly string[] = [],
): PipelineTask {
  const steps = [{ name: 'work', image: 'busybox', script: 'true' }];
  return { name, taskSpec: { steps, results: results.map((result) => ({ name: result })) }, ...members };
}

type Acted = Extract<PipelineRunDecision, { kind: 'act' }>;

/** What a test says about a run: a pipeline to embed in it, or all of its spec. */
export interface WorldOptions {
  readonly pipeline?: PipelineSpec;
  readonly spec?: Partial<PipelineRunSpec>;
  readonly tasks?: readonly Task[];
  readonly pipelines?: readonly Pipeline[];
}

/**
 * Plays the controller and the TaskRun controller by hand: `pass` decides once and applies the answer, `end` lets a
 * child end, `tick` moves time. Nothing happens by itself.
 */
export class World {
  run: PipelineRun;
  readonly taskRuns: Map<string, TaskRun> = new Map();
  readonly #tasks: Map<string, Task>;
  readonly #pipelines: ReadonlyMap<string, Pipeline>;
  nowMs: number = startMs;

  constructor(options: WorldOptions) {
    this.#tasks = new Map((options.tasks ?? []).map((task) => [task.metadata.name ?? '', task]));
    this.#pipelines = new Map((options.pipelines ?? []).map((pipeline) => [pipeline.metadata.name ?? '', pipeline]));
    this.run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'run', namespace: 'ns', uid: 'run-uid', creationTimestamp: toRfc3339(startMs) },
      spec: { ...(options.pipeline ? { pipelineSpec: options.pipeline } : {}), ...options.spec },
    };
  }

  /** Decides once without applying anything. */
  decide(): PipelineRunDecision {
    return decidePipelineRun({
      run: deepFreeze(this.run),
      taskRuns: [...this.taskRuns.values()].map((taskRun) => deepFreeze(taskRun)),
      findPipeline: (name) => found(this.#pipelines.get(name)),
      findTask: (name) => found(this.#tasks.get(name)),
      nowMs: this.nowMs,
      // Instants of tests are exact.
      options: { ...defaultPipelineRunOptions, startPrecisionMs: 0 },
    });
  }

  /** Decides once and applies the answer; returns the actions. */
  pass(): readonly PipelineRunAction[] {
    const decision = this.decide() as Acted;
    this.run = { ...this.run, status: decision.status };
    for (const action of decision.actions) this.#apply(action);
    return decision.actions;
  }

  #apply(action: PipelineRunAction): void {
    if (action.kind === 'createTaskRun') {
      const { metadata } = action.taskRun;
      const creationTimestamp = toRfc3339(this.nowMs);
      const name = metadata.name ?? '';
      this.taskRuns.set(name, { ...action.taskRun, metadata: { ...metadata, uid: `${name}-uid`, creationTimestamp } });
    } else if (action.kind === 'cancelTaskRun') {
      const { taskRun, statusMessage } = action;
      const spec = { ...taskRun.spec, status: 'TaskRunCancelled', statusMessage } as const;
      this.taskRuns.set(taskRun.metadata.name ?? '', { ...taskRun, spec });
    }
  }

  /** The child of a pipeline task. */
  child(task: string): TaskRun {
    const child = [...this.taskRuns.values()].find((one) => one.metadata.labels?.[label.pipelineTask] === task);
    return present(child, `task ${task} has a child`);
  }

  /** Ends the child of `task`: `true` succeeds, `false` fails, a text is the reason of a failure. */
  end(task: string, outcome: boolean | string, results: Readonly<Record<string, ParamValue>> = {}): void {
    const child = this.child(task);
    const reason = outcome === true ? 'Succeeded' : outcome === false ? 'Failed' : outcome;
    const condition: Condition = { type: 'Succeeded', status: outcome === true ? 'True' : 'False', reason };
    const list = Object.entries(results).map(([name, value]) => ({ name, value }));
    const status = { conditions: [condition], completionTime: toRfc3339(this.nowMs), results: list };
    this.taskRuns.set(child.metadata.name ?? '', { ...child, status });
  }

  /** Ends every child that was told to stop, as the TaskRun controller does. */
  obeyCancels(): void {
    for (const child of this.taskRuns.values()) {
      const task = child.metadata.labels?.[label.pipelineTask];
      if (child.spec.status === 'TaskRunCancelled' && !isDone(child) && task) this.end(task, 'TaskRunCancelled');
    }
  }

  /** The Task of that name. */
  task(name: string): Task | undefined {
    return this.#tasks.get(name);
  }

  /** Deletes every Task. */
  forgetTasks(): void {
    this.#tasks.clear();
  }

  ask(status: NonNullable<PipelineRunSpec['status']>): void {
    this.run = { ...this.run, spec: { ...this.run.spec, status } };
  }

  tick(spanMs: number): void {
    this.nowMs += spanMs;
  }

  get status(): PipelineRunStatus {
    return this.run.status ?? {};
  }

  /** `Status/Reason` of the run. */
  get verdict(): string {
    const condition = succeededCondition(this.run.status);
    return `${condition?.status ?? '-'}/${condition?.reason ?? '-'}`;
  }

  get message(): string {
    return succeededCondition(this.run.status)?.message ?? '';
  }

  /** `task: reason` for every skipped task. */
  get skips(): readonly string[] {
    return (this.status.skippedTasks ?? []).map(({ name, reason }) => `${name}: ${reason}`);
  }

  /** Pipeline tasks that have a child, sorted. */
  get started(): readonly string[] {
    return [...this.taskRuns.values()].map((one) => one.metadata.labels?.[label.pipelineTask] ?? '').sort();
  }
}

function found<T>(object: T | undefined): Lookup<T> {
  return object === undefined ? { state: 'absent' } : { state: 'found', object };
}

/** The names of the pipeline tasks that `actions` create children for. */
export function created(actions: readonly PipelineRunAction[]): readonly string[] {
  return actions.flatMap((action) =>
    action.kind === 'createTaskRun' ? [action.taskRun.metadata.labels?.[label.pipelineTask] ?? ''] : [],
  );
}

/** The names of the pipeline tasks whose children `actions` cancel. */
export function stopped(actions: readonly PipelineRunAction[]): readonly string[] {
  return actions.flatMap((action) =>
    action.kind === 'cancelTaskRun' ? [action.taskRun.metadata.labels?.[label.pipelineTask] ?? ''] : [],
  );
}
