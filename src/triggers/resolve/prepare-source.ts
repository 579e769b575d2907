import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { prepareObject, unknownFieldText } from '../../schema/prepare-object.ts';
import { tektonKinds } from '../../schema/tekton/tekton-kinds.ts';
import { isNestedTooDeep, nestingMax } from '../../tekton/validation/limits.ts';
import { parseFieldPath } from '../../yaml/field-path.ts';
import type { DefinitionProblem, TemplateFacts } from '../types.ts';
import { type TemplateBudget, TemplateLimitError, expandTemplates } from '../templates/expand.ts';
import { isOnePlaceholder } from '../templates/placeholders.ts';
import { ResolutionError } from './resolution-error.ts';
import type { SourceObject } from './source-object.ts';

/** Most complaints about one source: each is looked up in its text, and nobody reads more. */
export const complaintsMax = 20;

/** A source with its placeholders replaced, and of the shape its kind has. */
export interface PreparedSource {
  readonly source: SourceObject;
  readonly object: JsonObject;
  readonly warnings: readonly DefinitionProblem[];
}

/**
 * Replaces the placeholders of an object and holds it against the schema of its kind. A field that must be a number or
 * true/false, written as one placeholder, is read as such: everywhere else values stay text. Unknown fields are dropped
 * and told. Throws {@link ResolutionError}.
 */
export function prepareSource(source: SourceObject, facts: TemplateFacts, budget?: TemplateBudget): PreparedSource {
  if (isNestedTooDeep(source.object)) {
    throw new ResolutionError(problemAt(source, '', `lists and maps are nested more than ${nestingMax} deep`));
  }
  const { value, warnings } = expanded(source, facts, budget);
  const { object, unknownFields } = shaped(source, value);
  const complaints = [
    ...warnings.map(({ field, placeholder, message }) => ({ field, message: `{{ ${placeholder} }}: ${message}` })),
    ...unknownFields.map((field) => ({ field, message: `${unknownFieldText(field)} is left out` })),
  ];
  const told = complaints.slice(0, complaintsMax).map(({ field, message }) => problemAt(source, field, message));
  return { source, object, warnings: told };
}

function expanded(
  source: SourceObject,
  facts: TemplateFacts,
  budget: TemplateBudget | undefined,
): ReturnType<typeof expandTemplates> {
  try {
    return expandTemplates(source.object, facts, budget);
  } catch (thrown) {
    if (thrown instanceof TemplateLimitError) throw new ResolutionError(problemAt(source, '', thrown.message));
    throw thrown;
  }
}

function shaped(source: SourceObject, value: JsonObject): { object: JsonObject; unknownFields: readonly string[] } {
  const definition = tektonKinds.find(({ type }) => type.kind === source.kind);
  if (definition === undefined) throw new TypeError(`no schema of ${source.kind}`);
  const prepare = (object: JsonObject): ReturnType<typeof prepareObject> =>
    prepareObject(definition, object as unknown as UnknownObject, { create: false });
  const written = isJsonObject(value['metadata']) ? value : { ...value, metadata: {} };
  const first = prepare(written);
  const mended =
    first.causes.length === 0
      ? first
      : prepare(withNativeValues(written, source.object, first.causes.slice(0, nativeValuesMax)));
  const [cause] = mended.causes;
  if (cause !== undefined) throw new ResolutionError(problemAt(source, cause.field ?? '', cause.message));
  return { object: mended.object as unknown as JsonObject, unknownFields: mended.unknownFields };
}

/** Most fields of one source whose placeholders are read as numbers or truth values. */
const nativeValuesMax = 200;

/** `object` with each refused text that was one placeholder read as the number or truth value it spells. */
function withNativeValues(
  object: JsonObject,
  written: JsonObject,
  causes: readonly { readonly field?: string }[],
): JsonObject {
  let result: Json = object;
  for (const { field = '' } of causes) {
    const path = parseFieldPath(field);
    const template = valueAt(written, path);
    const text = valueAt(object, path);
    if (typeof template !== 'string' || typeof text !== 'string' || !isOnePlaceholder(template.trim())) continue;
    const native = nativeOf(text);
    if (native !== undefined) result = withValueAt(result, path, native);
  }
  return result as JsonObject;
}

function nativeOf(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

type Path = readonly (string | number)[];

function valueAt(value: Json | undefined, path: Path): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (isJsonList(value)) return typeof segment === 'number' ? valueAt(value[segment], rest) : undefined;
  if (!isJsonObject(value) || !Object.hasOwn(value, segment)) return undefined;
  return valueAt(value[segment], rest);
}

function withValueAt(value: Json, path: Path, replacement: Json): Json {
  const [segment, ...rest] = path;
  if (segment === undefined) return replacement;
  if (isJsonList(value)) {
    return value.map((item, index) => (index === segment ? withValueAt(item, rest, replacement) : item));
  }
  if (!isJsonObject(value)) return value;
  return { ...value, [segment]: withValueAt(value[segment] ?? null, rest, replacement) };
}

/** A complaint about a field of a source. */
export function problemAt(source: SourceObject, field: string, message: string): DefinitionProblem {
  return {
    file: source.file,
    ...source.locate(field),
    ...(source.kind === 'PipelineRun' && source.name !== '' ? { definition: source.name } : {}),
    ...(field === '' ? {} : { field }),
    message,
  };
}
