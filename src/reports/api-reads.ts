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

/** Most bytes that are read of the last lines of a log, to find the end of them. */
export const logReadBytesMax: number = 16 * 1024 * 1024;

/** Logs of pods that are still there. Rejects where the last lines are too long for their end to be found. */
export function podLogs(client: ApiClient): ReadLog {
  return async ({ namespace, podName, container, tailLines, bytesMax }, signal) => {
    // A limit of the API would leave the end out, where a log says what failed.
    const options = { container, tailLines, limitBytes: logReadBytesMax, signal };
    let end: Uint8Array = new Uint8Array();
    let bytes = 0;
    for await (const chunk of client.podLog({ namespace, name: podName }, options)) {
      bytes += chunk.length;
      end = Buffer.concat([end, chunk]).subarray(-bytesMax);
    }
    if (bytes >= logReadBytesMax)
      throw new Error(`its last ${tailLines} lines have more than ${logReadBytesMax} bytes`);
    return Buffer.from(end).toString('utf8');
  };
}
