import {
  type Document,
  LineCounter,
  type Node,
  type ParsedNode,
  type Tags,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
} from 'yaml';
import type { Json } from '../base/json.ts';
import { errorText } from '../base/errors.ts';
import type { Diagnostic, Position } from './diagnostic.ts';
import { parseFieldPath } from './field-path.ts';

/** The most bytes one YAML file may have: what a Kubernetes API server takes in one request. */
export const yamlBytesMax: number = 3 * 1024 * 1024;
/** The most documents one file may have. */
export const yamlDocumentsMax = 1000;
/** The most times aliases may be expanded in one document, counting what they bring along. */
export const yamlAliasesMax = 100;
/** The deepest nesting of maps and lists. */
export const yamlDepthMax = 100;

/** The most complaints about one document: past these, the first ones have to be mended anyway. */
export const yamlDiagnosticsMax = 20;

/** One document of a file: its value, and where each of its fields stands in the text. */
export interface YamlDocument {
  readonly file: string;
  /** 0-based, among the documents of its file that are not empty. */
  readonly index: number;
  readonly value: Json;
  readonly start: Position;
  /** Where the field at `path` (Kubernetes notation) stands; for a missing field, its nearest parent. */
  locate(path: string): Position;
}

/** What a file holds: documents and complaints. With complaints, `documents` holds only the sound ones. */
export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How a text stands in a document: bare, in quotes, or as a block of lines. */
export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'block';

/** Settings of {@link parseYaml}. */
export interface ParseYamlOptions {
  /** What stands for a text of the document (keys too) in its value; by default the text itself. */
  readonly rewrite?: (text: string, style: ScalarStyle) => string;
}

/**
 * Reads a YAML (or JSON) stream the way Kubernetes does: YAML 1.1 booleans and octals, merge keys, duplicate keys
 * refused; dates stay text. Bounded: bytes, documents, depth, alias expansion. Never throws on bad input.
 */
export function parseYaml(text: string, file: string, options: ParseYamlOptions = {}): YamlFile {
  const refused = refuseUnreadable(text, file);
  if (refused) return { documents: [], diagnostics: [refused] };
  const lines = new LineCounter();
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      version: '1.1',
      schema: 'yaml-1.1',
      merge: true,
      customTags: kubernetesTags,
      // Looked at below: the library compares each key with every other.
      uniqueKeys: false,
      // Keys are names: `on:` or `y:` must not become `true`.
      stringKeys: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
    return collect(Array.isArray(parsed) ? parsed : [], file, lines, options);
  } catch (thrown) {
    return { documents: [], diagnostics: [tooDeepOrSyntax(thrown, file)] };
  }
}

/** Tags of YAML 1.1 that Kubernetes' own reader does not resolve: they would change text into something else. */
function kubernetesTags(tags: Tags): Tags {
  const unresolved = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set', 'intTime', 'floatTime']);
  const unresolvedTags = /:(timestamp|binary|omap|pairs|set)$/;
  return tags.filter((tag) =>
    typeof tag === 'string'
      ? !unresolved.has(tag)
      : !unresolvedTags.test(tag.tag) && !('format' in tag && tag.format === 'TIME'),
  );
}

function refuseUnreadable(text: string, file: string): Diagnostic | undefined {
  if (text.length > yamlBytesMax) {
    const message = `the file is larger than ${yamlBytesMax} bytes; no manifest that Kubernetes accepts is`;
    return { code: 'YAML_TOO_LARGE', message, file };
  }
  // NUL and other control characters are not allowed in YAML: such a file is not text at all.
  const binary = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/.exec(text);
  if (binary) {
    const position = positionIn(text, binary.index);
    return { code: 'YAML_NOT_TEXT', message: 'the file is not UTF-8 text', file, position };
  }
  return undefined;
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}

function tooDeepOrSyntax(thrown: unknown, file: string): Diagnostic {
  // The library recurses: input nested beyond any use exhausts the stack before our own limit can be checked.
  if (thrown instanceof RangeError) return { code: 'YAML_TOO_DEEP', message: tooDeepMessage, file };
  return { code: 'YAML_SYNTAX', message: errorText(thrown), file };
}

const tooDeepMessage = `maps and lists are nested deeper than ${yamlDepthMax} levels`;

/** The library catches some of these errors itself, and reports them as if the text were at fault. */
const exhaustionText = /call stack size exceeded|stack overflow/i;

