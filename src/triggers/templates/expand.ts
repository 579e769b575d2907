import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';
import type { TemplateFacts } from '../types.ts';
import { type Evaluated, celPrefix, dynamicPattern, evaluateExpression } from './dynamic.ts';
import { type Placeholder, replacePlaceholders } from './placeholders.ts';

/** Most placeholders in one object. */
export const placeholdersMax = 5000;
/** Most characters that the values of one object's placeholders may have together. */
export const expandedCharactersMax: number = 2 * 1024 * 1024;

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

/** The placeholders of one object are too many, or what they stand for is too long. */
export class TemplateLimitError extends Error {
  override readonly name = 'TemplateLimitError';
  readonly code = 'TEMPLATE_TOO_LARGE';
}

/**
 * `tree` with the placeholders in its texts replaced, once: what a value brings along is text, whatever it looks like.
 * Keys stay as they are, and every text stays one text, so the result has the shape of `tree` whoever chose the values.
 *
 * `{{ name }}` is a variable; an unknown one stays as it is written. `{{ body… }}`, `{{ headers… }}` and `{{ files… }}`
 * are expressions that stay when they cannot be evaluated; `{{ cel: … }}` is one that becomes empty. Both are told in the
 * warnings. Throws {@link TemplateLimitError}.
 */
export function expandTemplates(tree: JsonObject, facts: TemplateFacts): Expansion {
  const expander = new Expander(facts);
  return { value: expander.object(tree, ''), warnings: expander.warnings };
}

/** `text` with its placeholders replaced, as {@link expandTemplates} does it. */
export function expandText(text: string, facts: TemplateFacts): string {
  return new Expander(facts).text(text, '');
}

class Expander {
  readonly warnings: TemplateWarning[] = [];
  readonly #facts: TemplateFacts;
  readonly #evaluated = new Map<string, Evaluated>();
  #placeholders = 0;
  #characters = 0;

  constructor(facts: TemplateFacts) {
    this.#facts = facts;
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
      this.#placeholders += 1;
      this.#characters += value.length;
      if (this.#placeholders > placeholdersMax) {
        throw new TemplateLimitError(`the object holds more than ${placeholdersMax} placeholders`);
      }
      if (this.#characters > expandedCharactersMax) {
        const message = `the values of the object's placeholders have more than ${expandedCharactersMax} characters`;
        throw new TemplateLimitError(message);
      }
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
