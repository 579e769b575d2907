/**
 * Items in order, with their places: insertion, removal and the place of an item by binary search. Moving what lies
 * behind is a memory copy, cheap for the tens of thousands that wait at most.
 */
export class SortedList<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  /** `compare` must be total: different items never compare as 0. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): T | undefined {
    return this.#items[index];
  }

  add(item: T): void {
    this.#items.splice(this.#place(item), 0, item);
  }

  /** Removes what compares equal; false when there is none. */
  remove(item: T): boolean {
    const place = this.indexOf(item);
    if (place === undefined) return false;
    this.#items.splice(place, 1);
    return true;
  }

  /** How many come before `item`; undefined when it is not there. */
  indexOf(item: T): number | undefined {
    const place = this.#place(item);
    const found = this.#items[place];
    return found !== undefined && this.#compare(found, item) === 0 ? place : undefined;
  }

  /** How many come before `item`, whether it is there or not. */
  countBefore(item: T): number {
    return this.#place(item);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]();
  }

  /** The first place whose item does not come before `item`. */
  #place(item: T): number {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#items[middle];
      if (candidate !== undefined && this.#compare(candidate, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
