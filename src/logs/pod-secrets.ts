import type { ApiClient } from '../client/api-client.ts';
import { isApiError } from '../kube/api-error.ts';
import { secrets } from '../kube/core-types.ts';
import type { Pod } from '../kube/pod.ts';
import { referencedNames } from '../kube/pod-references.ts';

/**
 * The values of all Secrets that `pod` refers to, as text. Costs a call a Secret, and none where there is none. Rejects when
 * one cannot be read: then nobody knows what to mask, and nothing of the log may be stored.
 */
export async function secretsOfPod(client: ApiClient, pod: Pod): Promise<readonly string[]> {
  const namespace = pod.metadata.namespace ?? '';
  const names = [...referencedNames(pod).secrets];
  const values = await Promise.all(names.map((name) => valuesOf(client, namespace, name)));
  return values.flat();
}

async function valuesOf(client: ApiClient, namespace: string, name: string): Promise<readonly string[]> {
  try {
    const { data = {} } = await client.get(secrets, { namespace, name });
    return Object.values(data).map((value) => Buffer.from(value, 'base64').toString('utf8'));
  } catch (thrown) {
    // An optional Secret that there is not: nothing of it can be in the log.
    if (isApiError(thrown, 'NotFound')) return [];
    throw thrown;
  }
}
