/**
 * One copy of each distinct set of fields.
 *
 * Thousands of runs are written by the same managers in the same way: their FieldsV1 are equal, so they share one object
 * in memory, and it is taken apart once.
 */
import type { JsonObject } from '../../base/json.ts';
import { fieldSetOfV1, fieldsV1Of } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

/** How many distinct sets are shared; beyond that sharing starts anew. */
const sharedSetsMax = 2_000;

/** Characters of the signature of the largest set that is shared: larger ones belong to odd objects. */
const sharedCharactersMax = 16_384;

const bySignature = new Map<string, JsonObject>();
const setOf = new WeakMap<JsonObject, FieldSet>();
const fieldsOf = new WeakMap<FieldSet, JsonObject>();

/** The set as FieldsV1, mostly the same object for equal sets. */
export function sharedFieldsV1(set: FieldSet): JsonObject {
  const known = fieldsOf.get(set);
  if (known !== undefined) return known;
  const fields = shared(set);
  fieldsOf.set(set, fields);
  return fields;
}

/** What {@link fieldSetOfV1} reads, remembered for the object that is read. */
export function knownFieldSet(fields: JsonObject): FieldSet {
  const known = setOf.get(fields);
  if (known !== undefined) return known;
  const set = fieldSetOfV1(fields);
  setOf.set(fields, set);
  fieldsOf.set(set, fields);
  return set;
}

function shared(set: FieldSet): JsonObject {
  const signature = signatureOf(set);
  if (signature.length > sharedCharactersMax) return fieldsV1Of(set);
  let fields = bySignature.get(signature);
  if (fields === undefined) {
    fields = fieldsV1Of(set);
    if (bySignature.size >= sharedSetsMax) bySignature.clear();
    bySignature.set(signature, fields);
    setOf.set(fields, set);
  }
  return fields;
}

/** A text that only equal sets have: lengths keep steps apart, whatever is in them. */
function signatureOf(set: FieldSet): string {
  let text = set.owned ? '!' : '';
  for (const [step, child] of set.children) text += `${step.length}:${step}(${signatureOf(child)})`;
  return text;
}
