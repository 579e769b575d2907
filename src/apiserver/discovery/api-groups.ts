/** What is served, as both forms of discovery show it. */
import { compareVersions } from './version-order.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { SubresourceHandler } from '../resource-call.ts';

/** A resource or subresource in discovery. */
export interface ServedEntry {
  /** `pods`, `pods/status`. */
  readonly name: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** A version of a group with what it serves. */
export interface ServedVersion {
  readonly version: string;
  readonly entries: readonly ServedEntry[];
}

/** A group with its versions, the preferred one first. */
export interface ServedGroup {
  readonly group: string;
  readonly versions: readonly ServedVersion[];
}

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

/** Resources that are not stored: an answer is all they have. */
const reviews: readonly ServedEntry[] = [
  review('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
  review('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'),
];

function review(group: string, name: string, kind: string): ServedEntry {
  return {
    name,
    singular: kind.toLowerCase(),
    namespaced: false,
    kind: { group, version: 'v1', kind },
    verbs: ['create'],
    shortNames: [],
    categories: [],
  };
}

/** Everything that is served: core first, then groups by name; versions by age of their name, entries by name. */
export function servedGroups(
  kinds: readonly KindDefinition[],
  subresources: readonly SubresourceHandler[],
): readonly ServedGroup[] {
  const byVersion = new Map<string, ServedEntry[]>();
  const add = (group: string, version: string, entry: ServedEntry): void => {
    const key = `${group}/${version}`;
    byVersion.set(key, [...(byVersion.get(key) ?? []), entry]);
  };
  for (const kind of kinds) {
    for (const entry of entriesOf(kind, subresources)) add(kind.type.group, kind.type.version, entry);
  }
  for (const entry of reviews) add(entry.kind.group, entry.kind.version, entry);
  const versions = [...byVersion].map(([key, entries]) => {
    const [group = '', version = ''] = key.split('/');
    return { group, version, entries: entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  });
  const groups = [...Map.groupBy(versions, ({ group }) => group)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([group, list]) => ({
    group,
    versions: list.toSorted((a, b) => compareVersions(a.version, b.version)),
  }));
}

function entriesOf(kind: KindDefinition, subresources: readonly SubresourceHandler[]): readonly ServedEntry[] {
  const { group, version, resource, namespaced } = kind.type;
  const self = { group, version, kind: kind.type.kind };
  const sub = (name: string, verbs: readonly string[], bodyKind: ServedEntry['kind']): ServedEntry => ({
    name: `${resource}/${name}`,
    singular: '',
    namespaced,
    kind: bodyKind,
    verbs,
    shortNames: [],
    categories: [],
  });
  const { singular, shortNames, categories } = kind;
  return [
    { name: resource, singular, namespaced, kind: self, verbs: objectVerbs, shortNames, categories },
    ...(kind.subresources.status ? [sub('status', statusVerbs, self)] : []),
    ...subresources
      .filter(({ type }) => type.group === group && type.resource === resource && type.version === version)
      .map(({ name, verbs, bodyKind }) => sub(name, verbs, bodyKind)),
  ];
}
