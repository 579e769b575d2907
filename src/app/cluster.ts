import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { UserError, errorText } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import type { ServerChoice } from '../cli/environment.ts';
import { inClusterAccess } from '../client/in-cluster.ts';
import { type ClusterAccess, readKubeconfig } from '../client/kubeconfig.ts';
import { createHttpTransport, type HttpTransport } from '../net/http-transport.ts';
import type { ProcessEnvironment } from './environment.ts';
import { readIfPresent } from './private-files.ts';

/** Where `penstock serve` leaves its kubeconfig unless told otherwise, from the folder it was started in. */
const servedKubeconfig = 'penstock-data/kubeconfig';

/** A cluster to talk to. Nothing has been sent yet. */
export interface Cluster {
  readonly transport: HttpTransport;
  /** Its URL, for messages. */
  readonly server: string;
  /** Where objects live when nothing else is said. */
  readonly namespace: string;
  /** Where it takes webhooks, as `penstock serve` has written beside its kubeconfig. */
  readonly hooksUrl?: string;
}

/** Where `penstock serve` writes the address for webhooks, given the path of its kubeconfig. */
export function hooksUrlFile(kubeconfig: string): string {
  return join(dirname(kubeconfig), 'hooks-url');
}

/**
 * The cluster of `--kubeconfig`, else of KUBECONFIG, else of a `penstock serve` in this folder, else of `~/.kube/config`,
 * else the one in which this process is a pod.
 */
export async function openCluster(choice: ServerChoice, environment: ProcessEnvironment): Promise<Cluster> {
  const file = choice.kubeconfig ?? kubeconfigOf(environment);
  if (file !== undefined) return openServed(resolve(file), choice.context);
  const service = environment.kubernetesService;
  if (service === undefined || choice.context !== undefined) throw noKubeconfig(environment);
  return direct(inClusterAccess({ service, readFile: textOfFile }));
}

async function openServed(file: string, context: string | undefined): Promise<Cluster> {
  const cluster = await openKubeconfig(file, context);
  const hooksUrl = readIfPresent(hooksUrlFile(file))?.trim() ?? '';
  return URL.canParse(hooksUrl) ? { ...cluster, hooksUrl } : cluster;
}

async function openKubeconfig(file: string, context: string | undefined): Promise<Cluster> {
  const folder = dirname(file);
  const text = kubeconfigText(file);
  const access = readKubeconfig({
    text,
    file,
    ...(context === undefined ? {} : { context }),
    readFile: (path) => textOfFile(resolve(folder, path)),
    canLogin: true,
  });
  return access.needsLogin === undefined ? direct(access) : throughLogin(access, access.needsLogin, file, text);
}

function direct({ context: _context, namespace, ...access }: ClusterAccess): Cluster {
  return { transport: createHttpTransport({ ...access, clock: systemClock }), server: access.server, namespace };
}

async function throughLogin(
  { context, namespace, ...address }: ClusterAccess,
  needed: readonly string[],
  file: string,
  text: string,
): Promise<Cluster> {
  const [{ openLogin }, { createLoginTransport }] = await Promise.all([
    import('../client/login/login.ts'),
    import('../client/login/login-transport.ts'),
  ]);
  const login = await openLogin({ text, file, context, throughProxy: needed.includes('proxy-url') });
  return {
    transport: createLoginTransport({ ...address, clock: systemClock, login }),
    server: address.server,
    namespace,
  };
}

/** The kubeconfig that nobody named. Of several in KUBECONFIG the first that exists is used; they are not merged. */
function kubeconfigOf(environment: ProcessEnvironment): string | undefined {
  const found = usualKubeconfigs(environment).find((path) => existsSync(path));
  if (found === undefined && namedKubeconfigs(environment).length > 0) throw noKubeconfig(environment);
  return found;
}

function namedKubeconfigs({ kubeconfig }: ProcessEnvironment): readonly string[] {
  return kubeconfig?.split(delimiter).filter((path) => path !== '') ?? [];
}

function usualKubeconfigs(environment: ProcessEnvironment): readonly string[] {
  const named = namedKubeconfigs(environment);
  if (named.length > 0) return named;
  const { home } = environment;
  return [servedKubeconfig, ...(home === undefined ? [] : [join(home, '.kube/config')])];
}

function noKubeconfig(environment: ProcessEnvironment): UserError {
  return new UserError(`no kubeconfig: there is no ${usualKubeconfigs(environment).join(' and no ')}`, {
    code: 'KUBECONFIG_MISSING',
    remedy: 'start a server with `penstock serve`, or name a kubeconfig with --kubeconfig or KUBECONFIG',
  });
}

function textOfFile(path: string): string {
  return readFileSync(path, 'utf8');
}

function kubeconfigText(file: string): string {
  try {
    return textOfFile(file);
  } catch (thrown) {
    throw new UserError(`the kubeconfig ${file} cannot be read: ${errorText(thrown)}`, {
      code: 'KUBECONFIG',
      cause: thrown,
    });
  }
}
