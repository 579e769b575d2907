/** Who may read logs where no API server of ours stands before them: the cluster is asked. */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { ApiResponse, Transport } from '../kube/transport.ts';
import type { LogArchive } from './log-archive.ts';
import { type LogRequest, logRequestOf, withLogs } from './log-route.ts';

/** For so long an answer about a token is believed. */
export const tokenMsMax = 60_000;
/** How many tokens are remembered, those that are wrong too. */
const tokensMax = 1_000;

/** Who asks. */
export interface LogReader {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string };
  readonly status?: { readonly authenticated?: boolean; readonly user?: LogReader };
}

interface SubjectAccessReview extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: { readonly allowed?: boolean };
}

const tokenReviews: ResourceType<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};
const accessReviews: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

/** What {@link logsByReview} needs. */
export interface LogAccessOptions {
  /** May create TokenReviews and SubjectAccessReviews: the ClusterRole `system:auth-delegator` allows it. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly archive: LogArchive;
}

/**
 * The logs for the bearer of a token, as an API mount asks for it; `undefined` for a token that the cluster does not know. Whoever
 * may read the logs of pods in a namespace may read these: each request is reviewed, and refused with 403 otherwise.
 */
export function logsByReview(options: LogAccessOptions): (token: string | undefined) => Promise<Transport | undefined> {
  const known = new Map<string, { readonly user: LogReader | undefined; readonly untilMs: number }>();
  const logs = withLogs(() => Promise.resolve(refusal(notFound())), options.archive);
  const userOf = async (token: string): Promise<LogReader | undefined> => {
    const digest = createHash('sha256').update(token).digest('base64');
    const nowMs = options.clock.monotonicMs();
    const found = known.get(digest);
    if (found !== undefined && nowMs < found.untilMs) return found.user;
    const user = await reviewToken(options.client, token);
    known.delete(digest);
    known.set(digest, { user, untilMs: nowMs + tokenMsMax });
    const [oldest] = known.keys();
    if (known.size > tokensMax && oldest !== undefined) known.delete(oldest);
    return user;
  };
  return async (token) => {
    const user = token === undefined ? undefined : await userOf(token);
    return user && reviewed(options.client, user, logs);
  };
}

/** The same for somebody whose name is known: an API server has said who it is. */
export function logsOfReader({ client, archive }: Omit<LogAccessOptions, 'clock'>, user: LogReader): Transport {
  return reviewed(
    client,
    user,
    withLogs(() => Promise.resolve(refusal(notFound())), archive),
  );
}

function reviewed(client: ApiClient, user: LogReader, logs: Transport): Transport {
  return async (request) => {
    const wanted = logRequestOf(request.path);
    if (wanted === undefined) return refusal(notFound());
    return (await mayRead(client, user, wanted)) ? logs(request) : refusal(forbidden(user, wanted));
  };
}

async function reviewToken(client: ApiClient, token: string): Promise<LogReader | undefined> {
  const apiVersion = 'authentication.k8s.io/v1';
  const review: TokenReview = { apiVersion, kind: 'TokenReview', metadata: {}, spec: { token } };
  const { status } = await client.create(tokenReviews, review);
  return status?.authenticated === true ? status.user : undefined;
}

async function mayRead(client: ApiClient, user: LogReader, { namespace }: LogRequest): Promise<boolean> {
  const resourceAttributes = { namespace, verb: 'get', resource: 'pods', subresource: 'log' };
  const { username, uid, groups, extra } = user;
  const spec = { user: username, uid, groups, extra, resourceAttributes };
  const apiVersion = 'authorization.k8s.io/v1';
  const review: SubjectAccessReview = { apiVersion, kind: 'SubjectAccessReview', metadata: {}, spec };
  const { status } = await client.create(accessReviews, review);
  return status?.allowed === true;
}

function notFound(): ApiStatusError {
  return new ApiStatusError('NotFound', 'only logs of steps are here');
}

function forbidden({ username }: LogReader, { namespace, taskRun }: LogRequest): ApiStatusError {
  const message = `taskrun "${taskRun}": user "${username}" cannot get pods/log in the namespace "${namespace}"`;
  return new ApiStatusError('Forbidden', message);
}

function refusal(error: ApiStatusError): ApiResponse {
  return { status: error.status, headers: {}, body: { kind: 'json', value: error.toStatus() } };
}
