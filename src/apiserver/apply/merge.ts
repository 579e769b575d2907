/** The two movements of an apply: merge what is applied into what is there, remove what is applied no longer. */
import { isJsonList } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import type { FieldSet } from './field-set.ts';
import { assemble, partsOf, shapeOf } from './shapes.ts';
import type { Part } from './shapes.ts';

type Schema = StructuralSchema | undefined;

/** `live` with everything `applied` says. Shares with `live` what does not change. */
export function mergeApplied(schema: Schema, live: Json | undefined, applied: Json): Json {
  if (live === undefined) return applied;
  const shape = shapeOf(schema, applied);
  if (shape === 'leaf' || shape !== shapeOf(schema, live)) return applied;
  const [old, young] = [partsOf(schema, live), partsOf(schema, applied)];
  const merged = mergedSteps(old, young, isJsonList(applied)).map((step): [string, Json] => {
    const [from, to] = [old.get(step), young.get(step)];
    return [step, to ? mergeApplied(to.schema, from?.value, to.value) : (from?.value ?? null)];
  });
  return isSame(live, old, merged) ? live : assemble(applied, merged);
}

function isSame(live: Json, old: ReadonlyMap<string, Part>, merged: readonly (readonly [string, Json])[]): boolean {
  const before = [...old];
  if (isJsonList(live) && live.length !== before.length) return false;
  return (
    before.length === merged.length &&
    merged.every(([step, value], index) => before[index]?.[0] === step && before[index]?.[1].value === value)
  );
}

/**
 * Members keep the order they have. Items take the order they are applied in; an item that is not applied stays between
 * the neighbours it had as far as that order allows, the way Kubernetes interleaves them.
 */
function mergedSteps(
  old: ReadonlyMap<string, Part>,
  young: ReadonlyMap<string, Part>,
  inOrder: boolean,
): readonly string[] {
  if (!inOrder) return [...new Set([...old.keys(), ...young.keys()])];
  const [stored, applied] = [[...old.keys()], [...young.keys()]];
  const shared = applied.filter((step) => old.has(step));
  const steps: string[] = [];
  let [at, from, nextShared] = [0, 0, 0];
  while (at < stored.length || from < applied.length) {
    const [here, there] = [stored[at], applied[from]];
    if (here !== undefined && !young.has(here)) {
      steps.push(here);
      at += 1;
    } else if (here !== undefined && (there === undefined || here !== shared[nextShared])) {
      // It is applied, but elsewhere: its old place means nothing.
      at += 1;
    } else if (there !== undefined) {
      steps.push(there);
      from += 1;
      if (old.has(there)) nextShared += 1;
      if (here === there) at += 1;
    }
  }
  return steps;
}

/**
 * `value` without the fields in `gone`, except where `kept` has anything at or below them. Containers that become empty
 * go with their last part. Undefined when nothing is left.
 */
export function removeFields(schema: Schema, value: Json, gone: FieldSet, kept: FieldSet): Json | undefined {
  const shape = shapeOf(schema, value);
  if (shape === 'leaf' || gone.children.size === 0) return value;
  const parts = partsOf(schema, value);
  const rest: [string, Json][] = [];
  let changed = false;
  for (const [step, part] of parts) {
    const left = removePart(step, part, gone.children.get(step), kept.children.get(step));
    if (left !== part.value) changed = true;
    if (left !== undefined) rest.push([step, left]);
  }
  if (!changed) return value;
  return rest.length === 0 && !kept.owned && kept.children.size === 0 ? undefined : assemble(value, rest);
}

const nothing: FieldSet = { owned: false, children: new Map() };

function removePart(
  step: string,
  part: Part,
  gone: FieldSet | undefined,
  kept: FieldSet | undefined,
): Json | undefined {
  if (!gone) return part.value;
  // Who only changed something inside an item does not keep the item: without its keys the rest would be nothing.
  const isKept = step.startsWith('f:') ? kept !== undefined : kept?.owned === true;
  if (gone.owned && !isKept) return undefined;
  return removeFields(part.schema, part.value, gone, kept ?? nothing);
}
