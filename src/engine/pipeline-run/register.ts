import { controllerOf, keyOf, type KubeObject } from '../../kube/object.ts';
import { isCancelRequested, isDone } from '../../tekton/pipeline-run/children.ts';
import { pipelineRuns, pipelines, taskRuns, tasks, type TaskRun } from '../../tekton/types.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { ControllerQueue, ControllerHost } from '../../controller/contract.ts';
import { controllerIndex, PipelineRunReconciler } from './reconciler.ts';

/** Runs reconciled at a time, if not set. Reconciling waits for the API most of the time. */
const workersDefault = 8;

/** Wires the PipelineRun controller: its caches, its queue, and which events concern which run. */
export function registerPipelineRuns(host: ControllerHost, parts: EngineParts): void {
  const { client, clock, recorder, options = {} } = parts;
  const runs = host.informer(pipelineRuns);
  const children = host.informer(taskRuns, { [controllerIndex]: controllerUids });
  const reconciler = new PipelineRunReconciler({
    client,
    clock,
    runs,
    taskRuns: children,
    pipelines: host.informer(pipelines),
    tasks: host.informer(tasks),
    logger: parts.logger.child({ controller: 'pipelinerun' }),
    ...(recorder === undefined ? {} : { recorder }),
    ...(options.pipelineRun === undefined ? {} : { options: options.pipelineRun }),
    ...(options.progressDelayMs === undefined ? {} : { progressDelayMs: options.progressDelayMs }),
  });
  const workers = options.pipelineRunWorkers ?? workersDefault;
  const queue = host.controller({ name: 'pipelinerun', reconciler, workers });
  const self = (run: KubeObject): void => queue.add(keyOf(run));
  runs.addHandler({ added: self, updated: (_previous, run) => self(run), deleted: self });
  children.addHandler({
    added: (child) => addOwner(queue, child),
    updated: (previous, child) => {
      if (concernsRun(previous, child)) addOwner(queue, child);
    },
    deleted: (child) => {
      reconciler.childDeleted(child);
      addOwner(queue, child);
    },
  });
}

/** Whether a change of a child can change what becomes of its run: steps that come and go do not. */
export function concernsRun(previous: TaskRun, child: TaskRun): boolean {
  return isDone(previous) !== isDone(child) || isCancelRequested(previous) !== isCancelRequested(child);
}

function controllerUids(object: KubeObject): readonly string[] {
  const uid = controllerOf(object)?.uid;
  return uid === undefined ? [] : [uid];
}

function addOwner(queue: ControllerQueue, child: TaskRun): void {
  const owner = controllerOf(child);
  if (owner?.kind === 'PipelineRun') queue.add({ namespace: child.metadata.namespace ?? '', name: owner.name });
}
