/** Members that may not change after creation, by kind. Rules and words are those of Kubernetes. */
import { isJsonList, isJsonObject, jsonEqual } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { forbiddenCause, invalidCause } from '../../schema/causes.ts';

/** What of the change from `before` to `after` the kind does not allow. */
export function immutableFieldCauses(
  type: ResourceType,
  before: UnknownObject,
  after: UnknownObject,
): readonly StatusCause[] {
  if (type.group !== '') return [];
  switch (type.resource) {
    case 'pods':
      return podCauses(before, after);
    case 'configmaps':
      return frozenDataCauses(before, after, ['data', 'binaryData']);
    case 'secrets':
      return [...secretTypeCauses(before, after), ...frozenDataCauses(before, after, ['data'])];
    case 'persistentvolumeclaims':
      return claimCauses(before, after);
    default:
      return [];
  }
}

function podCauses(before: UnknownObject, after: UnknownObject): readonly StatusCause[] {
  if (before['spec'] === after['spec']) return [];
  const [old, wanted] = [membersOf(before['spec']), membersOf(after['spec'])];
  const changeable = [
    ...deadlineCauses(old['activeDeadlineSeconds'], wanted['activeDeadlineSeconds']),
    ...tolerationCauses(old['tolerations'], wanted['tolerations']),
  ];
  if (jsonEqual(fixedPartOfPod(old), fixedPartOfPod(wanted))) return changeable;
  const allowed =
    'spec.containers[*].image, spec.initContainers[*].image, spec.activeDeadlineSeconds, spec.tolerations (only ' +
    'additions to existing tolerations)';
  return [...changeable, forbiddenCause('spec', `pod updates may not change fields other than ${allowed}`)];
}

/** A deadline may be set, and drawn nearer. */
function deadlineCauses(before: Json | undefined, after: Json | undefined): readonly StatusCause[] {
  const field = 'spec.activeDeadlineSeconds';
  if (typeof before !== 'number' || before === after) return [];
  if (typeof after !== 'number')
    return [invalidCause(field, null, 'must not update from a positive integer to nil value')];
  return after > before ? [invalidCause(field, after, 'must be less than or equal to previous value')] : [];
}

/** Tolerations may be added. */
function tolerationCauses(before: Json | undefined, after: Json | undefined): readonly StatusCause[] {
  const wanted = new Set(tolerationTexts(after));
  if (tolerationTexts(before).every((text) => wanted.has(text))) return [];
  return [forbiddenCause('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

/** Equal for tolerations that differ in nothing but how long they hold. */
function tolerationTexts(tolerations: Json | undefined): readonly string[] {
  if (!isJsonList(tolerations)) return [];
  return tolerations.map((toleration) => {
    const { key = '', operator = 'Equal', value = '', effect = '' } = membersOf(toleration);
    return JSON.stringify([key, operator, value, effect]);
  });
}

function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function fixedPartOfPod(spec: JsonObject): Json {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...fixed } = spec;
  return {
    ...fixed,
    containers: withoutImages(spec['containers']),
    initContainers: withoutImages(spec['initContainers']),
  };
}

/** A container without its image and what follows from the image. */
function withoutImages(containers: Json | undefined): Json | undefined {
  if (!isJsonList(containers)) return undefined;
  return containers.map((container) => {
    if (!isJsonObject(container)) return container;
    const { image: _image, imagePullPolicy: _policy, ...rest } = container;
    return rest;
  });
}

function frozenDataCauses(
  before: UnknownObject,
  after: UnknownObject,
  members: readonly string[],
): readonly StatusCause[] {
  if (before['immutable'] !== true) return [];
  const frozen = 'field is immutable when `immutable` is set';
  const unfrozen = after['immutable'] === true ? [] : [forbiddenCause('immutable', frozen)];
  const changed = members.filter((member) => !jsonEqual(before[member], after[member]));
  return [...unfrozen, ...changed.map((member) => forbiddenCause(member, frozen))];
}

function secretTypeCauses(before: UnknownObject, after: UnknownObject): readonly StatusCause[] {
  if (before['type'] === after['type']) return [];
  return [invalidCause('type', (after['type'] ?? null) as Json, 'field is immutable')];
}

function claimCauses(before: UnknownObject, after: UnknownObject): readonly StatusCause[] {
  if (jsonEqual(fixedPartOfClaim(before['spec']), fixedPartOfClaim(after['spec']))) return [];
  return [forbiddenCause('spec', 'spec is immutable after creation except resources.requests for bound claims')];
}

function fixedPartOfClaim(spec: unknown): JsonObject | undefined {
  if (!isJsonObject(spec)) return undefined;
  // The volume's name is set once, by who binds the claim.
  const { resources, volumeName: _volume, ...fixed } = spec;
  if (!isJsonObject(resources)) return fixed;
  const { requests: _requests, ...rest } = resources;
  return { ...fixed, resources: rest };
}
