/** How API servers prove that they speak for a person, when they hand on a request for an API that is registered with them. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { sleep, type Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { configMaps } from '../../kube/core-types.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Where every API server publishes it, for whoever has the Role `extension-apiserver-authentication-reader`. */
export const frontProxyConfigMap = { namespace: 'kube-system', name: 'extension-apiserver-authentication' } as const;
/** How often that is read, in milliseconds; and how soon again after a failure. */
export const frontProxyLookMs = 60_000;
export const frontProxyRetryMs = 2_000;

/** Whom to believe, and where a person's name stands. */
export interface FrontProxy {
  /** PEM: who signs the certificates that API servers show. */
  readonly authorities: string;
  /** Common names of those certificates; empty = any. */
  readonly allowedNames: readonly string[];
  /** Names of headers, in small letters. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** Who asks, as the API server has found out. */
export interface FrontProxyUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the data of {@link frontProxyConfigMap} say; undefined where API servers hand nothing on. Throws what is no JSON. */
export function parseFrontProxy(data: Readonly<Record<string, string>>): FrontProxy | undefined {
  const authorities = data['requestheader-client-ca-file'] ?? '';
  const list = (key: string): readonly string[] => {
    const value: unknown = JSON.parse(data[key] || '[]');
    return Array.isArray(value) ? value.map(String) : [];
  };
  const headers = (key: string): readonly string[] => list(key).map((name) => name.toLowerCase());
  const usernameHeaders = headers('requestheader-username-headers');
  if (authorities.trim() === '' || usernameHeaders.length === 0) return undefined;
  return {
    authorities,
    allowedNames: list('requestheader-allowed-names'),
    usernameHeaders,
    uidHeaders: headers('requestheader-uid-headers'),
    groupHeaders: headers('requestheader-group-headers'),
    extraHeaderPrefixes: headers('requestheader-extra-headers-prefix'),
  };
}

/** Whom a request is from; undefined unless an API server that `proxy` believes says so over the very connection. */
export function userOfRequest(request: IncomingMessage, proxy: FrontProxy | undefined): FrontProxyUser | undefined {
  const { socket, headersDistinct } = request;
  if (proxy === undefined || !(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { allowedNames } = proxy;
  const name = socket.getPeerCertificate().subject?.CN;
  if (allowedNames.length > 0 && !allowedNames.includes(String(name))) return undefined;
  const all = (names: readonly string[]): readonly string[] => names.flatMap((header) => headersDistinct[header] ?? []);
  const [username] = all(proxy.usernameHeaders).filter((value) => value !== '');
  if (username === undefined) return undefined;
  const [uid] = all(proxy.uidHeaders);
  const extra = Object.entries(headersDistinct).flatMap(([header, values = []]) => {
    const prefix = proxy.extraHeaderPrefixes.find((known) => header.startsWith(known));
    return prefix === undefined ? [] : [[decodeKey(header.slice(prefix.length)), values] as const];
  });
  const groups = all(proxy.groupHeaders);
  return { username, groups, extra: Object.fromEntries(extra), ...(uid === undefined ? {} : { uid }) };
}

/** Characters that no header may have are escaped in keys. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // Not escaped at all.
  }
}

/** Reads whom to believe, now and then, until `signal` aborts; `trust` gets each new answer. Failures are logged. */
export async function followFrontProxy(
  { client, clock, logger }: { readonly client: ApiClient; readonly clock: Clock; readonly logger: Logger },
  trust: (proxy: FrontProxy | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let known: string | undefined;
  while (!signal.aborted) {
    let waitMs = frontProxyLookMs;
    try {
      const { data = {} } = await client.get(configMaps, frontProxyConfigMap);
      const text = JSON.stringify(data);
      if (text !== known) trust(parseFrontProxy(data));
      known = text;
    } catch (thrown) {
      if (!signal.aborted) {
        logger.error('logs cannot be served through the API server: whom to believe cannot be read', {
          error: errorText(thrown),
        });
      }
      waitMs = known === undefined ? frontProxyRetryMs : frontProxyLookMs;
    }
    await sleep(clock, waitMs, signal).catch(() => undefined);
  }
}
