import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import { keyOf } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import { verdictFinalizer } from '../pod/names.ts';
import { judgePod } from '../verdict/judge-pod.ts';
import { hasRunningCompanions } from '../verdict/step-evidence.ts';

/** Deletes `pod`, this very one, with its own grace period. One that is gone or another by now is as good as deleted. */
export async function deletePod(client: ApiClient, pod: Pod): Promise<void> {
  try {
    await client.delete(pods, keyOf(pod), { preconditions: { uid: pod.metadata.uid ?? '' } });
  } catch (thrown) {
    if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Conflict')) throw thrown;
  }
}

/**
 * Lets go of a pod whose verdict is stored, or that has no run any more: stops it if it would go on, and removes our
 * finalizer. Answers the pod as it is then; `undefined` when it is gone. Throws what may pass.
 */
export async function releasePod(client: ApiClient, pod: Pod): Promise<Pod | undefined> {
  await stopPod(client, pod);
  return removeFinalizer(client, pod);
}

/** Deletes a pod that is to be let go if it would go on by itself. */
export async function stopPod(client: ApiClient, pod: Pod): Promise<void> {
  if (pod.metadata.deletionTimestamp === undefined && !endsByItself(pod)) await deletePod(client, pod);
}

/** Whether there is anything left to do about a pod that is to be let go. */
export function isReleased(pod: Pod): boolean {
  const held = (pod.metadata.finalizers ?? []).includes(verdictFinalizer);
  return !held && (pod.metadata.deletionTimestamp !== undefined || endsByItself(pod));
}

/**
 * A pod that has ended, or whose steps have: nothing of it needs to be stopped, and its logs may be wanted. One that an
 * injected container keeps alive would run for ever.
 */
function endsByItself(pod: Pod): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  if (hasRunningCompanions(pod)) return false;
  const { kind } = judgePod(pod);
  return kind === 'succeeded' || kind === 'failed';
}

/** The patch holds only for this very pod with its finalizers as they were seen: a conflict means to look again. */
async function removeFinalizer(client: ApiClient, pod: Pod): Promise<Pod | undefined> {
  const index = (pod.metadata.finalizers ?? []).indexOf(verdictFinalizer);
  if (index < 0) return pod;
  const path = `/metadata/finalizers/${index}`;
  const patch = [
    { op: 'test', path: '/metadata/uid', value: pod.metadata.uid ?? '' },
    { op: 'test', path, value: verdictFinalizer },
    { op: 'remove', path },
  ];
  try {
    return await client.patch(pods, keyOf(pod), patch, { type: 'json' });
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    // A failed test: the pod is another, or its finalizers changed. The cache will show which.
    if (isApiError(thrown, 'Invalid')) return afterFailedTest(client, pod);
    throw thrown;
  }
}

async function afterFailedTest(client: ApiClient, pod: Pod): Promise<Pod | undefined> {
  try {
    const live = await client.get(pods, keyOf(pod));
    if (live.metadata.uid !== pod.metadata.uid) return undefined;
    return (live.metadata.finalizers ?? []).includes(verdictFinalizer) ? await removeFinalizer(client, live) : live;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}
