import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';
import type { TemplateFacts } from '../types.ts';
import { type Evaluated, celPrefix, dynamicPattern, evaluateExpression } from './dynamic.ts';
import { type Placeholder, replacePlaceholders } from './placeholders.ts';

/** Most placeholders in what is expanded for one run. */
export const placeholdersMax = 5000;
/** Most characters that the values of these placeholders may have together. */
export const expandedCharactersMax: number = 2 * 1024 * 1024;
/** Most expressions among these placeholders, equal ones of one object counting once: each may take some milliseconds. */
export const expressionsMax = 100;

/** A placeholder whose expression could not be evaluated. */
export interface TemplateWarning {
  /** Path in the object, `spec.params[0].value`. */
  readonly field: string;
  readonly placeholder: string;
  readonly message: string;
}

/** An object with its placeholders replaced. */
export interface Expansion {
  readonly value: JsonObject;
  readonly warnings: readonly TemplateWarning[];
}

/** The placeholders are too many, or what they stand for is too long. */
export class TemplateLimitError extends Error {
  override readonly name = 'TemplateLimitError';
  readonly code = 'TEMPLATE_TOO_LARGE';
}

/** What may still be expanded: one for all objects that become part of one run. */
export class TemplateBudget {
  #placeholders = placeholdersMax;
  #characters = expandedCharactersMax;
  #expressions = expressionsMax;

  /** A placeholder that is replaced by so many characters. Throws {@link TemplateLimitError}. */
  spendPlaceholder(characters: number): void {
    this.#placeholders -= 1;
    this.#characters -= characters;
    if (this.#placeholders < 0) throw new TemplateLimitError(`there are more than ${placeholdersMax} placeholders`);
    if (this.#characters >= 0) return;
    throw new TemplateLimitError(`the values of placeholders have more than ${expandedCharactersMax} characters`);
  }

  /** An expression that is evaluated. Throws {@link TemplateLimitError}. */
  spendExpression(): void {
    this.#expressions -= 1;
    if (this.#expressions >= 0) return;
    throw new TemplateLimitError(`there are more than ${expressionsMax} expressions in placeholders`);
  }
}

/**
 * `tree` with the placeholders in its texts replaced, once: what a value brings along is text, whatever it looks like.
 * Keys stay as they are, and every text stays one text, so the result has the shape of `tree` whoever chose the values.
 *
 * `{{ name }}` is a variable; an unknown one stays as it is written. `{{ body… }}`, `{{ headers… }}` and `{{ files… }}`
 * are expressions that stay when they cannot be evaluated; `{{ cel: … }}` is one that becomes empty. Both are told in the
 * warnings. Throws {@link TemplateLimitError}.
 */
export function expandTemplates(
  tree: JsonObject,
  facts: TemplateFacts,
  budget: TemplateBudget = new TemplateBudget(),
): Expansion {
  const expander = new Expander(facts, budget);
  return { value: expander.object(tree, ''), warnings: expander.warnings };
}

/** `text` with its placeholders replaced, as {@link expandTemplates} does it. */
export function expandText(text: string, facts: TemplateFacts, budget: TemplateBudget = new TemplateBudget()): string {
  return new Expander(facts, budget).text(text, '');
}

class Expander {
  readonly warnings: TemplateWarning[] = [];
  readonly #facts: TemplateFacts;
  readonly #evaluated = new Map<string, Evaluated>();
  readonly #budget: TemplateBudget;

  constructor(facts: TemplateFacts, budget: TemplateBudget) {
    this.#facts = facts;
    this.#budget = budget;
  }

  object(object: JsonObject, field: string): JsonObject {
    const entries = Object.entries(object).map(([key, member]): [string, Json | undefined] => [
      key,
      member === undefined ? undefined : this.#value(member, field === '' ? key : `${field}${segmentOf(key)}`),
    ]);
    return Object.fromEntries(entries);
  }

  #value(value: Json, field: string): Json {
    if (typeof value === 'string') return this.text(value, field);
    if (isJsonList(value)) return value.map((item, index) => this.#value(item, `${field}[${index}]`));
    return isJsonObject(value) ? this.object(value, field) : value;
  }

  text(text: string, field: string): string {
    return replacePlaceholders(text, (placeholder) => {
      const value = this.#replacement(placeholder, field) ?? text.slice(placeholder.start, placeholder.end);
      this.#budget.spendPlaceholder(value.length);
      return value;
    });
  }

  /** undefined = the placeholder stays as it is written. */
  #replacement({ expression }: Placeholder, field: string): string | undefined {
    if (expression.startsWith(celPrefix)) {
      return this.#expression(expression.slice(celPrefix.length).trim(), expression, field) ?? '';
    }
    if (Object.hasOwn(this.#facts.variables, expression)) return this.#facts.variables[expression];
    return dynamicPattern.test(expression) ? this.#expression(expression, expression, field) : undefined;
  }

  #expression(expression: string, placeholder: string, field: string): string | undefined {
    let evaluated = this.#evaluated.get(expression);
    if (evaluated === undefined) {
      this.#budget.spendExpression();
      evaluated = evaluateExpression(expression, this.#facts);
      this.#evaluated.set(expression, evaluated);
    }
    if (evaluated.ok) return textOf(evaluated.value);
    this.warnings.push({ field, placeholder, message: evaluated.message });
    return undefined;
  }
}

/** A value in a text: text as it is, nothing for null, everything else as JSON. */
function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

function segmentOf(key: string): string {
  return /[.[\]/]/.test(key) ? `[${key}]` : `.${key}`;
}
