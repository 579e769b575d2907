/** Names and other metadata that objects may have. */
import type { StatusCause } from '../../kube/api-error.ts';
import { events } from '../../kube/core-types.ts';
import { labelKeyProblem, labelValueProblem } from '../../kube/label-syntax.ts';
import type { ObjectMeta, OwnerReference } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { invalidCause, requiredCause, tooLongCause } from '../../schema/causes.ts';
import { customResourceDefinitions } from '../../schema/core/custom-resource-definition.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';

const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelCharactersMax = 63;
const subdomainCharactersMax = 253;

/** Bytes that all annotations of an object may have together, as in Kubernetes. */
export const annotationBytesMax: number = 256 * 1024;

/** Characters of the random end of a generated name. */
export const generatedSuffixCharacters = 5;

/** Most characters of `generateName` that are used, so that the name fits a DNS label. */
export const generatedPrefixCharactersMax: number = labelCharactersMax - generatedSuffixCharacters;

/** Resources whose names must be single DNS labels. */
const labelNamed: readonly string[] = ['namespaces'];

/** Why `name` cannot name an object of `type`; undefined when it can. */
function nameProblem(type: ResourceType, name: string): string | undefined {
  if (type.group === '' && labelNamed.includes(type.resource)) return labelNameProblem(name);
  if (name.length > subdomainCharactersMax) return `must be no more than ${subdomainCharactersMax} characters`;
  if (subdomainPattern.test(name)) return undefined;
  return (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
    "and end with an alphanumeric character (e.g. 'example.com')"
  );
}

function labelNameProblem(name: string): string | undefined {
  if (name.length > labelCharactersMax) return `must be no more than ${labelCharactersMax} characters`;
  if (labelPattern.test(name)) return undefined;
  return (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
    "with an alphanumeric character (e.g. 'my-name', or '123-abc')"
  );
}

/** What is wrong with the name of a new object. */
export function nameCauses(type: ResourceType, metadata: ObjectMeta): readonly StatusCause[] {
  const { name, generateName } = metadata;
  if (!name && !generateName)
    return [{ ...requiredCause('metadata.name'), message: 'Required value: name or generateName is required' }];
  // Of events Kubernetes does not ask it: they are named after what they are about, and a dot.
  if (generateName && !(type.group === '' && type.resource === events.resource)) {
    const problem = nameProblem(type, withoutTrailingDash(generateName));
    if (problem) return [invalidCause('metadata.generateName', generateName, problem)];
  }
  const problem = name ? nameProblem(type, name) : undefined;
  return problem ? [invalidCause('metadata.name', name ?? '', problem)] : [];
}

/** A prefix may end with a dash, as no name may; as in Kubernetes, not with a dot. */
function withoutTrailingDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix;
}

/** What is wrong with labels, annotations, finalizers and owners. Parts shared with `before` were judged when it was stored. */
export function metadataCauses(
  { type, strategicMerge }: KindDefinition,
  metadata: ObjectMeta,
  before?: ObjectMeta,
): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (metadata.labels && metadata.labels !== before?.labels) causes.push(...labelCauses(metadata.labels));
  if (metadata.annotations && metadata.annotations !== before?.annotations) {
    causes.push(...annotationCauses(metadata.annotations));
  }
  if (metadata.finalizers && metadata.finalizers !== before?.finalizers) {
    const insists = strategicMerge === true && type.group !== customResourceDefinitions.group;
    causes.push(...finalizerCauses(metadata.finalizers, insists));
  }
  if (metadata.ownerReferences && metadata.ownerReferences !== before?.ownerReferences) {
    causes.push(...ownerCauses(metadata.ownerReferences));
  }
  return causes;
}

function labelCauses(labels: Readonly<Record<string, string>>): readonly StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const keyProblem = labelKeyProblem(key);
    const valueProblem = labelValueProblem(value);
    return [
      ...(keyProblem ? [invalidCause('metadata.labels', key, keyProblem)] : []),
      ...(valueProblem ? [invalidCause('metadata.labels', value, valueProblem)] : []),
    ];
  });
}

