/**
 * Sets of fields of an object, as `metadata.managedFields` carries them (FieldsV1).
 *
 * A set is a trie. Its steps are named as on the wire: `f:name` is a member, `k:{"name":"a"}` an item of a map list,
 * `v:"x"` an item of a set. A node that is `owned` is in the set; its children are fields below it.
 */
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';

/** One field and what is below it. Sets are built by adding and not changed after they were handed out. */
export interface FieldSet {
  owned: boolean;
  readonly children: Map<string, FieldSet>;
}

/** Deepest path that is read from the wire. */
export const fieldDepthMax = 128;

/** A set with nothing in it. */
export function emptySet(): FieldSet {
  return { owned: false, children: new Map() };
}

/** Whether nothing is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  return !set.owned && set.children.size === 0;
}

/** The step to a member. */
export function memberStep(name: string): string {
  return `f:${name}`;
}

/** The child at `step`, made when it is not there. */
export function childOf(set: FieldSet, step: string): FieldSet {
  let child = set.children.get(step);
  if (!child) {
    child = emptySet();
    set.children.set(step, child);
  }
  return child;
}

/** Everything in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  const result: FieldSet = { owned: a.owned || b.owned, children: new Map(a.children) };
  for (const [step, child] of b.children) {
    const other = a.children.get(step);
    result.children.set(step, other ? union(other, child) : child);
  }
  return result;
}

/** What is in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { owned: a.owned && b.owned, children: new Map() };
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    const common = other && intersection(child, other);
    if (common && !isEmptySet(common)) result.children.set(step, common);
  }
  return result;
}

/** What is in `a` and not in `b`: `a` itself when they have nothing in common. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return withoutChildren(a, b, a.owned && !b.owned, difference);
}

/** `a` with each child that `b` has, too, reduced by `reduce`. Copied only when something changes. */
function withoutChildren(
  a: FieldSet,
  b: FieldSet,
  owned: boolean,
  reduce: (a: FieldSet, b: FieldSet) => FieldSet,
): FieldSet {
  let children: Map<string, FieldSet> | undefined;
  for (const [step, other] of b.children) {
    const child = a.children.get(step);
    const rest = child && reduce(child, other);
    if (rest === undefined || rest === child) continue;
    children ??= new Map(a.children);
    if (isEmptySet(rest)) children.delete(step);
    else children.set(step, rest);
  }
  return children === undefined && owned === a.owned ? a : { owned, children: children ?? a.children };
}

/** What is in `a` and neither in `b` nor below something in `b`: for fields that are gone with all they held. */
export function differenceBelow(a: FieldSet, b: FieldSet): FieldSet {
  return b.owned ? emptySet() : withoutChildren(a, b, a.owned, differenceBelow);
}

/** Whether two sets hold the same fields. */
export function setsEqual(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.owned !== b.owned || a.children.size !== b.children.size) return false;
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    if (!other || !setsEqual(child, other)) return false;
  }
  return true;
}

/** The set as FieldsV1: `{"f:spec":{"f:size":{}}}`; `.` marks a field that is in the set besides its children. */
export function fieldsV1Of(set: FieldSet): JsonObject {
  const entries = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const members: [string, Json][] = entries.map(([step, child]) => [
    step,
    child.children.size === 0 ? {} : fieldsV1Of(child),
  ]);
  if (set.owned && members.length > 0) members.unshift(['.', {}]);
  return Object.fromEntries(members);
}

/** Reads FieldsV1. What is not understood is left out: it comes from the object's metadata, which anybody may write. */
export function fieldSetOfV1(fields: JsonObject, depth = 0): FieldSet {
  const set = emptySet();
  if (depth > fieldDepthMax) return set;
  for (const [step, value] of Object.entries(fields)) {
    if (!isJsonObject(value)) continue;
    if (step === '.') {
      set.owned = true;
      continue;
    }
    const child = fieldSetOfV1(value, depth + 1);
    if (child.children.size === 0) child.owned = true;
    set.children.set(step, child);
  }
  return set;
}

/** The paths in the set in the notation of conflict messages: `.spec.containers[name="a"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): readonly string[] {
  const below = [...set.children].flatMap(([step, child]) => pathsOf(child, prefix + stepText(step)));
  return set.owned ? [prefix, ...below] : below;
}

/** A step in the notation of conflict messages: `.name`, `[name="a"]`, `[="x"]`. */
export function stepText(step: string): string {
  const text = step.slice(2);
  if (step.startsWith('f:')) return `.${text}`;
  if (step.startsWith('v:')) return `[=${text}]`;
  if (step.startsWith('i:')) return `[${text}]`;
  return `[${keyText(text)}]`;
}

function keyText(text: string): string {
  try {
    const key = JSON.parse(text) as Json;
    if (!isJsonObject(key)) return text;
    return Object.entries(key)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',');
  } catch {
    // A step somebody else wrote; it is shown as it is.
    return text;
  }
}
