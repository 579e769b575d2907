/** Discovery: `/api`, `/apis`, a group, a version, and the aggregated form that says it all at once. */
import type { JsonObject } from '../../base/json.ts';
import type { ApiRequest, ApiResponse } from '../../kube/transport.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { jsonResponse } from '../resource-call.ts';
import type { SubresourceHandler } from '../resource-call.ts';
import { servedGroups } from './api-groups.ts';
import type { ServedEntry, ServedGroup, ServedVersion } from './api-groups.ts';

/** Answers `GET`s of discovery paths; what is served is worked out again when the list of kinds is another one. */
export class DiscoveryEndpoint {
  readonly #kinds: () => readonly KindDefinition[];
  readonly #subresources: readonly SubresourceHandler[];
  #madeFrom: readonly KindDefinition[] | undefined;
  #groups: readonly ServedGroup[] = [];

  /** `kinds` gives the same list as long as nothing changed. */
  constructor(kinds: () => readonly KindDefinition[], subresources: readonly SubresourceHandler[]) {
    this.#kinds = kinds;
    this.#subresources = subresources;
  }

  /** Undefined for a path that is not discovery's, and for a group or version that is not served. */
  respond(request: ApiRequest): ApiResponse | undefined {
    const [, root, group, version, ...more] = request.path.replace(/\/$/, '').split('/');
    if (root === 'api' && version === undefined) return this.#core(request, group);
    if (root === 'apis' && more.length === 0) return this.#named(request, group, version);
    return undefined;
  }

  #core(request: ApiRequest, version: string | undefined): ApiResponse | undefined {
    const core = this.#served().filter(({ group }) => group === '');
    if (version !== undefined) return resourceList(core[0], version);
    const aggregatedVersion = aggregatedVersionOf(request);
    if (aggregatedVersion !== undefined) return aggregated(core, aggregatedVersion);
    const versions = core.flatMap((group) => group.versions.map((served) => served.version));
    return jsonResponse(200, { kind: 'APIVersions', versions, serverAddressByClientCIDRs: [] });
  }

  #named(request: ApiRequest, name: string | undefined, version: string | undefined): ApiResponse | undefined {
    const groups = this.#served().filter(({ group }) => group !== '');
    if (name === undefined) {
      const aggregatedVersion = aggregatedVersionOf(request);
      if (aggregatedVersion !== undefined) return aggregated(groups, aggregatedVersion);
      return jsonResponse(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) });
    }
    const group = groups.find((served) => served.group === name);
    if (group === undefined) return undefined;
    if (version !== undefined) return resourceList(group, version);
    return jsonResponse(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) });
  }

  #served(): readonly ServedGroup[] {
    const kinds = this.#kinds();
    if (kinds !== this.#madeFrom) {
      this.#madeFrom = kinds;
      this.#groups = servedGroups(kinds, this.#subresources);
    }
    return this.#groups;
  }
}

function groupEntry({ group, versions }: ServedGroup): JsonObject {
  const list = versions.map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, ...(list[0] ? { preferredVersion: list[0] } : {}) };
}

function resourceList(group: ServedGroup | undefined, version: string): ApiResponse | undefined {
  const served = group?.versions.find((candidate) => candidate.version === version);
  if (group === undefined || served === undefined) return undefined;
  return jsonResponse(200, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group.group === '' ? version : `${group.group}/${version}`,
    resources: served.entries.map((entry) => resourceEntry(group, served, entry)),
  });
}

function resourceEntry(group: ServedGroup, served: ServedVersion, entry: ServedEntry): JsonObject {
  const { name, singular, namespaced, kind, verbs, shortNames, categories } = entry;
  const foreign = kind.group !== group.group || kind.version !== served.version;
  return {
    name,
    singularName: singular,
    namespaced,
    ...(foreign ? { group: kind.group, version: kind.version } : {}),
    kind: kind.kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** The versions of the aggregated form, which differ in their name only. */
const aggregatedVersions = ['v2', 'v2beta1'] as const;

type AggregatedVersion = (typeof aggregatedVersions)[number];

/** The version of the aggregated form that the client likes best, if it knows the form at all. */
function aggregatedVersionOf({ headers }: ApiRequest): AggregatedVersion | undefined {
  const [first = ''] = (headers['accept'] ?? '').split(',');
  const parameters = first.split(';').map((parameter) => parameter.trim());
  if (!parameters.includes('as=APIGroupDiscoveryList') || !parameters.includes('g=apidiscovery.k8s.io'))
    return undefined;
  return aggregatedVersions.find((version) => parameters.includes(`v=${version}`));
}

function aggregated(groups: readonly ServedGroup[], version: AggregatedVersion): ApiResponse {
  const value: JsonObject = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(aggregatedGroup),
  };
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return { status: 200, headers: {}, body: { kind: 'text', text: JSON.stringify(value), contentType } };
}

function aggregatedGroup({ group, versions }: ServedGroup): JsonObject {
  return {
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map(({ version, entries }) => ({
      version,
      freshness: 'Current',
      resources: entries
        .filter((entry) => !entry.name.includes('/'))
        .map((entry) =>
          aggregatedResource(
            entry,
            entries.filter((sub) => sub.name.startsWith(`${entry.name}/`)),
          ),
        ),
    })),
  };
}

function aggregatedResource(entry: ServedEntry, subresources: readonly ServedEntry[]): JsonObject {
  const { name, kind, namespaced, singular, verbs, shortNames, categories } = entry;
  return {
    resource: name,
    responseKind: { ...kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map((sub) => ({
            subresource: sub.name.slice(name.length + 1),
            responseKind: { ...sub.kind },
            verbs: sub.verbs,
          })),
        }),
  };
}