function annotationCauses(annotations: Readonly<Record<string, string>>): readonly StatusCause[] {
  const causes = Object.keys(annotations).flatMap((key) => {
    // Kubernetes judges annotation keys in lower case.
    const problem = labelKeyProblem(key.toLowerCase());
    return problem ? [invalidCause('metadata.annotations', key, problem)] : [];
  });
  return exceedsAnnotationLimit(annotations)
    ? [...causes, tooLongCause('metadata.annotations', annotationBytesMax)]
    : causes;
}

function exceedsAnnotationLimit(annotations: Readonly<Record<string, string>>): boolean {
  const texts = Object.entries(annotations).flat();
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  // A character takes at most three bytes in UTF-8: most objects need no encoding to be found small enough.
  if (characters * 3 <= annotationBytesMax) return false;
  const encoder = new TextEncoder();
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0) > annotationBytesMax;
}

/** Finalizers that need no domain: Kubernetes's own. */
const standardFinalizers: readonly string[] = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** Whether a finalizer says whose it is. */
function isQualified(finalizer: string): boolean {
  return finalizer.includes('/') || standardFinalizers.includes(finalizer);
}

/** Core kinds insist that a finalizer says whose it is; for others there is {@link finalizerWarnings}. */
function finalizerCauses(finalizers: readonly string[], insists: boolean): readonly StatusCause[] {
  const contradicting = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion');
  const why = 'finalizer orphan and foregroundDeletion cannot be both set';
  return [
    ...finalizers.flatMap((finalizer, index) => {
      const problem = labelKeyProblem(finalizer);
      const unqualified = 'name is neither a standard finalizer name nor is it fully qualified';
      return [
        ...(problem ? [invalidCause('metadata.finalizers', finalizer, problem)] : []),
        ...(insists && !isQualified(finalizer)
          ? [invalidCause(`metadata.finalizers[${index}]`, finalizer, unqualified)]
          : []),
      ];
    }),
    ...(contradicting ? [invalidCause('metadata.finalizers', finalizers, why)] : []),
  ];
}

/** What to warn of in finalizers that were not there before. */
export function finalizerWarnings(metadata: ObjectMeta, before?: ObjectMeta): readonly string[] {
  const { finalizers = [] } = metadata;
  return finalizers
    .filter((finalizer) => !isQualified(finalizer) && !before?.finalizers?.includes(finalizer))
    .map((finalizer) => {
      const path = finalizer.includes('.') ? ' including a path (/)' : '';
      const advice = `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
      return `metadata.finalizers: ${JSON.stringify(finalizer)}: ${advice}`;
    });
}

function ownerCauses(owners: readonly OwnerReference[]): readonly StatusCause[] {
  const [first, second] = owners.filter((owner) => owner.controller === true);
  const controllers = second
    ? [
        invalidCause(
          'metadata.ownerReferences',
          second.name,
          `only one reference can have controller set to true; found it in references to ${first?.name} and ${second.name}`,
        ),
      ]
    : [];
  return [...controllers, ...owners.flatMap(ownerProblems)];
}

/** `v1`, `tekton.dev/v1`. */
const apiVersionPattern = /^(?:[^/]+\/)?[^/]+$/;

/** With the fields of the Kubernetes API, which do not count owners. */
function ownerProblems(owner: OwnerReference): readonly StatusCause[] {
  const { apiVersion, kind, name, uid } = owner;
  const bad = (member: keyof OwnerReference, why: string): StatusCause =>
    invalidCause(`metadata.ownerReferences.${member}`, owner[member] ?? '', why);
  // An event tells of others; it is gone after a while.
  const banned = apiVersion === 'v1' && kind === 'Event';
  return [
    ...(apiVersionPattern.test(apiVersion) ? [] : [bad('apiVersion', 'version must not be empty')]),
    ...(kind ? [] : [bad('kind', 'must not be empty')]),
    ...(name ? [] : [bad('name', 'must not be empty')]),
    ...(uid ? [] : [bad('uid', 'must not be empty')]),
    ...(banned
      ? [invalidCause('metadata.ownerReferences', { ...owner }, '/v1, Kind=Event is disallowed from being an owner')]
      : []),
  ];
}
