/** `GET …/pods/NAME/log`. */
import { fromRfc3339 } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { pods } from '../kube/core-types.ts';
import type { Pod } from '../kube/pod.ts';
import type { PodLogOptions, PodLogSource } from '../kube/pod-log-source.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import { invalidCause } from '../schema/causes.ts';
import type { Store } from '../store/store.ts';
import { booleanParameter, integerParameter } from './query-options.ts';
import type { ResourceCall, SubresourceHandler } from './resource-call.ts';
import { badRequest, methodNotAllowed, notFound } from './status-errors.ts';
import { readObject } from './write/stored-objects.ts';

/** The `log` subresource of pods, read from `source`. */
export function podLogHandler(store: Store, clock: Clock, source: PodLogSource): SubresourceHandler {
  return {
    type: pods,
    name: 'log',
    bodyKind: { group: '', version: 'v1', kind: 'Pod' },
    verbs: ['get'],
    handle: (call) => respondWithLog(call, store, clock, source),
  };
}

async function respondWithLog(
  { kind, key, request }: ResourceCall,
  store: Store,
  clock: Clock,
  source: PodLogSource,
): Promise<ApiResponse> {
  if (request.method !== 'GET') throw methodNotAllowed();
  const found = readObject(store, kind, key);
  if (found === undefined) throw notFound(kind.type, key.name);
  const pod = found.object as unknown as Pod;
  const options = logOptionsOf(request, clock.now());
  const container = containerOf(pod, request.query['container']);
  if (booleanParameter(request.query, 'previous')) {
    throw badRequest(`previous terminated container "${container}" in pod "${key.name}" not found`);
  }
  return streamResponse(await started(source.open(pod, container, options)));
}

/** The container that is meant: the only one beside init containers, unless the request names one. */
function containerOf(pod: Pod, asked: string | undefined): string {
  const name = pod.metadata.name ?? '';
  const containers = pod.spec.containers.map((container) => container.name);
  const initContainers = (pod.spec.initContainers ?? []).map((container) => container.name);
  if (asked) {
    if (containers.includes(asked) || initContainers.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only !== undefined && others.length === 0) return only;
  const init = initContainers.length === 0 ? '' : ` or one of the init containers: [${initContainers.join(' ')}]`;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${init}`,
  );
}

function logOptionsOf({ query, signal }: ApiRequest, nowMs: number): PodLogOptions {
  const causes: StatusCause[] = [];
  const positive = (name: string): number | undefined => {
    const value = integerParameter(query, name);
    if (value === 0) causes.push(invalidCause(name, 0, 'must be greater than 0'));
    return value;
  };
  const limitBytes = positive('limitBytes');
  const sinceTime = sinceTimeSeconds(query, nowMs, causes);
  const sinceSeconds = positive('sinceSeconds') ?? sinceTime;
  const tailLines = integerParameter(query, 'tailLines');
  if (query['stream'] && query['stream'] !== 'All') {
    causes.push(invalidCause('stream', query['stream'], 'stdout and stderr are kept as one stream: only All is known'));
  }
  if (causes.length > 0) throw invalidOptions(causes);
  return {
    follow: booleanParameter(query, 'follow'),
    timestamps: booleanParameter(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(signal ? { signal } : {}),
  };
}

/** `sinceTime` as a span from now, rounded up so that no line of that second is lost. */
function sinceTimeSeconds(query: ApiRequest['query'], nowMs: number, causes: StatusCause[]): number | undefined {
  const text = query['sinceTime'];
  if (!text) return undefined;
  const sinceMs = fromRfc3339(text);
  if (sinceMs === undefined) causes.push(invalidCause('sinceTime', text, 'must be an instant of RFC 3339'));
  if (query['sinceSeconds']) causes.push(invalidCause('sinceTime', text, 'at most one of sinceTime or sinceSeconds'));
  return sinceMs === undefined ? undefined : Math.max(1, Math.ceil((nowMs - sinceMs) / 1000));
}

function invalidOptions(causes: readonly StatusCause[]): ApiStatusError {
  const text = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  return new ApiStatusError('Invalid', `PodLogOptions "" is invalid: ${text}`, {
    details: { kind: 'PodLogOptions', causes },
  });
}

interface StartedLog {
  readonly first: IteratorResult<Uint8Array>;
  readonly rest: AsyncIterator<Uint8Array>;
}

/** Waits for the first chunk: until then a failure is still an answer, not a broken stream. */
async function started(chunks: AsyncIterable<Uint8Array>): Promise<StartedLog> {
  const rest = chunks[Symbol.asyncIterator]();
  return { first: await rest.next(), rest };
}

function streamResponse({ first, rest }: StartedLog): ApiResponse {
  const contentType = 'text/plain; charset=utf-8';
  return { status: 200, headers: {}, body: { kind: 'stream', chunks: continued(first, rest), contentType } };
}

async function* continued(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
