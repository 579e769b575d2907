/** What is wrong with a field, in words for people who write manifests rather than API clients. Pure. */
import type { StatusCause } from '../../kube/api-error.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { parseFieldPath } from '../../yaml/field-path.ts';

/** A misspelling differs from what was meant in at most so many letters. */
const misspeltLettersMax = 3;
/** A list of known fields longer than this helps nobody. */
const knownShownMax = 12;

/** `unknown field; did you mean "script"?`, or with the fields there are, if they are few. */
export function unknownFieldWords(schema: StructuralSchema, field: string): string {
  const segments = parseFieldPath(field).map(String);
  const written = segments.pop() ?? '';
  const known = Object.keys(schemaAt(schema, segments)?.properties ?? {});
  const meant = closest(written, known);
  if (meant !== undefined) return `unknown field; did you mean "${meant}"?`;
  if (known.length === 0 || known.length > knownShownMax) return 'unknown field';
  return `unknown field; there is ${known.join(', ')}`;
}

const typeWords: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
};

/** The message of a cause; of a wrong type, `must be an integer, but is a string`. */
export function causeWords({ reason, message }: StatusCause): string {
  if (reason !== 'FieldValueTypeInvalid') return message;
  const [, wanted, found] = /must be of type ([\w ]+): "(\w+)"$/.exec(message) ?? [];
  if (wanted === undefined || found === undefined) return message;
  const words = wanted.split(' or ').map((type) => typeWords[type] ?? type);
  return `must be ${words.join(' or ')}, but is ${typeWords[found] ?? found}`;
}

function schemaAt(schema: StructuralSchema, segments: readonly string[]): StructuralSchema | undefined {
  let current: StructuralSchema | undefined = schema;
  for (const segment of segments) current = current && memberOf(current, segment);
  return current;
}

function memberOf(
  { items, properties, additionalProperties }: StructuralSchema,
  name: string,
): StructuralSchema | undefined {
  if (items !== undefined) return items;
  return properties?.[name] ?? (additionalProperties instanceof Object ? additionalProperties : undefined);
}

function closest(written: string, known: readonly string[]): string | undefined {
  const limit = Math.min(misspeltLettersMax, Math.floor(written.length / 2));
  const near = known
    .map((name) => ({ name, letters: differingLetters(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ letters }) => letters <= limit);
  return near.toSorted((a, b) => a.letters - b.letters)[0]?.name;
}

/** Letters to insert, remove or replace to make one word of the other. */
function differingLetters(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const next = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    previous = next;
  }
  return previous[b.length] ?? 0;
}
