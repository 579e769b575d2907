/** Label selectors: parsing of the text form and of the object form, and matching. */
import { ApiStatusError } from './api-error.ts';
import { labelKeyProblem, labelValueProblem } from './label-syntax.ts';

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** How a requirement compares. `=` and `!=` are kept as `In` and `NotIn` of one value. */
export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** One requirement on one label. All requirements of a selector must hold. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Values of `In` and `NotIn`; the bound of `Gt` and `Lt`. */
  readonly values: readonly string[];
}

/** `metav1.LabelSelector`, as it stands in specs. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A parsed selector. An empty one matches everything. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  matches(labels: Labels | undefined): boolean;
}

/** Characters of a selector's text, and requirements in it. */
export const selectorCharactersMax = 65_536;
export const selectorRequirementsMax = 1_000;

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Throws a `BadRequest` that says what was found where.
 * An empty text matches everything.
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > selectorCharactersMax)
    throw unparsable(text.slice(0, 40), `longer than ${selectorCharactersMax} characters`);
  return labelSelectorOf(new SelectorParser(text).parse());
}

/** A selector from its requirements, which must already be valid. */
function labelSelectorOf(requirements: readonly LabelRequirement[]): LabelSelector {
  const tests = requirements.map(requirementTest);
  return { requirements, matches: (labels) => tests.every((test) => test(labels)) };
}

/** A selector from the object form; throws `BadRequest` when an expression is malformed. */
export function labelSelectorFromObject(selector: LabelSelectorObject): LabelSelector {
  const equalities = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checked(key, 'In', [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
      throw unparsable(key, `"${operator}" is not a valid label selector operator`);
    return checked(key, operator, values);
  });
  return labelSelectorOf([...equalities, ...expressions]);
}

/** The text form of a selector; parsing it gives the same requirements. */
export function labelSelectorText(selector: LabelSelector): string {
  return selector.requirements.map(requirementText).join(',');
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
  }
}

function requirementTest({ key, operator, values }: LabelRequirement): (labels: Labels | undefined) => boolean {
  const valueOf = (labels: Labels | undefined): string | undefined =>
    labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  const wanted = new Set(values);
  const bound = values[0] ?? '';
  switch (operator) {
    case 'Exists':
      return (labels) => valueOf(labels) !== undefined;
    case 'DoesNotExist':
      return (labels) => valueOf(labels) === undefined;
    case 'In':
      return (labels) => wanted.has(valueOf(labels) ?? absent);
    case 'NotIn':
      return (labels) => !wanted.has(valueOf(labels) ?? absent);
    case 'Gt':
      return (labels) => exceeds(valueOf(labels), bound);
    case 'Lt':
      return (labels) => exceeds(bound, valueOf(labels));
  }
}

/** Not a label value, so no set of values contains it. */
const absent = '\0';

const integerPattern = /^[+-]?\d+$/;

/** Whether both are whole numbers and the first is the greater one. */
function exceeds(greater: string | undefined, smaller: string | undefined): boolean {
  if (greater === undefined || smaller === undefined) return false;
  if (!integerPattern.test(greater) || !integerPattern.test(smaller)) return false;
  return BigInt(greater.replace('+', '')) > BigInt(smaller.replace('+', ''));
}

function checked(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const keyProblem = labelKeyProblem(key);
  if (keyProblem !== undefined) throw unparsable(key, `invalid label key ${JSON.stringify(key)}: ${keyProblem}`);
  const takesValues = operator !== 'Exists' && operator !== 'DoesNotExist';
  if (takesValues && values.length === 0)
    throw unparsable(key, "for 'in', 'notin' operators, values set can't be empty");
  if (!takesValues && values.length > 0) throw unparsable(key, `values must be empty for ${operator}`);
  for (const value of values) {
    const problem = labelValueProblem(value);
    if (problem !== undefined) throw unparsable(key, `invalid label value ${JSON.stringify(value)}: ${problem}`);
  }
  if ((operator === 'Gt' || operator === 'Lt') && !integerPattern.test(values[0] ?? ''))
    throw unparsable(key, "for 'Gt', 'Lt' operators, the value must be an integer");
  return { key, operator, values };
}

function unparsable(near: string, why: string): ApiStatusError {
  return new ApiStatusError('BadRequest', `unable to parse requirement: ${why} (near ${JSON.stringify(near)})`);
}

/** Identifiers and the characters that end them. */
const tokenPattern = /==|!=|[=!<>(),]|[^\s=!<>(),]+/g;

/** Recursive descent over tokens; one instance a text. */
class SelectorParser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    while (this.#peek() !== undefined) {
      requirements.push(this.#requirement());
      if (requirements.length > selectorRequirementsMax)
        throw unparsable('', `more than ${selectorRequirementsMax} requirements`);
      if (this.#peek() === undefined) break;
      this.#expect(',');
      if (this.#peek() === undefined) throw unparsable(',', "found '', expected: identifier after ','");
    }
    return requirements;
  }

  #requirement(): LabelRequirement {
    if (this.#accept('!')) return checked(this.#identifier(), 'DoesNotExist', []);
    const key = this.#identifier();
    const operator = this.#peek();
    if (operator === undefined || operator === ',') return checked(key, 'Exists', []);
    this.#next += 1;
    switch (operator) {
      case '=':
      case '==':
        return checked(key, 'In', [this.#value()]);
      case '!=':
        return checked(key, 'NotIn', [this.#value()]);
      case '>':
        return checked(key, 'Gt', [this.#value()]);
      case '<':
        return checked(key, 'Lt', [this.#value()]);
      case 'in':
        return checked(key, 'In', this.#values());
      case 'notin':
        return checked(key, 'NotIn', this.#values());
      default:
        throw unparsable(key, `found '${operator}', expected: in, notin, =, ==, !=, >, <`);
    }
  }

  /** A value may be missing (`a=`): the empty text. */
  #value(): string {
    const token = this.#peek();
    if (token === undefined || token === ',') return '';
    return this.#identifier();
  }

  /** `(a,b)`; an empty place is the empty text. */
  #values(): readonly string[] {
    this.#expect('(');
    const values = new Set<string>();
    for (;;) {
      const token = this.#peek();
      values.add(token === ',' || token === ')' ? '' : this.#identifier());
      if (this.#accept(')')) return [...values].sort();
      this.#expect(',');
    }
  }

  #identifier(): string {
    const token = this.#peek();
    if (token === undefined || /^[=!<>(),]/.test(token))
      throw unparsable(token ?? '', `found '${token ?? ''}', expected: identifier`);
    this.#next += 1;
    return token;
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#next += 1;
    return true;
  }

  #expect(token: string): void {
    if (this.#accept(token)) return;
    throw unparsable(this.#peek() ?? '', `found '${this.#peek() ?? ''}', expected: '${token}'`);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }
}

function tokensOf(text: string): readonly string[] {
  return text.match(tokenPattern) ?? [];
}
