/** Lists in an applied object whose items cannot be told apart: an apply could not say which of them it means. */
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { stepText } from './field-set.ts';
import { itemStep, partsOf, shapeOf } from './shapes.ts';

/** Throws `BadRequest`, naming the list, for equal items and for items without their keys. */
export function refuseAmbiguousItems(schema: StructuralSchema | undefined, value: Json, path = ''): void {
  const type = schema?.['x-kubernetes-list-type'];
  if (isJsonList(value) && (type === 'map' || type === 'set')) refuseAmbiguous(schema, value, path);
  if (shapeOf(schema, value) === 'leaf') return;
  for (const [step, part] of partsOf(schema, value))
    refuseAmbiguousItems(part.schema, part.value, path + stepText(step));
}

function refuseAmbiguous(schema: StructuralSchema | undefined, list: readonly Json[], path: string): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const missing = missingKey(schema, item);
    if (missing !== undefined)
      throw refusal(path, `element ${index}: an item of this list must have the key ${missing}`);
    const step = itemStep(schema, item);
    if (seen.has(step)) throw refusal(path, `duplicate entries for key ${stepText(step)}`);
    seen.add(step);
  }
}

function missingKey(schema: StructuralSchema | undefined, item: Json): string | undefined {
  if (schema?.['x-kubernetes-list-type'] !== 'map' || !isJsonObject(item)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return keys.find((key) => item[key] === undefined && schema.items?.properties?.[key]?.default === undefined);
}

function refusal(path: string, what: string): ApiStatusError {
  return new ApiStatusError('BadRequest', `failed to create typed patch object: ${path}: ${what}`);
}
