/**
 * One copy of each distinct set of fields.
 *
 * Thousands of runs are written by the same managers in the same way: their FieldsV1 are equal, so they share one object
 * in memory, and it is taken apart once. Where owners are among the fields, their UIDs make each set another one: then
 * what is beside the owners is shared, and the whole, which no other object has, is not remembered.
 */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { emptySet, fieldSetOfV1, fieldsV1Of } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

/** How many distinct sets are shared; beyond that sharing starts anew. */
const sharedSetsMax = 2_000;

/** Characters of the signature of the largest set that is shared: larger ones belong to odd objects. */
const sharedCharactersMax = 16_384;

/** The steps to what is another one for each object. */
const pathToOwners: readonly string[] = ['f:metadata', 'f:ownerReferences'];

const bySignature = new Map<string, JsonObject>();
const setOf = new WeakMap<JsonObject, FieldSet>();
const fieldsOf = new WeakMap<FieldSet, JsonObject>();

/** The set as FieldsV1, mostly the same object for equal sets; where there are owners, made of such objects. */
export function sharedFieldsV1(set: FieldSet): JsonObject {
  return hasOwners(set) ? besideOwners(set, pathToOwners) : sharedWhole(set);
}

/** What {@link fieldSetOfV1} reads, remembered for the objects that are read but for those with owners. */
export function knownFieldSet(fields: JsonObject): FieldSet {
  return namesOwners(fields) ? readBesideOwners(fields, pathToOwners) : knownWhole(fields);
}

function hasOwners(set: FieldSet): boolean {
  let at: FieldSet | undefined = set;
  for (const step of pathToOwners) at = at?.children.get(step);
  return at !== undefined;
}

function namesOwners(fields: JsonObject): boolean {
  const metadata = fields[pathToOwners[0] as string];
  return isJsonObject(metadata) && isJsonObject(metadata[pathToOwners[1] as string]);
}

/** `path` leads to the owners: what lies beside it is shared. */
function besideOwners(set: FieldSet, [own, ...rest]: readonly string[]): JsonObject {
  if (own === undefined) return fieldsV1Of(set);
  const fields: Record<string, JsonObject> = set.owned ? { '.': {} } : {};
  for (const [step, child] of [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isLeaf = child.children.size === 0;
    fields[step] = isLeaf ? {} : step === own ? besideOwners(child, rest) : sharedWhole(child);
  }
  return fields;
}

/** As {@link fieldSetOfV1}, with sets that are known already. */
function readBesideOwners(fields: JsonObject, [own, ...rest]: readonly string[]): FieldSet {
  if (own === undefined) return fieldSetOfV1(fields);
  const set = emptySet();
  for (const [step, child] of Object.entries(fields)) {
    if (step === '.') set.owned = true;
    else if (isJsonObject(child)) set.children.set(step, readChild(child, step === own ? rest : undefined));
  }
  return set;
}

/** A child without children of its own is a field that is owned. */
function readChild(fields: JsonObject, rest: readonly string[] | undefined): FieldSet {
  const isLeaf = !Object.entries(fields).some(([step, value]) => step !== '.' && isJsonObject(value));
  if (isLeaf) return { ...emptySet(), owned: true };
  return rest === undefined ? knownWhole(fields) : readBesideOwners(fields, rest);
}

function sharedWhole(set: FieldSet): JsonObject {
  const known = fieldsOf.get(set);
  if (known !== undefined) return known;
  const fields = shared(set);
  fieldsOf.set(set, fields);
  return fields;
}

function knownWhole(fields: JsonObject): FieldSet {
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
