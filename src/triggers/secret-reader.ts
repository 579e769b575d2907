import type { ApiClient } from '../client/api-client.ts';
import type { ReadSecret } from '../forge/access/access-of.ts';
import { isApiError } from '../kube/api-error.ts';
import { secrets } from '../kube/core-types.ts';

/** Reads keys of Secrets as they are now: only those that are named, so that nobody needs to see all. */
export function secretReader(client: ApiClient): ReadSecret {
  return async (namespace, name, key) => {
    try {
      const { data = {} } = await client.get(secrets, { namespace, name });
      const value = Object.hasOwn(data, key) ? data[key] : undefined;
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  };
}
