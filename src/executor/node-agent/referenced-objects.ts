import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { configMaps, secrets, type ConfigMap, type Secret } from '../../kube/core-types.ts';
import type { Pod } from '../../kube/pod.ts';
import { referencedNames } from '../../kube/pod-references.ts';

/** What of a pod's namespace its variables and volumes need. `undefined` = does not exist. */
export interface ReferencedObjects {
  readonly configMaps: ReadonlyMap<string, ConfigMap | undefined>;
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
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
