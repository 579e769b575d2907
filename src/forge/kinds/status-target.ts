import { isJsonObject } from '../../base/json.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusTarget } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { penstockKeys } from './run-keys.ts';

/** Where a run is shown, as it carries it; undefined when it carries nothing, or what is no target. */
export function statusTargetOf(run: KubeObject): StatusTarget | undefined {
  const text = run.metadata.annotations?.[penstockKeys.statusTarget];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isStatusTarget(value) ? value : undefined;
  } catch {
    // Written by hand, or cut: nobody can say where such a run is to be shown.
    return undefined;
  }
}

/** The number of the attempt that a run is, 1 when it does not say. */
export function runAttemptOf(run: KubeObject): number {
  const attempt = Number(run.metadata.annotations?.[penstockKeys.attempt] ?? 1);
  return Number.isSafeInteger(attempt) && attempt >= 1 ? attempt : 1;
}

function isStatusTarget(value: unknown): value is StatusTarget {
  if (!isJsonObject(value)) return false;
  const { project, sha, context, pullRequest, ref } = value;
  if (!isProject(project) || typeof sha !== 'string' || sha === '' || typeof context !== 'string') return false;
  if (ref !== undefined && typeof ref !== 'string') return false;
  if (pullRequest === undefined) return true;
  if (!isJsonObject(pullRequest)) return false;
  return typeof pullRequest['number'] === 'number' && isProject(pullRequest['headProject']);
}

function isProject(value: unknown): value is Project {
  return isJsonObject(value) && ['url', 'owner', 'name'].every((member) => typeof value[member] === 'string');
}