function collect(
  parsed: readonly Document.Parsed[],
  file: string,
  lines: LineCounter,
  { rewrite }: ParseYamlOptions,
): YamlFile {
  const documents: YamlDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  if (parsed.length > yamlDocumentsMax) {
    const message = `the file holds more than ${yamlDocumentsMax} documents`;
    return { documents, diagnostics: [{ code: 'YAML_TOO_MANY', message, file }] };
  }
  for (const document of parsed) {
    const complaints = syntaxDiagnostics(document, file, lines);
    diagnostics.push(...complaints);
    if (complaints.length > 0 || document.contents === null) continue;
    const start = positionAt(lines, firstOffset(document.contents));
    if (deeperThan(document.contents, yamlDepthMax)) {
      diagnostics.push({ code: 'YAML_TOO_DEEP', message: tooDeepMessage, file, position: start });
      continue;
    }
    if (rewrite !== undefined) rewriteTexts(document, rewrite);
    const repeated = repeatedKeys(document, file, lines);
    diagnostics.push(...repeated);
    const converted = repeated.length > 0 ? undefined : convert(document, file, documents.length, lines);
    if (converted !== undefined && 'code' in converted) diagnostics.push(converted);
    else if (converted !== undefined && converted.value !== null) documents.push(converted);
  }
  return { documents, diagnostics };
}

function syntaxDiagnostics(document: Document.Parsed, file: string, lines: LineCounter): readonly Diagnostic[] {
  const exhausted = document.errors.find((error) => exhaustionText.test(error.message));
  if (exhausted) {
    return [{ code: 'YAML_TOO_DEEP', message: tooDeepMessage, file, position: positionAt(lines, exhausted.pos[0]) }];
  }
  const complaints = document.errors.map((error) => ({
    code: 'YAML_SYNTAX',
    message: error.message,
    file,
    position: positionAt(lines, error.pos[0]),
  }));
  return firstOfEachPlace(complaints).slice(0, yamlDiagnosticsMax);
}

/**
 * After one mistake the reader stumbles over all that follows it, on that line and the next ones: that says nothing more.
 * What comes after lines without a complaint is a mistake of its own.
 */
function firstOfEachPlace<T extends { readonly position: Position }>(complaints: readonly T[]): readonly T[] {
  let lastLine = -1;
  return complaints.filter(({ position: { line } }) => {
    const isNew = line < lastLine || line > lastLine + 1;
    lastLine = line;
    return isNew;
  });
}

/** A complaint for each key that its map has already. A merge may be asked for more than once. */
function repeatedKeys(document: Document.Parsed, file: string, lines: LineCounter): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  visit(document, {
    Map: (_key, map) => {
      const known = new Set<unknown>();
      for (const { key } of map.items as readonly { readonly key: unknown }[]) {
        if (!isScalar(key) || key.source === '<<') continue;
        if (!known.has(key.value)) {
          known.add(key.value);
          continue;
        }
        const position = positionAt(lines, key.range?.[0] ?? 0);
        found.push({ code: 'YAML_SYNTAX', message: 'Map keys must be unique', file, position });
        if (found.length >= yamlDiagnosticsMax) return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}

function convert(
  document: Document.Parsed,
  file: string,
  index: number,
  lines: LineCounter,
): YamlDocument | Diagnostic {
  const start = positionAt(lines, firstOffset(document.contents));
  try {
    const value = document.toJS({ maxAliasCount: yamlAliasesMax }) as Json;
    return { file, index, value, start, locate: (path) => locate(document, lines, path) };
  } catch (thrown) {
    const message = `aliases expand to more than ${yamlAliasesMax} values, or refer to nothing: ${errorText(thrown)}`;
    return { code: 'YAML_ALIASES', message, file, position: start };
  }
}

function rewriteTexts(document: Document.Parsed, rewrite: NonNullable<ParseYamlOptions['rewrite']>): void {
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string') scalar.value = rewrite(scalar.value, styleOf(scalar.type));
    },
  });
}

function styleOf(type: string | null | undefined): ScalarStyle {
  if (type === 'QUOTE_DOUBLE') return 'double-quoted';
  if (type === 'QUOTE_SINGLE') return 'single-quoted';
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? 'block' : 'plain';
}

function deeperThan(node: unknown, limit: number): boolean {
  if (limit < 0) return true;
  if (isMap(node)) return node.items.some((pair) => deeperThan(pair.value, limit - 1));
  if (isSeq(node)) return node.items.some((item) => deeperThan(item, limit - 1));
  return false;
}

function firstOffset(node: ParsedNode | null): number {
  return node?.range[0] ?? 0;
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function locate(document: Document.Parsed, lines: LineCounter, path: string): Position {
  let node: unknown = document.contents;
  let offset = firstOffset(document.contents);
  for (const segment of parseFieldPath(path)) {
    const step = stepInto(node, segment);
    if (!step) break;
    node = step.value;
    offset = step.offset;
  }
  return positionAt(lines, offset);
}

function stepInto(node: unknown, segment: string | number): { value: unknown; offset: number } | undefined {
  if (isSeq(node) && typeof segment === 'number') {
    const item = node.items[segment] as Node | undefined;
    return item?.range ? { value: item, offset: item.range[0] } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(segment),
  );
  const key = pair?.key as Node | undefined;
  return pair && key?.range ? { value: pair.value, offset: key.range[0] } : undefined;
}
