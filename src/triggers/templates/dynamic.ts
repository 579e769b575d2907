import { errorText } from '../../base/errors.ts';
import { type Json, isJsonList, isJsonObject } from '../../base/json.ts';
import { ExpressionError } from '../../cel/expression-error.ts';
import { ExpressionEnvironment, isVariableName } from '../../cel/expression.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import type { TemplateFacts } from '../types.ts';
import { findPlaceholders } from './placeholders.ts';
import { standardVariableNames } from './standard-variables.ts';

/** What makes a placeholder an expression of CEL. */
export const celPrefix = 'cel:';

/** Placeholders that are expressions without saying so: over the payload, the headers or the changed files. */
export const dynamicPattern: RegExp = /^(?:body|headers|files)(?!\w)/;

/** What one expression of a template may cost: some milliseconds. Rules of matching, of which there are fewer, may cost more. */
export const templateCostMax = 50_000;

/** What an expression came to. */
export type Evaluated = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };

/**
 * Evaluates an expression of a template or of a param's filter, with bounded cost. It sees `body`, `headers`, `files`, the
 * variables in the map `pac`, and each of them by its own name. Standard variables that have no value are empty.
 */
export function evaluateExpression(expression: string, facts: TemplateFacts): Evaluated {
  const standard = standardVariableNames.map((name): [string, string] => [name, '']);
  const variables: Readonly<Record<string, string>> = { ...Object.fromEntries(standard), ...facts.variables };
  const named = Object.keys(variables).filter(isOwnName);
  try {
    const environment = new ExpressionEnvironment({
      variables: {
        ...Object.fromEntries(named.map((name) => [name, 'string'])),
        ...{ pac: 'map<string, string>', body: 'dyn', headers: 'map<string, string>', files: 'dyn' },
      },
      costMax: templateCostMax,
    });
    const value = environment.compile(expression).evaluate({
      ...Object.fromEntries(named.map((name) => [name, variables[name]])),
      pac: variables,
      body: facts.body,
      headers: headersAsSpelt(expression, facts.headers),
      files: facts.files === undefined ? undefined : fileLists(facts.files),
    });
    return { ok: true, value };
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown;
    return { ok: false, message: errorText(thrown) };
  }
}

/** Names of variables that mean nothing else here. */
function isOwnName(name: string): boolean {
  return isVariableName(name) && !givenNames.has(name);
}

const givenNames: ReadonlySet<string> = new Set(['pac', 'body', 'headers', 'files']);

/** The changed files as expressions see them: one list for each kind of change, and `all`. */
export function fileLists(files: ChangedFiles): Readonly<Record<string, readonly string[]>> {
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
    const lower = word.toLowerCase();
    const value = Object.hasOwn(headers, word) || !Object.hasOwn(headers, lower) ? undefined : headers[lower];
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
