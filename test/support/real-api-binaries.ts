/** Where the programs of a real Kubernetes API are on this machine. */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The release that `tools/real-api/obtain.sh` builds. */
export const kubernetesVersion = '1.34.4';

/** How the tests get at a real API server. */
export type RealApiSource =
  | { readonly kind: 'programs'; readonly apiServer: string; readonly etcd: string }
  /** A cluster that is there already; tests make namespaces of their own in it. */
  | { readonly kind: 'cluster'; readonly kubeconfig: string }
  | { readonly kind: 'absent'; readonly reason: string };

/**
 * Looks, in this order, at PENSTOCK_TEST_KUBECONFIG (a cluster; never just KUBECONFIG, since tests leave things behind),
 * KUBEBUILDER_ASSETS as envtest does, and the cache of `tools/real-api/obtain.sh`. etcd may also be on the PATH.
 */
export function findRealApi(environment: Readonly<Record<string, string | undefined>> = process.env): RealApiSource {
  const { PENSTOCK_TEST_KUBECONFIG: kubeconfig, KUBEBUILDER_ASSETS: assets } = environment;
  if (kubeconfig) return { kind: 'cluster', kubeconfig };
  const folders = [...(assets ? [assets] : []), cacheFolder(environment)];
  const apiServer = findProgram('kube-apiserver', folders);
  if (apiServer === undefined) {
    return { kind: 'absent', reason: `no kube-apiserver in ${folders.join(' or ')}: run tools/real-api/obtain.sh` };
  }
  const etcd = findProgram('etcd', [...folders, ...(environment['PATH'] ?? '').split(delimiter), '/usr/bin']);
  if (etcd === undefined) return { kind: 'absent', reason: 'no etcd on the PATH: install etcd-server' };
  return { kind: 'programs', apiServer, etcd };
}

/** Why tests that need a real API server are skipped; false when there is one. */
export function whyNoRealApi(): string | false {
  const source = findRealApi();
  return source.kind === 'absent' ? source.reason : false;
}

function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'penstock', 'kubebuilder', kubernetesVersion);
}

function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
