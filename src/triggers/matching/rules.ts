/** The annotations by which a definition says what it is for, read before anything is matched. */
import type { Expression } from '../../cel/expression.ts';
import { ExpressionError } from '../../cel/expression-error.ts';
import { compileLinearRegex, type LinearRegex } from '../../cel/linear-regex.ts';
import type { Definition, DefinitionProblem } from '../types.ts';
import { findPlaceholders } from '../templates/placeholders.ts';
import { parseAnnotationList } from './annotation-list.ts';
import { compileRefPattern, type RefPattern } from './branches.ts';
import { compileGlob, type Glob } from './glob.ts';

const prefix = 'pipelinesascode.tekton.dev/';

/** The annotations, without their prefix. */
export type RuleName =
  | 'on-event'
  | 'on-target-branch'
  | 'on-path-change'
  | 'on-path-change-ignore'
  | 'on-label'
  | 'on-comment'
  | 'on-cel-expression'
  | 'target-namespace';

/** Those that an expression overrides. */
export const overriddenRules: readonly RuleName[] = [
  'on-event',
  'on-target-branch',
  'on-path-change',
  'on-path-change-ignore',
  'on-label',
];

/** What a definition asks for; a member is absent if its annotation is. */
export interface Rules {
  readonly events?: readonly string[];
  readonly branches?: readonly RefPattern[];
  readonly paths?: readonly Glob[];
  readonly ignoredPaths?: readonly Glob[];
  readonly labels?: readonly string[];
  readonly comment?: LinearRegex;
  readonly expression?: Expression;
}

export type RulesResult =
  | { readonly ok: true; readonly rules: Rules }
  | { readonly ok: false; readonly problem: DefinitionProblem };

/** The annotation of this rule, as written. */
export function annotationOf(definition: Definition, rule: RuleName): string | undefined {
  return definition.annotations[prefix + rule];
}

/** Reads the annotations of a definition. What cannot be read is answered as a problem of this definition. */
export function readRules(definition: Definition, compile: (source: string) => Expression): RulesResult {
  try {
    return { ok: true, rules: rulesOf(definition, compile) };
  } catch (thrown) {
    if (!(thrown instanceof RuleMistake)) throw thrown;
    return { ok: false, problem: problemOf(definition, thrown.rule, thrown.message) };
  }
}

/** A complaint about one rule of a definition. */
export function problemOf(definition: Definition, rule: RuleName | undefined, message: string): DefinitionProblem {
  return {
    file: definition.file,
    line: definition.line,
    definition: definition.name,
    ...(rule === undefined ? {} : { field: prefix + rule }),
    message,
  };
}

class RuleMistake extends Error {
  readonly rule: RuleName;

  constructor(rule: RuleName, message: string) {
    super(message);
    this.rule = rule;
  }
}

function rulesOf(definition: Definition, compile: (source: string) => Expression): Rules {
  const read = <Key extends keyof Rules>(
    key: Key,
    rule: RuleName,
    reader: (value: string, rule: RuleName) => NonNullable<Rules[Key]>,
  ): Pick<Rules, Key> | undefined => {
    const value = annotationOf(definition, rule);
    return value === undefined ? undefined : ({ [key]: reader(value, rule) } as Pick<Rules, Key>);
  };
  return {
    ...read('events', 'on-event', list),
    ...read('branches', 'on-target-branch', (value, rule) => list(value, rule).map((item) => refPattern(item, rule))),
    ...read('paths', 'on-path-change', (value, rule) => list(value, rule).map((item) => glob(item, rule))),
    ...read('ignoredPaths', 'on-path-change-ignore', (value, rule) =>
      list(value, rule).map((item) => glob(item, rule)),
    ),
    ...read('labels', 'on-label', list),
    ...read('comment', 'on-comment', commentPattern),
    ...read('expression', 'on-cel-expression', (value, rule) =>
      expressionOr(rule, () => truth(compile(noPlaceholders(value, rule)), rule)),
    ),
  };
}

function list(value: string, rule: RuleName): readonly string[] {
  const result = parseAnnotationList(value);
  if (!result.ok) throw new RuleMistake(rule, result.message);
  return result.items;
}

function glob(pattern: string, rule: RuleName): Glob {
  const result = compileGlob(pattern);
  if (!result.ok) throw new RuleMistake(rule, result.message);
  return result.glob;
}

function refPattern(pattern: string, rule: RuleName): RefPattern {
  const result = compileRefPattern(pattern);
  if (!result.ok) throw new RuleMistake(rule, result.message);
  return result;
}

function commentPattern(value: string, rule: RuleName): LinearRegex {
  // The empty pattern would match every comment anybody ever makes.
  if (value.trim() === '') throw new RuleMistake(rule, 'is empty');
  return expressionOr(rule, () => compileLinearRegex(value.replace(/\n+$/, '')));
}

function expressionOr<T>(rule: RuleName, compile: () => T): T {
  try {
    return compile();
  } catch (thrown) {
    if (thrown instanceof ExpressionError) throw new RuleMistake(rule, thrown.message);
    throw thrown;
  }
}

/** A value within the text of an expression could be code; by its name it is a value, whatever it looks like. */
function noPlaceholders(source: string, rule: RuleName): string {
  const [placeholder] = findPlaceholders(source);
  if (placeholder === undefined) return source;
  const { expression } = placeholder;
  throw new RuleMistake(
    rule,
    `holds {{ ${expression} }}, which is not replaced here: write ${expression} without braces`,
  );
}

function truth(expression: Expression, rule: RuleName): Expression {
  if (expression.type === 'bool' || expression.type === 'dyn') return expression;
  throw new RuleMistake(rule, `the expression gives ${expression.type}, not true or false`);
}
