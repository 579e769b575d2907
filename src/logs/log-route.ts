/**
 * `GET /apis/logs.penstock.dev/v1alpha1/namespaces/NS/taskruns/NAME/log`: the log of a step, also when its pod is gone. The group
 * is one of its own, so that an API server can be told to hand on requests for it; `penstock.dev` is understood too.
 */
import { ApiStatusError } from '../kube/api-error.ts';
import { keptLogs } from '../kube/kept-logs.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import type { KnownLog, LogArchive, ReadLogOptions } from './log-archive.ts';
import { stepPrefix } from './log-format.ts';

const pathPattern = /^\/apis\/(?:logs\.)?penstock\.dev\/v1alpha1\/namespaces\/([^/]+)\/taskruns\/([^/]+)\/(log|logs)$/;
/** Names of Kubernetes objects; nothing else may become part of a key. */
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** What a request for a log names. */
export interface LogRequest {
  readonly namespace: string;
  readonly taskRun: string;
  /** `logs`: which logs there are, as JSON. */
  readonly what: 'log' | 'logs';
}

/** The log that `path` names, if it names one. */
export function logRequestOf(path: string): LogRequest | undefined {
  const [, namespace, taskRun, what] = pathPattern.exec(path) ?? [];
  if (namespace === undefined || taskRun === undefined) return undefined;
  return { namespace, taskRun, what: what as LogRequest['what'] };
}

/**
 * Answers requests for logs from `archive` and hands all others to `next`. Query: `step` (needed where there are several),
 * `pod` (default: the last attempt), `follow`, `timestamps`, `tailLines`, `whole` (nothing that is not stored to its end, unless it is
 * being recorded here: then the pod has more). `…/logs` lists what there is.
 */
export function withLogs(next: Transport, archive: LogArchive): Transport {
  return async (request) => {
    const wanted = logRequestOf(request.path);
    return wanted === undefined ? next(request) : answerOrRefuse(archive, wanted, request);
  };
}

async function answerOrRefuse(archive: LogArchive, wanted: LogRequest, request: ApiRequest): Promise<ApiResponse> {
  try {
    return await answer(archive, wanted, request);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError)) throw thrown;
    return { status: thrown.status, headers: {}, body: { kind: 'json', value: thrown.toStatus() } };
  }
}

async function answer(archive: LogArchive, wanted: LogRequest, request: ApiRequest): Promise<ApiResponse> {
  const { namespace, taskRun, what } = wanted;
  if (request.method !== 'GET') throw new ApiStatusError('MethodNotAllowed', 'logs can only be read');
  if (!namePattern.test(namespace) || !namePattern.test(taskRun)) throw noLog(taskRun);
  const logs = await archive.logsOf(namespace, taskRun);
  if (logs.length === 0) throw noLog(taskRun);
  if (what === 'logs') return { status: 200, headers: {}, body: { kind: 'json', value: { items: logs.map(itemOf) } } };
  const log = chosenLog(logs, taskRun, request.query);
  if (request.query['whole'] === 'true' && !(await archive.willEnd(log))) {
    throw noLog(taskRun, `the log of ${log.container} in ${log.pod} is not kept to its end yet`);
  }
  const chunks = archive.read(log, readOptions(request));
  return { status: 200, headers: {}, body: { kind: 'stream', chunks, contentType: 'text/plain; charset=utf-8' } };
}

function itemOf({ pod, podUid, container }: KnownLog): Record<string, string> {
  return { pod, podUid, step: container.slice(stepPrefix.length) };
}

function chosenLog(logs: readonly KnownLog[], taskRun: string, query: ApiRequest['query']): KnownLog {
  const { step, pod = logs.at(-1)?.pod } = query;
  const uid = logs.findLast((log) => log.pod === pod)?.podUid;
  const candidates = logs.filter((log) => log.podUid === uid);
  const steps = candidates.map(({ container }) => container.slice(stepPrefix.length));
  if (step === undefined && candidates.length > 1) {
    throw new ApiStatusError('BadRequest', `a step must be named, one of: ${steps.join(', ')}`);
  }
  const found = candidates.find(({ container }) => step === undefined || container === stepPrefix + step);
  if (found !== undefined) return found;
  if (steps.length === 0) throw noLog(taskRun);
  throw noLog(taskRun, `there is no log of step "${step ?? ''}"; there are: ${steps.join(', ')}`);
}

function readOptions({ query, signal }: ApiRequest): ReadLogOptions {
  const { tailLines } = query;
  const isCount = tailLines !== undefined && /^\d{1,9}$/.test(tailLines);
  if (tailLines !== undefined && !isCount) throw new ApiStatusError('BadRequest', 'tailLines must be a whole number');
  return {
    follow: query['follow'] === 'true',
    timestamps: query['timestamps'] === 'true',
    ...(isCount ? { tailLines: Number(tailLines) } : {}),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The group tells it from the answer of an API server that has no such API. */
function noLog(name: string, message = `no log of taskrun "${name}" is kept`): ApiStatusError {
  return new ApiStatusError('NotFound', message, { details: { group: keptLogs.group, kind: 'taskruns', name } });
}
