/** The status of a CustomResourceDefinition: decided from names in use, nothing else. */
import { toRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import type { ServedResource } from '../kind-registry.ts';
import { completeNames, type CrdNames, type CustomResourceDefinition } from './crd-types.ts';

/** A name that somebody else uses already. */
export interface NameConflict {
  readonly reason: 'PluralConflict' | 'SingularConflict' | 'ShortNamesConflict' | 'KindConflict' | 'ListKindConflict';
  readonly message: string;
}

/**
 * The first conflict between `names` and the resources served in the same group, `builtin` ones included. A CRD never
 * conflicts with itself: with a resource of its own plural, unless that is built in.
 */
export function nameConflict(
  crd: CustomResourceDefinition,
  resources: readonly ServedResource[],
  builtin: (resource: ServedResource) => boolean,
): NameConflict | undefined {
  const { group } = crd.spec;
  const { plural, singular, kind, listKind, shortNames } = completeNames(crd.spec.names);
  const same = resources.filter((resource) => resource.group === group && resource.resource === plural).find(builtin);
  if (same) return { reason: 'PluralConflict', message: `"${plural}" is served by this server itself` };
  const others = resources.filter((resource) => resource.group === group && resource.resource !== plural);
  const words = new Set(
    others.flatMap(({ storage }) => [storage.type.resource, storage.singular, ...storage.shortNames]),
  );
  const kinds = new Set(others.flatMap(({ storage }) => [storage.type.kind, storage.listKind]));
  const used = (text: string): string => `"${text}" is already in use`;
  if (words.has(plural)) return { reason: 'PluralConflict', message: used(plural) };
  if (words.has(singular)) return { reason: 'SingularConflict', message: used(singular) };
  const shortName = shortNames.find((name) => words.has(name));
  if (shortName !== undefined) return { reason: 'ShortNamesConflict', message: used(shortName) };
  if (kinds.has(kind)) return { reason: 'KindConflict', message: used(kind) };
  return kinds.has(listKind) ? { reason: 'ListKindConflict', message: used(listKind) } : undefined;
}

type Status = NonNullable<CustomResourceDefinition['status']>;

/** The status of `crd` given its conflict, if it has one. Transition times change only with the condition's status. */
export function crdStatus(crd: CustomResourceDefinition, conflict: NameConflict | undefined, nowMs: number): Status {
  const before = crd.status ?? {};
  const wanted = conflict ? refused(conflict) : accepted;
  const established = before.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  // Once established, a kind stays: a new conflict only keeps new names from being accepted.
  const conditions = wanted.filter(({ type }) => !(conflict && established && type === 'Established'));
  const names = conflict ? before.acceptedNames : acceptedNames(crd.spec.names);
  return {
    conditions: mergedConditions(before.conditions ?? [], conditions, nowMs),
    acceptedNames: names ?? { plural: '', kind: '' },
    storedVersions: storedVersions(crd),
  };
}

/** `conditions` with those in `wanted` in place of older ones of their type. */
export function mergedConditions(
  conditions: readonly Condition[],
  wanted: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const merged = new Map(conditions.map((condition) => [condition.type, condition]));
  for (const condition of wanted) {
    const before = merged.get(condition.type);
    const lastTransitionTime =
      before?.status === condition.status && before.lastTransitionTime ? before.lastTransitionTime : toRfc3339(nowMs);
    merged.set(condition.type, { ...condition, lastTransitionTime });
  }
  return [...merged.values()];
}

const accepted: readonly Condition[] = [
  { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
  {
    type: 'Established',
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  },
];

function refused({ reason, message }: NameConflict): readonly Condition[] {
  return [
    { type: 'NamesAccepted', status: 'False', reason, message },
    { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
  ];
}

function acceptedNames(names: CrdNames): CrdNames {
  const { shortNames, categories, ...rest } = completeNames(names);
  return {
    ...rest,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** Every version that objects may be stored in. */
function storedVersions({ spec, status }: CustomResourceDefinition): readonly string[] {
  const before = status?.storedVersions ?? [];
  const storage = spec.versions.find((version) => version.storage)?.name;
  return storage === undefined || before.includes(storage) ? before : [...before, storage];
}
