import { isJsonList, isJsonObject, type JsonObject } from '../../base/json.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keptLogs } from '../../kube/kept-logs.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { ApiRequest, Transport } from '../../kube/transport.ts';
import type { TaskRun } from '../../tekton/types.ts';
import type { Connection } from '../environment.ts';

/** How logs are wanted. */
export interface LogWishes {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
  /** Told when there was a log once and it cannot be had any more: why. */
  readonly missing: (why: string) => void;
}

/** Of which steps a log is kept, in the order in which they ran; or why that cannot be told. */
export type KeptSteps = { readonly steps: readonly string[] } | { readonly steps: readonly []; readonly why: string };

/** The steps of which the server keeps a log, of the last attempt of a TaskRun (that may be gone). */
export async function keptSteps({ transport }: Connection, key: ObjectKey): Promise<KeptSteps> {
  const { status, body } = await transport(request(key, 'logs', {}));
  if (body.kind !== 'json') return { steps: [], why: `the answer was not understood (${status})` };
  if (isKnownToBeNone(status, body.value)) return { steps: [] };
  if (status !== 200) return { steps: [], why: whyRefused(status, body.value) };
  const { items } = body.value;
  const logs = isJsonList(items) ? items.filter((item) => isJsonObject(item)) : [];
  const last = logs.at(-1)?.['podUid'];
  return { steps: logs.filter((log) => log['podUid'] === last).map((log) => String(log['step'])) };
}

/**
 * The log of a step: the one that the server keeps, which outlives the pod and shows no secrets; else that of the pod; else what
 * was kept before something broke. Nothing comes of a step that has not started.
 */
export async function* stepLog(
  connection: Connection,
  taskRun: { readonly key: ObjectKey; readonly object?: TaskRun },
  step: string,
  wishes: LogWishes,
): AsyncIterable<Uint8Array> {
  const { transport, client } = connection;
  const { key, object } = taskRun;
  const whole = await keptLog(transport, key, step, wishes, true);
  if ('chunks' in whole) {
    yield* whole.chunks;
    return;
  }
  const name = object?.status?.podName;
  // A TaskRun that is there and has no pod has not started.
  if (object !== undefined && name === undefined) return;
  try {
    const place = { namespace: key.namespace, name: name ?? '' };
    if (name !== undefined) {
      yield* client.podLog(place, { container: `step-${step}`, ...wishes });
      return;
    }
  } catch (thrown) {
    if (isApiError(thrown, 'BadRequest')) return;
    if (!isApiError(thrown, 'NotFound')) throw thrown;
  }
  const part = await keptLog(transport, key, step, wishes, false);
  if ('chunks' in part) yield* part.chunks;
  else wishes.missing(name === undefined ? part.why : `the pod ${name} is gone, and ${part.why}`);
}

type KeptLog = { readonly chunks: AsyncIterable<Uint8Array> } | { readonly why: string };

async function keptLog(
  transport: Transport,
  key: ObjectKey,
  step: string,
  { follow, timestamps, signal }: LogWishes,
  whole: boolean,
): Promise<KeptLog> {
  const query = { step, follow: String(follow), timestamps: String(timestamps), whole: String(whole) };
  const { status, body } = await transport({ ...request(key, 'log', query), signal });
  if (status === 200 && body.kind === 'stream') return { chunks: body.chunks };
  return { why: body.kind === 'json' ? whyRefused(status, body.value) : `the answer was not understood (${status})` };
}

/** In the words of who refused. Those of an API server that knows no such API are no help. */
function whyRefused(status: number, answer: JsonObject): string {
  const { message } = answer;
  const words = typeof message === 'string' ? message : `status ${status}`;
  if (status === 403) return `what is kept may not be read: ${words}`;
  if (status !== 404) return `what is kept cannot be read now: ${words}`;
  return isKnownToBeNone(status, answer) ? words : 'logs are not kept here: docs/install.md, "Logs of steps"';
}

/** Whether it was Penstock that said that there is none. */
function isKnownToBeNone(status: number, { details }: JsonObject): boolean {
  return status === 404 && isJsonObject(details) && details['group'] === keptLogs.group;
}

function request({ namespace, name }: ObjectKey, what: 'log' | 'logs', query: ApiRequest['query']): ApiRequest {
  const path = `/apis/${keptLogs.group}/${keptLogs.version}/namespaces/${namespace}/taskruns/${name}/${what}`;
  return { method: 'GET', path, query, headers: {} };
}
