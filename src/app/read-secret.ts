import type { ApiClient } from '../client/api-client.ts';
import type { ReadSecret } from '../forge/access/access-of.ts';
import { isApiError } from '../kube/api-error.ts';
import { secrets } from '../kube/core-types.ts';

/** Reads keys of Secrets live: a rotated token is used from the next call on. */
export function secretReader(client: ApiClient): ReadSecret {
  return async (namespace, name, key) => {
    try {
      const { data } = await client.get(secrets, { namespace, name });
      const value = data?.[key];
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  };
}
