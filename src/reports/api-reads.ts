/** What is read from the API as it is now, and not from a cache. */
import type { ApiClient } from '../client/api-client.ts';
import { settingsConfigMap } from '../forge/kinds/settings.ts';
import { isApiError } from '../kube/api-error.ts';
import { configMaps, secrets } from '../kube/core-types.ts';
import type { ReadLog } from './excerpts.ts';
import type { SecretValues } from './run-secrets.ts';

/** What a call gives, or undefined where the API says that there is no such thing. */
export async function found<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}

/** Data of the ConfigMap with the settings. Not by a cache: that would hold all ConfigMaps of a cluster. */
export async function settingsData(
  client: ApiClient,
  systemNamespace: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const place = { namespace: systemNamespace, name: settingsConfigMap };
  return (await found(client.get(configMaps, place)))?.data;
}

/** Values of Secrets; a Secret that is not there has none. */
export function secretValuesBy(client: ApiClient): SecretValues {
  return async (namespace, name) => {
    const secret = await found(client.get(secrets, { namespace, name }));
    return Object.values(secret?.data ?? {}).map((value) => Buffer.from(value, 'base64').toString('utf8'));
  };
}

/** Logs of pods that are still there. */
export function podLogs(client: ApiClient): ReadLog {
  return async ({ namespace, podName, container, tailLines, bytesMax }, signal) => {
    const chunks: Uint8Array[] = [];
    const options = { container, tailLines, limitBytes: bytesMax, signal };
    for await (const chunk of client.podLog({ namespace, name: podName }, options)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
}
