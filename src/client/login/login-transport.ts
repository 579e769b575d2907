import type { Clock } from '../../base/clock.ts';
import type { ApiRequest, ApiResponse } from '../../kube/transport.ts';
import type { HttpServerAddress } from '../../net/http-endpoint.ts';
import { createHttpTransport, type HttpTransport } from '../../net/http-transport.ts';
import type { Credentials, Login } from './login.ts';

/** A server that refuses fresh credentials is not asked again with fresher ones before this time, in milliseconds. */
export const loginAgainMs = 10_000;
/** Connections with an old certificate are closed so much later: what is under way, watches too, has ended by then. */
export const oldCertificateMs: number = 15 * 60_000;

/** What {@link createLoginTransport} needs. */
export interface LoginTransportOptions extends HttpServerAddress {
  readonly clock: Clock;
  readonly login: Login;
}

/**
 * A transport that asks `login` before each call who we are. When the server answers 401, it logs in anew and sends once more:
 * a call that was not let in has changed nothing. A new client certificate gets new connections.
 */
export function createLoginTransport(options: LoginTransportOptions): HttpTransport {
  const { clock, login } = options;
  let current: Connection | undefined;
  let renewedMs = Number.NEGATIVE_INFINITY;
  const connectionFor = (credentials: Credentials): Connection => {
    if (current !== undefined && isSame(current.credentials, credentials)) return current;
    const old = current;
    if (old !== undefined) clock.schedule(oldCertificateMs, () => old.transport.close());
    current = { credentials, transport: connect(options, credentials) };
    return current;
  };
  const attempt = async (request: ApiRequest): Promise<ApiResponse> => {
    const credentials = await login.credentials();
    return connectionFor(credentials).transport(withAuthorization(request, credentials));
  };
  const send = async (request: ApiRequest): Promise<ApiResponse> => {
    const answer = await attempt(request);
    const nowMs = clock.monotonicMs();
    if (answer.status !== 401 || nowMs - renewedMs < loginAgainMs) return answer;
    renewedMs = nowMs;
    login.forget();
    return attempt(request);
  };
  const close = (): void => current?.transport.close();
  return Object.assign(send, { close, [Symbol.dispose]: close });
}

interface Connection {
  readonly credentials: Credentials;
  readonly transport: HttpTransport;
}

function connect({ login: _login, ...address }: LoginTransportOptions, credentials: Credentials): HttpTransport {
  const { clientCertificate, agent } = credentials;
  return createHttpTransport({
    ...address,
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(agent === undefined ? {} : { agent }),
    authorized: true,
  });
}

function withAuthorization(request: ApiRequest, { authorization }: Credentials): ApiRequest {
  return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } };
}

/** Whether the same connections will do. */
function isSame(a: Credentials, b: Credentials): boolean {
  const [one, other] = [a.clientCertificate, b.clientCertificate];
  return a.agent === b.agent && one?.certificate === other?.certificate && one?.key === other?.key;
}
