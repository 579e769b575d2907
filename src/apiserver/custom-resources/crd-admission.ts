import { isJsonObject } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../kube/admission.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { customResourceDefinitions } from '../../schema/core/custom-resource-definition.ts';
import { cleanupFinalizer, completeNames, type CrdNames, type CustomResourceDefinition } from './crd-types.ts';
import { crdCauses } from './crd-validation.ts';

/**
 * Admission of CustomResourceDefinitions: fills names, judges the definition; and of their objects: none may be created
 * once `isTerminating` says that their definition is going.
 */
export function crdAdmission(isTerminating: (type: ResourceType) => boolean): AdmissionPlugin {
  return {
    name: 'custom-resource-definitions',
    mutate: (request) => (isDefinition(request) && request.object ? completed(request, request.object) : undefined),
    validate(request) {
      if (isDefinition(request)) return definitionCauses(request);
      if (request.operation !== 'CREATE' || request.subresource !== undefined || !isTerminating(request.type))
        return undefined;
      const why = 'create not allowed while custom resource definition is terminating';
      return new ApiStatusError('MethodNotAllowed', why);
    },
  };
}

function isDefinition({ type, subresource }: AdmissionRequest): boolean {
  const { group, resource } = customResourceDefinitions;
  return type.group === group && type.resource === resource && (subresource ?? '') === '';
}

function definitionCauses({ operation, object, oldObject }: AdmissionRequest): ReturnType<typeof crdCauses> {
  if (operation === 'DELETE') return [];
  const before = oldObject as unknown as CustomResourceDefinition | undefined;
  // A definition that is going only loses its finalizers.
  if (before?.metadata.deletionTimestamp !== undefined) return [];
  return crdCauses(object as unknown as CustomResourceDefinition, before);
}

/** Fills what follows from other members. The object has not met its schema yet, so nothing is taken for granted. */
function completed({ operation }: AdmissionRequest, object: JsonObject): JsonObject {
  const spec = object['spec'];
  const names = isJsonObject(spec) ? spec['names'] : undefined;
  if (!isJsonObject(spec) || !isJsonObject(names) || typeof names['kind'] !== 'string') return object;
  const { singular, listKind } = completeNames(names as unknown as CrdNames);
  const full = {
    ...spec,
    names: { ...names, singular, listKind },
    conversion: spec['conversion'] ?? { strategy: 'None' },
  };
  return { ...object, spec: full, ...(operation === 'CREATE' ? { metadata: withFinalizer(object['metadata']) } : {}) };
}

function withFinalizer(metadata: JsonObject[string]): JsonObject {
  const known = isJsonObject(metadata) ? metadata : {};
  const finalizers = Array.isArray(known['finalizers']) ? (known['finalizers'] as readonly string[]) : [];
  if (finalizers.includes(cleanupFinalizer)) return known;
  return { ...known, finalizers: [...finalizers, cleanupFinalizer] };
}
