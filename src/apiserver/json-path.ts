/** The simple JSONPath of printer columns and selectable fields: members, indexes, `[*]` and one-comparison filters. */
import { isJsonList, isJsonObject } from '../base/json.ts';
import type { Json } from '../base/json.ts';

/** Longest path, in characters and in steps, and most values one evaluation collects. */
export const pathCharactersMax = 1_000;
export const pathStepsMax = 32;
export const pathResultsMax = 1_000;

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'filter';
      readonly path: readonly Step[];
      /** Absent: the path must lead somewhere. */
      readonly comparison?: { readonly operator: Comparison; readonly value: Json };
    };

/** A path ready to be evaluated. */
export interface JsonPath {
  /** The values the path leads to, in order of the document, {@link pathResultsMax} at most. */
  evaluate(value: unknown): readonly Json[];
}

/** Compiles a path such as `.status.conditions[?(@.type=="Ready")].status`; otherwise says why it cannot be used. */
export function compileJsonPath(text: string): JsonPath | { readonly problem: string } {
  if (text.length > pathCharactersMax) return { problem: `must be no more than ${pathCharactersMax} characters` };
  const bare = /^\{(.*)\}$/s.exec(text)?.[1] ?? text;
  const reader = new PathReader(bare);
  const steps = reader.steps();
  if (steps === undefined || !reader.atEnd()) return { problem: reader.problem() };
  if (steps.length > pathStepsMax) return { problem: `must have no more than ${pathStepsMax} steps` };
  return { evaluate: (value) => walk([value as Json], steps) };
}

function walk(start: readonly Json[], steps: readonly Step[]): readonly Json[] {
  let values = start;
  for (const step of steps) {
    const next: Json[] = [];
    for (const value of values) collect(value, step, next);
    values = next.length > pathResultsMax ? next.slice(0, pathResultsMax) : next;
  }
  return values;
}

function collect(value: Json, step: Step, into: Json[]): void {
  switch (step.kind) {
    case 'member': {
      const member = isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      if (member !== undefined) into.push(member);
      return;
    }
    case 'index': {
      const item = isJsonList(value) ? value.at(step.index) : undefined;
      if (item !== undefined) into.push(item);
      return;
    }
    case 'all':
      for (const member of membersOf(value)) into.push(member);
      return;
    case 'filter':
      for (const item of isJsonList(value) ? value : []) if (passes(item, step)) into.push(item);
  }
}

function membersOf(value: Json): readonly Json[] {
  if (isJsonList(value)) return value;
  if (!isJsonObject(value)) return [];
  return Object.values(value).filter((member) => member !== undefined);
}

function passes(item: Json, { path, comparison }: Extract<Step, { kind: 'filter' }>): boolean {
  const found = walk([item], path);
  if (comparison === undefined) return found.length > 0;
  const [left] = found;
  return left !== undefined && compares(left, comparison.operator, comparison.value);
}

function compares(left: Json, operator: Comparison, right: Json): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  const comparable =
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return false;
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

const memberPattern = /\.((?:\\.|[^.[\]\s\\()'"=!<>*])+)/y;
const quotedPattern = /\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/y;
const indexPattern = /\[\s*(-?\d{1,9})\s*\]/y;
const allPattern = /\[\s*\*\s*\]|\.\*/y;
const filterStartPattern = /\[\s*\?\s*\(\s*@/y;
const filterEndPattern = /\s*\)\s*\]/y;
const operatorPattern = /\s*(==|!=|<=|>=|<|>)\s*/y;
const literalPattern = /'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?)|(true|false|null)/y;

/** Reads steps from left to right; filters do not nest. */
class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  problem(): string {
    if (!/^[.[]/.test(this.#text)) return 'must be a simple json path starting with .';
    return `cannot be understood from character ${this.#at}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`;
  }

  /** Undefined when there is not a single step. */
  steps(): readonly Step[] | undefined {
    const steps = this.#stepsUntilStuck(true);
    return steps.length === 0 ? undefined : steps;
  }

  #stepsUntilStuck(filters: boolean): readonly Step[] {
    const steps: Step[] = [];
    for (;;) {
      const step = this.#simpleStep() ?? (filters ? this.#filter() : undefined);
      if (step === undefined) return steps;
      steps.push(step);
    }
  }

  #simpleStep(): Step | undefined {
    const member = this.#match(memberPattern);
    if (member) return { kind: 'member', name: (member[1] ?? '').replaceAll(/\\(.)/gs, '$1') };
    const quoted = this.#match(quotedPattern);
    if (quoted) return { kind: 'member', name: quoted[1] ?? quoted[2] ?? '' };
    const index = this.#match(indexPattern);
    if (index) return { kind: 'index', index: Number(index[1]) };
    return this.#match(allPattern) && { kind: 'all' };
  }

  #filter(): Step | undefined {
    const start = this.#at;
    const filter = this.#match(filterStartPattern) && this.#filterBody();
    if (filter === undefined) this.#at = start;
    return filter;
  }

  #filterBody(): Step | undefined {
    const path = this.#stepsUntilStuck(false);
    const operator = this.#match(operatorPattern)?.[1] as Comparison | undefined;
    if (operator === undefined) return this.#match(filterEndPattern) && { kind: 'filter', path };
    const literal = this.#match(literalPattern);
    if (!literal || !this.#match(filterEndPattern)) return undefined;
    return { kind: 'filter', path, comparison: { operator, value: literalValue(literal) } };
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }
}

function literalValue(match: RegExpExecArray): Json {
  const [, single, double, number, word] = match;
  if (number !== undefined) return Number(number);
  if (word !== undefined) return JSON.parse(word) as Json;
  return single ?? double ?? '';
}
