import { isJsonObject } from '../../base/json.ts';
import type { Pod } from '../../kube/pod.ts';
import type { AttemptRecord } from '../../tekton/task-run/contract.ts';
import { podAnnotation } from './names.ts';

/** What `pod` says about the Task it runs. A pod whose record is missing or broken declares no results. */
export function attemptRecordOf(pod: Pod): AttemptRecord {
  const text = pod.metadata.annotations?.[podAnnotation.attempt];
  const parsed = text === undefined ? undefined : parseObject(text);
  return { results: [], ...parsed };
}

/** Containers of `pod` whose termination messages are reports. */
export function wrappedSteps(pod: Pod): ReadonlySet<string> {
  const text = pod.metadata.annotations?.[podAnnotation.wrapped] ?? '';
  return new Set(text === '' ? [] : text.split(','));
}

function parseObject(text: string): Partial<AttemptRecord> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch (thrown) {
    // Somebody else wrote over the annotation; the steps can be judged without it.
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
