import { type Json, isJsonList, isJsonObject } from '../../base/json.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import type { TemplateFacts } from '../types.ts';
import { findPlaceholders } from './placeholders.ts';

/** What makes a placeholder an expression of CEL. */
export const celPrefix = 'cel:';

/** Placeholders that are expressions without saying so: over the payload, the headers or the changed files. */
export const dynamicPattern: RegExp = /^(?:body|headers|files)(?!\w)/;

/** The variables an expression of a template sees: `body`, `headers`, `files`, `pac`, and each of `pac` by its own name. */
export function expressionVariables(expression: string, facts: TemplateFacts): Readonly<Record<string, Json>> {
  return {
    ...facts.variables,
    pac: facts.variables,
    body: facts.body,
    headers: headersAsSpelt(expression, facts.headers),
    ...(facts.files === undefined ? {} : { files: fileLists(facts.files) }),
  };
}

/** The changed files as expressions see them: one list for each kind of change, and `all`. */
function fileLists(files: ChangedFiles): Readonly<Record<string, readonly string[]>> {
  const { added, modified, deleted, renamed } = files;
  return { all: [...new Set([...added, ...modified, ...deleted, ...renamed])], added, deleted, modified, renamed };
}

/**
 * The headers, and once more under each spelling of a name that occurs in the expression: names of headers do not depend
 * on case.
 */
function headersAsSpelt(
  expression: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const words = expression.match(/[\w-]+/g) ?? [];
  const spelt = words.flatMap((word): readonly (readonly [string, string])[] => {
    const value = Object.hasOwn(headers, word) ? undefined : headers[word.toLowerCase()];
    return value === undefined ? [] : [[word, value]];
  });
  return spelt.length === 0 ? headers : { ...headers, ...Object.fromEntries(spelt) };
}

/** Whether a placeholder somewhere in `tree` asks for the changed files: only then need they be fetched. */
export function usesChangedFiles(tree: Json): boolean {
  if (typeof tree === 'string') {
    return findPlaceholders(tree).some(
      ({ expression }) =>
        (expression.startsWith(celPrefix) || dynamicPattern.test(expression)) && /\bfiles\b/.test(expression),
    );
  }
  if (isJsonList(tree)) return tree.some(usesChangedFiles);
  return isJsonObject(tree) && Object.values(tree).some((member) => member !== undefined && usesChangedFiles(member));
}
