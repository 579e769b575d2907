import fc from 'fast-check';
import { isJsonList, isJsonObject } from '../../src/base/json.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';

type Step = string | number;

/** The object with one to four members, at any depth, taken away or replaced by some other JSON value. */
export function mutatedJson(object: JsonObject): fc.Arbitrary<JsonObject> {
  const paths = pathsIn(object);
  const change = fc.record({ path: fc.constantFrom(...paths), value: fc.option(replacement, { nil: undefined }) });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let result: Json | undefined = object;
    for (const { path, value } of changes) result = replaced(result, path, value);
    return isJsonObject(result) ? result : {};
  });
}

const replacement: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1.5, 2 ** 60, '', '0'.repeat(40), 'constructor', '__proto__', [], {}, [
    null,
  ]),
  fc.string(),
  fc.jsonValue() as fc.Arbitrary<Json>,
);

function pathsIn(value: Json, path: readonly Step[] = []): readonly (readonly Step[])[] {
  const members: readonly (readonly [Step, Json | undefined])[] = isJsonList(value)
    ? value.map((item, index) => [index, item] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return members.flatMap(([step, member]) => [[...path, step], ...pathsIn(member ?? null, [...path, step])]);
}

function replaced(value: Json | undefined, path: readonly Step[], by: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return by;
  if (isJsonList(value)) {
    return value.flatMap((item, index) => (index === step ? (replaced(item, rest, by) ?? []) : [item]));
  }
  if (!isJsonObject(value)) return value;
  return { ...value, [step]: replaced(value[step], rest, by) };
}
