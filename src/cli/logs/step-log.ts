import { isJsonList, isJsonObject } from '../../base/json.ts';
import { ApiStatusError, isApiError } from '../../kube/api-error.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { ApiRequest, Transport } from '../../kube/transport.ts';
import type { TaskRun } from '../../tekton/types.ts';
import type { Connection } from '../environment.ts';

/** How logs are wanted. */
export interface LogWishes {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
}

/** The steps of which the server keeps a log, of the last attempt of a TaskRun (that may be gone). */
export async function keptSteps({ transport }: Connection, key: ObjectKey): Promise<readonly string[]> {
  const { status, body } = await transport(request(key, 'logs', {}));
  if (status === 404 || body.kind !== 'json') return [];
  const { items, message } = body.value;
  if (status >= 400) throw ApiStatusError.fromStatus({ message: message ?? '' }, status);
  const logs = isJsonList(items) ? items.filter((item) => isJsonObject(item)) : [];
  const last = logs.at(-1)?.['podUid'];
  return logs.filter((log) => log['podUid'] === last).map((log) => String(log['step']));
}

/**
 * The log of a step: the one that the server keeps, which outlives the pod and shows no secrets; else that of the pod.
 * Nothing comes of a step that has not started.
 */
export async function* stepLog(
  connection: Connection,
  taskRun: { readonly key: ObjectKey; readonly object?: TaskRun },
  step: string,
  wishes: LogWishes,
): AsyncIterable<Uint8Array> {
  const kept = await keptLog(connection.transport, taskRun.key, step, wishes);
  if (kept !== undefined) {
    yield* kept;
    return;
  }
  const podName = taskRun.object?.status?.podName;
  if (podName === undefined) return;
  try {
    const { namespace } = taskRun.key;
    yield* connection.client.podLog({ namespace, name: podName }, { container: `step-${step}`, ...wishes });
  } catch (thrown) {
    if (!isApiError(thrown, 'BadRequest') && !isApiError(thrown, 'NotFound')) throw thrown;
  }
}

async function keptLog(
  transport: Transport,
  key: ObjectKey,
  step: string,
  { follow, timestamps, signal }: LogWishes,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const query = { step, follow: String(follow), timestamps: String(timestamps) };
  const { status, body } = await transport({ ...request(key, 'log', query), signal });
  return status === 200 && body.kind === 'stream' ? body.chunks : undefined;
}

function request({ namespace, name }: ObjectKey, what: 'log' | 'logs', query: ApiRequest['query']): ApiRequest {
  const path = `/apis/penstock.dev/v1alpha1/namespaces/${namespace}/taskruns/${name}/${what}`;
  return { method: 'GET', path, query, headers: {} };
}
