/** The one file that reads the environment of the process. */
import type { ProxySettings } from '../net/outgoing-fetch.ts';

/** What the environment says that we heed. */
export interface ProcessEnvironment {
  /** Whether colours are wanted: NO_COLOR, FORCE_COLOR and TERM are the conventions (no-color.org). */
  readonly colour: boolean | undefined;
  /** `debug`, `info`, `warn` or `error`: what the program logs about itself. */
  readonly logLevel: string | undefined;
  /** KUBECONFIG: a kubeconfig, or several with `:` between, as kubectl has it. */
  readonly kubeconfig: string | undefined;
  /** The person's home directory. */
  readonly home: string | undefined;
  /** SSH_AUTH_SOCK: an agent that holds the person's keys. */
  readonly sshAgent: string | undefined;
  /** KUBERNETES_SERVICE_HOST and _PORT: where a pod finds the API of its cluster. */
  readonly kubernetesService: { readonly host: string; readonly port: string } | undefined;
  /** Where programs of steps are looked up. */
  readonly path: string;
  /** Variables about language, time zone and proxies, which steps get as well; never anything else. */
  readonly forSteps: Readonly<Record<string, string>>;
  /** Proxies for connections to Git hosts. */
  readonly proxy: ProxySettings;
  /** What OpenTelemetry's usual variables say; absent = traces go nowhere. */
  readonly tracing?: { readonly endpoint: string; readonly serviceName?: string; readonly ratio?: string };
  /** Whether the terminal can draw lines anew. */
  readonly dumbTerminal: boolean;
}

/** What a step may know of the machine's surroundings. A container gets none of it: a cluster sets such things itself. */
const namesForSteps: readonly string[] = [
  'LANG',
  'LC_ALL',
  'TZ',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
];

/** Reads the environment. */
export function readEnvironment(): ProcessEnvironment {
  const { NO_COLOR, FORCE_COLOR, TERM, PENSTOCK_LOG, PATH, KUBECONFIG, HOME, SSH_AUTH_SOCK } = process.env;
  const { KUBERNETES_SERVICE_HOST: serviceHost, KUBERNETES_SERVICE_PORT: servicePort } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  const refused = (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  return {
    colour: forced ? true : refused ? false : undefined,
    logLevel: PENSTOCK_LOG,
    kubeconfig: KUBECONFIG === '' ? undefined : KUBECONFIG,
    home: HOME === '' ? undefined : HOME,
    sshAgent: SSH_AUTH_SOCK === '' ? undefined : SSH_AUTH_SOCK,
    kubernetesService: serviceHost && servicePort ? { host: serviceHost, port: servicePort } : undefined,
    path: PATH ?? '/usr/local/bin:/usr/bin:/bin',
    forSteps: Object.fromEntries(namesForSteps.flatMap((name) => entryOf(name))),
    dumbTerminal: TERM === 'dumb',
    proxy: proxyVariables(),
    ...tracingVariables(),
  };
}

function proxyVariables(): ProxySettings {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;
  const entries = names.map((name) => [name, process.env[name] ?? process.env[name.toLowerCase()]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

function tracingVariables(): Pick<ProcessEnvironment, 'tracing'> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = process.env;
  const { OTEL_TRACES_SAMPLER_ARG: ratio } = process.env;
  if (!endpoint) return {};
  return { tracing: { endpoint, ...(serviceName ? { serviceName } : {}), ...(ratio ? { ratio } : {}) } };
}

function entryOf(name: string): readonly (readonly [string, string])[] {
  const value = process.env[name];
  return value === undefined || value === '' ? [] : [[name, value]];
}
