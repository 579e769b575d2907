import type { Json, JsonObject } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';
import type { UnknownObject } from '../kube/object.ts';
import { applySchema } from './apply-schema.ts';
import { canonicalKeys } from './canonical-keys.ts';
import type { KindDefinition } from './kind-definition.ts';
import { settleMembers } from './settled-values.ts';

/** An object as it may be stored, if there are no causes against it. */
export interface PreparedObject {
  /** The object given itself when nothing had to change. */
  readonly object: UnknownObject;
  readonly causes: readonly StatusCause[];
  /** Members that no schema knows; they are not in `object` any more. */
  readonly unknownFields: readonly string[];
}

/**
 * Makes what a client wrote ready to be stored: repairs the case of keys, prunes, fills defaults, validates, completes,
 * and on create gives it its first status. Completion waits for a valid object, so it may rely on the schema. Members
 * that have been through this before, the very same values, are not judged again.
 */
export function prepareObject(
  kind: KindDefinition,
  written: UnknownObject,
  { create }: { readonly create: boolean },
): PreparedObject {
  const spelt = kind.foldsKeys ? canonicalKeys(kind.schema, written) : written;
  const nulls = kind.decoding === 'go' ? 'typed' : 'all';
  const { value, causes, unknownFields } = applySchema<Json>(kind.schema, spelt as unknown as Json, {
    prune: true,
    defaults: true,
    nulls,
  });
  const object = value as unknown as UnknownObject;
  const found = causes.length === 0 && create && kind.check ? kind.check(object) : causes;
  if (found.length > 0) return { object, causes: found, unknownFields };
  const completed = kind.complete ? kind.complete(object) : object;
  const judged = causes.length === 0 && kind.checkAlways ? kind.checkAlways(completed) : [];
  if (judged.length > 0) return { object, causes: judged, unknownFields };
  const initialized = create && kind.initialize ? kind.initialize(completed) : completed;
  settleMembers(kind.schema, initialized as unknown as JsonObject);
  return { object: initialized, causes, unknownFields };
}

/** The words for unknown fields of `fieldValidation: Strict`, and of the warnings of `Warn`. */
export function unknownFieldsMessage(unknownFields: readonly string[]): string {
  return `strict decoding error: ${unknownFields.map(unknownFieldText).join(', ')}`;
}

/** `unknown field "spec.size"`. */
export function unknownFieldText(field: string): string {
  return `unknown field "${field}"`;
}
