import { isJsonList, isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { WebhookPayloadError } from './webhook-format.ts';

const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const allZero = /^0+$/;

/**
 * Reads one object of a webhook's payload, member by member. Each method throws {@link WebhookPayloadError} with the path of
 * the member when it is not what is asked for. `null` counts as absent: hosts write both.
 */
export class PayloadReader {
  readonly #value: JsonObject;
  readonly #path: string;

  constructor(value: JsonObject, path = '') {
    this.#value = value;
    this.#path = path;
  }

  /** Path of a member, as messages name it. */
  pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  /** Whether the member is there and not `null`. */
  has(key: string): boolean {
    return this.#member(key) !== undefined;
  }

  object(key: string): PayloadReader {
    return this.optionalObject(key) ?? this.#missing(key);
  }

  optionalObject(key: string): PayloadReader | undefined {
    const value = this.#member(key);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw new WebhookPayloadError(this.pathOf(key), 'is not an object');
    return new PayloadReader(value, this.pathOf(key));
  }

  /** The objects of a list; an absent list is empty. */
  objects(key: string): readonly PayloadReader[] {
    return this.#list(key).map((item, index) => {
      const path = `${this.pathOf(key)}[${index}]`;
      if (!isJsonObject(item)) throw new WebhookPayloadError(path, 'is not an object');
      return new PayloadReader(item, path);
    });
  }

  /** The texts of a list; an absent list is empty. */
  texts(key: string): readonly string[] {
    return this.#list(key).map((item, index) => {
      if (typeof item !== 'string') throw new WebhookPayloadError(`${this.pathOf(key)}[${index}]`, 'is not a text');
      return item;
    });
  }

  /** A text that is there and not empty. */
  text(key: string): string {
    const value = this.optionalText(key);
    if (value === undefined || value === '') this.#missing(key);
    return value;
  }

  optionalText(key: string): string | undefined {
    const value = this.#member(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw new WebhookPayloadError(this.pathOf(key), 'is not a text');
    return value;
  }

  /** A whole number from 1. */
  number(key: string): number {
    return this.optionalNumber(key) ?? this.#missing(key);
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#member(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
      throw new WebhookPayloadError(this.pathOf(key), 'is not a whole number from 1');
    }
    return value;
  }

  /** A text or a number, as text; absent = empty. */
  scalar(key: string): string {
    const value = this.#member(key) ?? '';
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new WebhookPayloadError(this.pathOf(key), 'is neither a text nor a number');
  }

  /** A whole number, also zero and below it. */
  optionalInteger(key: string): number | undefined {
    const value = this.#member(key);
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
    throw new WebhookPayloadError(this.pathOf(key), 'is not a whole number');
  }

  /** Whether the member says true; absent = false. */
  flag(key: string): boolean {
    const value = this.#member(key);
    if (value === undefined || typeof value === 'boolean') return value === true;
    throw new WebhookPayloadError(this.pathOf(key), 'is neither true nor false');
  }

  /** A whole commit id in lower case. */
  sha(key: string): string {
    return this.optionalSha(key) ?? this.#missing(key);
  }

  /** As `sha`; absent, empty and all zeros (how hosts write "none") are undefined. */
  optionalSha(key: string): string | undefined {
    const value = this.optionalText(key)?.toLowerCase();
    if (value === undefined || value === '' || allZero.test(value)) return undefined;
    if (!objectName.test(value)) throw new WebhookPayloadError(this.pathOf(key), 'is not a whole commit id');
    return value;
  }

  /** An http or https address, without a final `/` or `.git` and without user and password. */
  webUrl(key: string): string {
    const url = URL.parse(this.text(key));
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new WebhookPayloadError(this.pathOf(key), 'is not an http or https address');
    }
    return withoutSuffix(withoutSuffix(`${url.origin}${url.pathname}`, '/'), '.git');
  }

  #member(key: string): Json | undefined {
    const value = Object.hasOwn(this.#value, key) ? this.#value[key] : undefined;
    return value === null ? undefined : value;
  }

  #list(key: string): readonly Json[] {
    const value = this.#member(key);
    if (value === undefined) return [];
    if (!isJsonList(value)) throw new WebhookPayloadError(this.pathOf(key), 'is not a list');
    return value;
  }

  #missing(key: string): never {
    throw new WebhookPayloadError(this.pathOf(key), 'is missing');
  }
}

function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}
