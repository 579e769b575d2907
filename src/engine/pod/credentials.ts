import type { Secret } from '../../kube/core-types.ts';
import type { Volume, VolumeMount } from '../../kube/pod.ts';
import { credentialsScript } from './credentials-script.ts';
import { podPaths } from './names.ts';

/** What a pod needs so that its steps have the credentials of its service account. */
export interface PodCredentials {
  /** Writes the files; names Secrets and hosts, and contains nothing secret. */
  readonly script: string;
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
}

/** One call of the credentials script. */
type Call = readonly [string, ...string[]];

/** Annotations by which a Secret says where it is for; anything may follow. */
const gitPrefix = 'tekton.dev/git-';
const dockerPrefix = 'tekton.dev/docker-';

/**
 * Makes what a pod needs for those of `secrets` that Tekton knows what to do with (reference/tekton 2.14): passwords and
 * keys with annotations that say for which hosts, and files of container registries. `undefined` when there are none.
 * Only names, types and annotations are looked at.
 */
export function podCredentials(secrets: readonly Secret[]): PodCredentials | undefined {
  const registryFiles = secrets.filter(({ type }) => type === dockerConfigType || type === dockerCfgType);
  const byWholeHost = [...secrets.flatMap(hostCalls)].sort((a, b) => Number(hasPath(a)) - Number(hasPath(b)));
  const isOnlyRegistry = registryFiles.length === 1 && !byWholeHost.some(([name]) => name === 'registry_password');
  const calls = [...byWholeHost, ...registryFiles.map((secret) => registryCall(secret, isOnlyRegistry))];
  if (calls.length === 0) return undefined;
  const used = new Set(calls.map(([, secret]) => secret ?? ''));
  const names = [...used].map((secret, index) => ({ secret, volume: `penstock-credentials-${index}` }));
  return {
    script: credentialsScript(calls),
    volumes: names.map(({ secret, volume }) => ({ name: volume, secret: { secretName: secret, optional: true } })),
    mounts: names.map(({ secret, volume }) => ({
      name: volume,
      mountPath: `${podPaths.credentialSecrets}/${secret}`,
      readOnly: true,
    })),
  };
}

const dockerConfigType = 'kubernetes.io/dockerconfigjson';
const dockerCfgType = 'kubernetes.io/dockercfg';

/** A file that comes alone is taken as it is, with all that it says beside `auths`. */
function registryCall({ metadata, type }: Secret, isOnly: boolean): Call {
  const name = metadata.name ?? '';
  if (type === dockerCfgType) return ['registry_list', name];
  return [isOnly ? 'registry_file' : 'registry_config', name];
}

function hostCalls(secret: Secret): readonly Call[] {
  const name = secret.metadata.name ?? '';
  if (secret.type === 'kubernetes.io/ssh-auth') {
    return annotated(secret, gitPrefix).map((where) => ['git_key', name, ...hostParts(where)] as const);
  }
  if (secret.type !== 'kubernetes.io/basic-auth') return [];
  return [
    ...annotated(secret, gitPrefix).map((url) => ['git_password', name, ...urlParts(url)] as const),
    ...annotated(secret, dockerPrefix).map((registry) => ['registry_password', name, jsonText(registry)] as const),
  ];
}

function annotated({ metadata }: Secret, prefix: string): readonly string[] {
  const entries = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(prefix));
  return entries.map(([, value]) => cleaned(value)).sort();
}

/** A line break would end the entry of a file and begin another. */
function cleaned(text: string): string {
  return text.replace(/\s/g, '');
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The URL, and its path if it has one. */
function urlParts(text: string): [string, string] {
  const url = text.includes('://') ? text : `https://${text}`;
  const path = /^[^/]*:\/\/[^/]*\/+(.+)$/.exec(url)?.[1] ?? '';
  return [path === '' ? url.replace(/\/+$/, '') : url, path];
}

/** Host, port and path of `host`, `host:2222`, `ssh://git@host:2222/path` or `git@host:path`. */
function hostParts(text: string): [string, string, string] {
  const bare = text.replace(/^[a-z+]+:\/\//i, '').replace(/^[^@/]*@/, '');
  const [, host = '', port = '22', path = ''] = /^([^:/]*)(?::(\d+)(?=\/|$))?[:/]*(.*)$/.exec(bare) ?? [];
  return [host, port, path];
}

/** Git takes the first entry that fits: those for a whole host come first, as in Tekton. */
function hasPath(call: Call): boolean {
  return (call[0] === 'git_password' || call[0] === 'git_key') && call.at(-1) !== '';
}
