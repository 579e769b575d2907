import { type Json, type JsonObject, deepFreeze, isJsonObject } from '../../base/json.ts';
import { convertToV1 } from '../../tekton/v1beta1.ts';
import { type Diagnostic, type Position } from '../../yaml/diagnostic.ts';
import { type YamlDocument, type YamlFile, parseYaml } from '../../yaml/parse-yaml.ts';
import type { DefinitionProblem } from '../types.ts';
import { type ProtectedText, protectPlaceholders } from '../templates/protect.ts';
import { findPlaceholders } from '../templates/placeholders.ts';

/** The kinds that `.tekton` is read for. */
export type SourceKind = 'PipelineRun' | 'Pipeline' | 'Task';

/** A PipelineRun, Pipeline or Task as it was read: `tekton.dev/v1`, placeholders as they were written, frozen. */
export interface SourceObject {
  readonly kind: SourceKind;
  /** `metadata.name`, or `metadata.generateName`; empty if there is neither. */
  readonly name: string;
  /** Path in the repository, or the address it came from. */
  readonly file: string;
  readonly line: number;
  readonly object: JsonObject;
  /** Where a field, or its nearest parent, stands in the file. */
  locate(field: string): Position;
}

/** Most lines and brackets of one text: what reading it costs, half a second at worst. */
export const textWeightMax = 50_000;

/** How much work a text is for a reader of YAML: its lines, and what opens or separates things within a line. */
export function weightOf(text: string): number {
  let weight = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === newline || code === comma || code === bracket || code === brace) weight += 1;
  }
  return weight;
}

const [newline, comma, bracket, brace] = [0x0a, 0x2c, 0x5b, 0x7b];

/** What a text holds. */
export interface ReadObjects {
  readonly objects: readonly SourceObject[];
  readonly problems: readonly DefinitionProblem[];
}

/**
 * Reads the Tekton objects of a YAML text; documents of other kinds are passed over. A document that is wrong is told and
 * left out, the others of the text count. Placeholders may stand bare: they are text, whatever they look like.
 */
export function readObjects(text: string, file: string): ReadObjects {
  if (weightOf(text) > textWeightMax) {
    const message = `the file has more than ${textWeightMax} lines and brackets`;
    return { objects: [], problems: [{ file, message }] };
  }
  const guarded = protectedOf(text, file);
  if ('message' in guarded) return { objects: [], problems: [guarded] };
  const parsed: YamlFile = parseYaml(guarded.text, file, { rewrite: guarded.restore });
  const objects: SourceObject[] = [];
  const problems: DefinitionProblem[] = parsed.diagnostics.map(problemOfDiagnostic);
  for (const document of parsed.documents) {
    const read = objectOf(document);
    if (read === undefined) continue;
    if ('message' in read) problems.push(read);
    else objects.push(read);
  }
  return { objects, problems };
}

function protectedOf(text: string, file: string): ProtectedText | DefinitionProblem {
  try {
    return protectPlaceholders(text);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return { file, message: thrown.message };
  }
}

function problemOfDiagnostic({ file, position, field, message }: Diagnostic): DefinitionProblem {
  return { file, ...position, ...(field === undefined ? {} : { field }), message };
}

function objectOf(document: YamlDocument): SourceObject | DefinitionProblem | undefined {
  const { value, file, start } = document;
  if (!isJsonObject(value)) return undefined;
  const kind = kindOf(value);
  if (kind === undefined) return undefined;
  const name = nameOf(value);
  const key = placeholderKey(value, '');
  if (key !== undefined) {
    const message = `the key "${key.key}" is a placeholder; only values are replaced: write the key out`;
    return { file, ...document.locate(key.field), ...named(kind, name), field: key.field, message };
  }
  const { object, removed } = convertToV1(value);
  const [first] = removed;
  if (first !== undefined) {
    const { field, message } = first;
    return { file, ...document.locate(field), ...named(kind, name), field, message };
  }
  return { kind, name, file, line: start.line, object: deepFreeze(object), locate: (field) => document.locate(field) };
}

function named(kind: SourceKind, name: string): { readonly definition?: string } {
  return kind === 'PipelineRun' && name !== '' ? { definition: name } : {};
}

const versions: ReadonlySet<unknown> = new Set(['tekton.dev/v1', 'tekton.dev/v1beta1']);
const kinds: ReadonlySet<unknown> = new Set<SourceKind>(['PipelineRun', 'Pipeline', 'Task']);

function kindOf({ apiVersion, kind }: JsonObject): SourceKind | undefined {
  return versions.has(apiVersion) && kinds.has(kind) ? (kind as SourceKind) : undefined;
}

function nameOf({ metadata }: JsonObject): string {
  if (!isJsonObject(metadata)) return '';
  const { name, generateName } = metadata;
  if (typeof name === 'string' && name !== '') return name;
  return typeof generateName === 'string' ? generateName : '';
}

function placeholderKey(value: Json, field: string): { readonly key: string; readonly field: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const isList = Array.isArray(value);
  for (const [key, member] of Object.entries(value as JsonObject)) {
    if (!isList && findPlaceholders(key).length > 0) return { key, field };
    const path = isList ? `${field}[${key}]` : joined(field, key);
    const found = member === undefined ? undefined : placeholderKey(member, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `parent.key`, in brackets where the key has characters of paths. */
export function joined(parent: string, key: string): string {
  if (/[.[\]]/.test(key)) return `${parent}[${key}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
