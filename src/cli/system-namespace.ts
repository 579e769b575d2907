/** Where the Penstock of a server keeps what is its own: Deliveries, settings, secrets. */
import { UserError } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import { partOfLabel } from '../install/names.ts';
import { isApiError } from '../kube/api-error.ts';
import type { ResourceType } from '../kube/resource.ts';

/** Where an installation is unless it was told otherwise, and where the embedded server always is. */
export const systemNamespaceDefault = 'penstock';

/** Every installation has these, with the label of all that is part of Penstock. */
const services: ResourceType = { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true };

/**
 * `asked`, if it was said; else where the Services of an installation are; else {@link systemNamespaceDefault}, also for somebody
 * who may not see the Services of all namespaces. Throws `UserError` (`SYSTEM_NAMESPACE`) when there are several installations.
 */
export async function findSystemNamespace(client: ApiClient, asked: string | undefined): Promise<string> {
  if (asked !== undefined) return asked;
  const labelSelector = Object.entries(partOfLabel)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const found = await client.list(services, { labelSelector }).catch((thrown: unknown) => {
    if (isApiError(thrown, 'Forbidden') || isApiError(thrown, 'NotFound')) return { items: [] };
    throw thrown;
  });
  const [namespace = systemNamespaceDefault, ...others] = new Set(
    found.items.map(({ metadata }) => metadata.namespace ?? ''),
  );
  if (others.length === 0) return namespace;
  throw new UserError(`Penstock is installed in several namespaces: ${[namespace, ...others].join(', ')}`, {
    code: 'SYSTEM_NAMESPACE',
    remedy: 'say which is meant with --system-namespace',
  });
}
