import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { configMaps, secrets, type ConfigMap, type Secret } from '../../kube/core-types.ts';
import type { Pod } from '../../kube/pod.ts';

/** What of a pod's namespace its variables and volumes need. `undefined` = does not exist. */
export interface ReferencedObjects {
  readonly configMaps: ReadonlyMap<string, ConfigMap | undefined>;
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
}

/** Names of the ConfigMaps and Secrets that `pod` refers to anywhere. */
export function referencedNames(pod: Pod): {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
} {
  const names = { configMaps: new Set<string>(), secrets: new Set<string>() };
  const add = (set: Set<string>, name: string | undefined): void => {
    if (name !== undefined && name !== '') set.add(name);
  };
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const { valueFrom } of container.env ?? []) {
      add(names.configMaps, valueFrom?.configMapKeyRef?.name);
      add(names.secrets, valueFrom?.secretKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add(names.configMaps, source.configMapRef?.name);
      add(names.secrets, source.secretRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    add(names.configMaps, volume.configMap?.name);
    add(names.secrets, volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add(names.configMaps, source.configMap?.name);
      add(names.secrets, source.secret?.name);
    }
  }
  return names;
}

/** Reads what `pod` refers to. Most pods refer to nothing, which costs no call. */
export async function readReferenced(client: ApiClient, pod: Pod): Promise<ReferencedObjects> {
  const names = referencedNames(pod);
  const namespace = pod.metadata.namespace ?? '';
  const [maps, kept] = await Promise.all([
    Promise.all(
      [...names.configMaps].map(
        async (name) => [name, await unlessMissing(client.get(configMaps, { namespace, name }))] as const,
      ),
    ),
    Promise.all(
      [...names.secrets].map(
        async (name) => [name, await unlessMissing(client.get(secrets, { namespace, name }))] as const,
      ),
    ),
  ]);
  return { configMaps: new Map(maps), secrets: new Map(kept) };
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}

/** The values of all secrets among `objects`, as text: what must not show in logs. */
export function secretValues(objects: ReferencedObjects): readonly string[] {
  const encoded = [...objects.secrets.values()].flatMap((secret) => Object.values(secret?.data ?? {}));
  return encoded.map((value) => Buffer.from(value, 'base64').toString('utf8'));
}
