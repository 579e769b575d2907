/** Who we are to a cluster, where it takes a program, an identity provider or a proxy to find out. */
import { dirname } from 'node:path';
import { UserError, errorText } from '../../base/errors.ts';
import type { HttpServerAddress } from '../../net/http-endpoint.ts';

/** Sockets as `net` takes them. */
export type SocketAgent = NonNullable<HttpServerAddress['agent']>;

/** What proves who we are, now. */
export interface Credentials {
  /** The whole `Authorization` header. */
  readonly authorization?: string;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** Sockets that lead through the proxy which the kubeconfig names. */
  readonly agent?: SocketAgent;
}

/** A way to log in that may have to be gone again. */
export interface Login {
  /** The credentials of the moment; from memory as long as they are valid. */
  credentials(): Promise<Credentials>;
  /** The server did not accept them: the next ones are made anew. */
  forget(): void;
}

/** A kubeconfig, and which of its contexts is meant. */
export interface LoginSource {
  readonly text: string;
  /** Where it lies: for messages and relative paths. */
  readonly file: string;
  readonly context: string;
  /** Whether the cluster is reached through a proxy. */
  readonly throughProxy: boolean;
}

/** What the library fills in; it names far more. */
interface FilledOptions {
  headers?: Readonly<Record<string, unknown>>;
  auth?: string;
  cert?: unknown;
  key?: unknown;
  agent?: unknown;
}

/**
 * Logs in as the Kubernetes project's own client does: programs (`exec`), OpenID Connect, user name and password, proxies.
 * That library takes a second and 80 MiB to load, so it is loaded here and only when a kubeconfig needs it.
 */
export async function openLogin(source: LoginSource): Promise<Login> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const load = (): InstanceType<typeof KubeConfig> => {
    const config = new KubeConfig();
    config.loadFromString(source.text);
    config.makePathsAbsolute(dirname(source.file));
    config.setCurrentContext(source.context);
    return config;
  };
  let config = load();
  return {
    async credentials() {
      const filled: FilledOptions = { headers: {} };
      try {
        await config.applyToHTTPSOptions(filled as Parameters<typeof config.applyToHTTPSOptions>[0]);
      } catch (thrown) {
        throw new UserError(`${source.file}: cannot log in to context "${source.context}": ${errorText(thrown)}`, {
          code: 'KUBECONFIG_LOGIN',
          remedy: 'check that the command or the provider named in the kubeconfig works',
          cause: thrown,
        });
      }
      return credentialsIn(filled, source.throughProxy);
    },
    forget: () => {
      // It keeps credentials until they expire and has no way to drop them.
      config = load();
    },
  };
}

function credentialsIn(filled: FilledOptions, throughProxy: boolean): Credentials {
  const header = filled.headers?.['Authorization'];
  const authorization = typeof header === 'string' ? header : basic(filled.auth);
  const [certificate, key] = [textOf(filled.cert), textOf(filled.key)];
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
    ...(throughProxy ? { agent: filled.agent as SocketAgent } : {}),
  };
}

function basic(userAndPassword: string | undefined): string | undefined {
  return userAndPassword === undefined ? undefined : `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}
