import { isJsonObject } from '../../base/json.ts';
import type { Catalog } from '../../forge/kinds/settings.ts';
import { RemoteFetchError, type RemoteFetcher, remoteDocumentBytesMax } from './remote-fetcher.ts';
import type { RemoteReference } from './references.ts';

type CatalogItem = Extract<RemoteReference, { readonly type: 'catalog' }>;

/** Name of the repository of Artifact Hub, and of the catalog of Tekton Hub, when the setting does not give one. */
const standardNames = {
  artifacthub: { Task: 'tekton-catalog-tasks', Pipeline: 'tekton-catalog-pipelines' },
  tektonhub: { Task: 'tekton', Pipeline: 'tekton' },
} as const;

/**
 * The manifest of an item of a catalog, in its newest version when none is named; undefined = the catalog has no such
 * item. Throws {@link RemoteFetchError}.
 */
export async function catalogDocument(
  { catalog: id, name, version }: CatalogItem,
  kind: 'Pipeline' | 'Task',
  catalogs: readonly Catalog[],
  fetcher: RemoteFetcher,
): Promise<string | undefined> {
  const catalog = catalogs.find((one) => one.id === id);
  if (catalog === undefined) {
    const known = catalogs.map((one) => one.id).join(', ');
    throw new RemoteFetchError(`there is no catalog "${id}" in the settings; known: ${known}`, { passing: false });
  }
  const type = catalog.type ?? (await catalogTypeOf(catalog, fetcher));
  const repository = catalog.name === 'default' ? standardNames[type][kind] : catalog.name;
  const item = [repository, ...(type === 'tektonhub' ? [kind.toLowerCase()] : []), name, ...(version ? [version] : [])];
  const path = item.map(encodeURIComponent).join('/');
  if (type === 'tektonhub') return fetcher.fetchText(`${catalog.url}/resource/${path}/raw`, remoteDocumentBytesMax);
  const url = `${apiOf(catalog)}/packages/tekton-${kind.toLowerCase()}/${path}`;
  const answer = await fetcher.fetchText(url, 2 * remoteDocumentBytesMax);
  return answer === undefined ? undefined : manifestIn(answer, url);
}

/** Artifact Hub answers a question for its statistics; Tekton Hub does not know it. */
async function catalogTypeOf(catalog: Catalog, fetcher: RemoteFetcher): Promise<'artifacthub' | 'tektonhub'> {
  const answer = await fetcher.fetchText(`${apiOf(catalog)}/stats`, remoteDocumentBytesMax);
  return answer === undefined ? 'tektonhub' : 'artifacthub';
}

function apiOf({ url }: Catalog): string {
  return url.endsWith('/api/v1') ? url : `${url}/api/v1`;
}

function manifestIn(answer: string, url: string): string {
  const manifest = manifestOf(answer);
  if (manifest !== undefined) return manifest;
  throw new RemoteFetchError(`${url} answered without data.manifestRaw`, { passing: false });
}

function manifestOf(answer: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    return undefined;
  }
  const data = isJsonObject(parsed) ? parsed['data'] : undefined;
  const manifest = isJsonObject(data) ? data['manifestRaw'] : undefined;
  return typeof manifest === 'string' ? manifest : undefined;
}
