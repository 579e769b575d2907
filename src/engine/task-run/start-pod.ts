import { assert } from '../../base/assert.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type ApiStatusError, isApiError } from '../../kube/api-error.ts';
import { configMaps, persistentVolumeClaims, pods, type Secret } from '../../kube/core-types.ts';
import { controllerOf, keyOf, keyText } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import { claimOf } from '../../tekton/pipeline-run/claims.ts';
import type { ResolvedTask } from '../../tekton/task-run/contract.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import type { TaskRun } from '../../tekton/types.ts';
import { createOrAdopt, isRefusal } from '../create-or-adopt.ts';
import { buildPod } from '../pod/build-pod.ts';
import { PodPlanError } from '../pod/step-plan.ts';
import type { TaskRunSettings } from './settings.ts';
import { singleNodeClaims } from './single-node-claims.ts';

/** The pod of an attempt, or why there is none. */
export type PodStart =
  | { readonly kind: 'started'; readonly pod: Pod; readonly created: boolean }
  /** The API refuses for good. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  /** A quota has no room at present. */
  | { readonly kind: 'noRoom'; readonly reason: string; readonly message: string }
  /** The name is taken by the pod of a run of the same name that is no more. */
  | { readonly kind: 'taken'; readonly by: Pod; readonly message: string };

/**
 * Makes the claims of a run's workspaces, then its pod. All names are deterministic and what exists is adopted if it is
 * ours, so this may be repeated after a crash or a lost answer: there is one pod an attempt (law 8). Throws what may pass.
 */
export async function startPod(
  client: ApiClient,
  run: TaskRun,
  task: ResolvedTask,
  attempt: number,
  settings: TaskRunSettings,
  secrets: readonly Secret[] = [],
): Promise<PodStart> {
  const claims = settings.severalNodes ? await singleNodeClaims(client, run, task) : [];
  const plan = planOf(run, task, attempt, settings, { secrets, singleNodeClaims: claims });
  if (plan instanceof PodPlanError)
    return { kind: 'refused', reason: taskRunReason.podCreationFailed, message: plan.message };
  const missing = await makeClaims(client, run);
  if (missing) return missing;
  if (plan.configMap) {
    const made = await createOrAdopt(client, configMaps, plan.configMap);
    if (!made.ok) return refusalOf(made.message, made.quota, taskRunReason.podCreationFailed);
  }
  return createPod(client, plan.pod);
}

function planOf(...given: Parameters<typeof buildPod>): ReturnType<typeof buildPod> | PodPlanError {
  try {
    return buildPod(...given);
  } catch (thrown) {
    if (thrown instanceof PodPlanError) return thrown;
    throw thrown;
  }
}

async function makeClaims(client: ApiClient, run: TaskRun): Promise<PodStart | undefined> {
  for (const binding of run.spec.workspaces ?? []) {
    const claim = claimOf(binding, run);
    if (claim === undefined) continue;
    const made = await createOrAdopt(client, persistentVolumeClaims, claim);
    if (!made.ok)
      return refusalOf(`workspace "${binding.name}": ${made.message}`, made.quota, taskRunReason.couldntCreateClaim);
  }
  return undefined;
}

async function createPod(client: ApiClient, pod: Pod): Promise<PodStart> {
  try {
    return { kind: 'started', pod: await client.create(pods, pod), created: true };
  } catch (thrown) {
    if (isApiError(thrown, 'AlreadyExists')) return adoptPod(client, pod);
    if (!isRefusal(thrown)) throw thrown;
    const quota = thrown.reason === 'Forbidden' && thrown.message.includes('exceeded quota');
    const reason = isAdmissionDenial(thrown) ? taskRunReason.podAdmissionFailed : taskRunReason.podCreationFailed;
    return refusalOf(`cannot create Pod "${keyText(keyOf(pod))}": ${thrown.message}`, quota, reason);
  }
}

/**
 * Policies and webhooks choose the reason of their denials, and most come as `Invalid` or `BadRequest`; only the words of the
 * API server tell them from a pod that it finds wrong itself.
 */
function isAdmissionDenial({ reason, message }: ApiStatusError): boolean {
  return reason === 'Forbidden' || /\bdenied (?:the )?request\b/.test(message);
}

async function adoptPod(client: ApiClient, pod: Pod): Promise<PodStart> {
  const existing = await client.get(pods, keyOf(pod));
  const [owner, self] = [controllerOf(existing), controllerOf(pod)];
  assert(self !== undefined, 'our pods have a controller');
  if (owner?.uid === self.uid) return { kind: 'started', pod: existing, created: false };
  const what = `the name of Pod "${keyText(keyOf(pod))}" is taken`;
  const predecessor = owner?.kind === self.kind && owner.name === self.name;
  if (predecessor || existing.metadata.deletionTimestamp !== undefined) {
    return { kind: 'taken', by: existing, message: `${what} by a pod that is about to go` };
  }
  const whose = owner === undefined ? 'nobody' : `${owner.kind} "${owner.name}" (uid ${owner.uid})`;
  const message = `${what} by one that is controlled by ${whose}; delete or rename it`;
  return { kind: 'refused', reason: taskRunReason.podCreationFailed, message };
}

function refusalOf(message: string, quota: boolean, reason: string): PodStart {
  return quota
    ? { kind: 'noRoom', reason: taskRunReason.exceededQuota, message }
    : { kind: 'refused', reason, message };
}
