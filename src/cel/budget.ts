import { ExpressionError } from './expression-error.ts';
import { isPlainObject } from './value.ts';

/**
 * Most that one evaluation may spend. Each step costs one, and more for the size of what it gives: a few hundred for what
 * people write, tens of milliseconds at worst.
 */
export const evaluationCostMax = 300_000;
/** UTF-16 units of text, or bytes, that are copied in the time of one step; 32 of them count as an item of a list. */
const unitsCopiedPerStep = 256;
/** Most UTF-16 units of a text, and bytes, that a step may give. */
export const textLengthMax: number = 4 * 1024 * 1024;
/** Most items of a list or entries of a map that a step may give. */
export const itemsMax = 20_000;

/** Most UTF-16 units, items and entries of what an expression gives, together. */
export const resultSizeMax: number = 1024 * 1024;

/** What is left to spend in one evaluation. Once it is spent every further step fails, also where errors are absorbed. */
export class Budget {
  #left: number;
  #exceeded: ExpressionError | undefined;
  readonly #message: string;

  constructor(costMax: number = evaluationCostMax, message = 'the expression takes too many steps') {
    this.#left = costMax;
    this.#message = message;
  }

  /** What stopped the evaluation; an expression that absorbs errors (`… || true`) does not absorb this. */
  get exceeded(): ExpressionError | undefined {
    return this.#exceeded;
  }

  /** Throws `CEL_TOO_COSTLY` if there is not that much left. */
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) this.refuse(this.#message);
  }

  /** Spends what a value that a step gave costs to keep: more, the fewer `unitsPerStep` one step may copy. */
  spendOn(value: unknown, unitsPerStep: number = unitsCopiedPerStep): void {
    if (typeof value === 'string') return this.#spendOnSize(value.length, textLengthMax, unitsPerStep, 'a text');
    if (typeof value !== 'object' || value === null) return this.spend(1);
    if (value instanceof Uint8Array) return this.#spendOnSize(value.length, textLengthMax, unitsPerStep, 'bytes');
    const perStep = Math.ceil(unitsPerStep / 32);
    if (Array.isArray(value)) return this.#spendOnSize(value.length, itemsMax, perStep, 'a list');
    if (isPlainObject(value)) return this.#spendOnSize(Object.keys(value).length, itemsMax, perStep, 'a map');
    return this.spend(1);
  }

  /** Spends on a value and all that is in it. */
  spendOnAll(root: unknown, unitsPerStep?: number): void {
    const open: unknown[] = [root];
    while (open.length > 0) {
      const value = open.pop();
      this.spendOn(value, unitsPerStep);
      if (Array.isArray(value)) for (const item of value as readonly unknown[]) open.push(item);
      else if (isPlainObject(value)) for (const member of Object.values(value)) open.push(member);
    }
  }

  #spendOnSize(size: number, most: number, unitsPerStep: number, what: string): void {
    if (size > most) this.refuse(`the expression makes ${what} of more than ${most}`);
    this.spend(1 + Math.floor(size / unitsPerStep));
  }

  /** Ends the evaluation. */
  refuse(message: string): never {
    this.#exceeded ??= new ExpressionError(message, { code: 'CEL_TOO_COSTLY' });
    throw this.#exceeded;
  }
}
