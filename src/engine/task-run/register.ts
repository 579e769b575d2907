import { controllerOf, keyOf, keyText, type KubeObject } from '../../kube/object.ts';
import { pods, serviceAccounts } from '../../kube/core-types.ts';
import type { Pod } from '../../kube/pod.ts';
import { taskRuns, tasks } from '../../tekton/types.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { ControllerQueue, ControllerHost } from '../../controller/contract.ts';
import { ownerIndex, TaskRunReconciler } from './reconciler.ts';
import { defaultTaskRunSettings } from './settings.ts';

/** Runs reconciled at a time, if not set. Reconciling waits for the API most of the time. */
const workersDefault = 16;

/** Wires the TaskRun controller: its caches, its queue, and which events concern which run. */
export function registerTaskRuns(host: ControllerHost, parts: EngineParts): void {
  const { client, clock, random, recorder, logKeeper, options = {} } = parts;
  const runs = host.informer(taskRuns);
  const podCache = host.informer(pods, { [ownerIndex]: ownerKeys });
  const reconciler = new TaskRunReconciler({
    client,
    clock,
    random,
    runs,
    pods: podCache,
    tasks: host.informer(tasks),
    serviceAccounts: host.informer(serviceAccounts),
    logger: parts.logger.child({ controller: 'taskrun' }),
    settings: { ...defaultTaskRunSettings, ...options.taskRun },
    ...(recorder === undefined ? {} : { recorder }),
    ...(logKeeper === undefined ? {} : { logKeeper }),
  });
  const queue = host.controller({ name: 'taskrun', reconciler, workers: options.taskRunWorkers ?? workersDefault });
  logKeeper?.onSettled((pod) => addOwner(queue, pod));
  const self = (run: KubeObject): void => queue.add(keyOf(run));
  runs.addHandler({ added: self, updated: (_previous, run) => self(run), deleted: self });
  const seen = (pod: Pod): void => {
    if (pod.metadata.deletionTimestamp !== undefined) reconciler.podDeleting(pod);
    addOwner(queue, pod);
  };
  podCache.addHandler({
    added: seen,
    updated: (_previous, pod) => seen(pod),
    deleted: (pod) => {
      reconciler.podGone(pod);
      addOwner(queue, pod);
    },
  });
}

/** The index values of a pod: the key of the TaskRun that controls it. */
export function ownerKeys(pod: KubeObject): readonly string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'TaskRun') return [];
  return [keyText({ namespace: pod.metadata.namespace ?? '', name: owner.name })];
}

function addOwner(queue: ControllerQueue, pod: Pod): void {
  const owner = controllerOf(pod);
  if (owner?.kind === 'TaskRun') queue.add({ namespace: pod.metadata.namespace ?? '', name: owner.name });
}
