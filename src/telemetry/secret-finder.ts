/** Where one of many values stands in a text, in one pass that skips most of it (after Wu and Manber, 1994). */

/** Values begin with so many characters by which they are looked for; none is shorter. */
export const findableLengthMin = 6;

/** A place in a text that holds a value. */
export interface Finding {
  readonly start: number;
  readonly end: number;
}

/** Finds values in texts whose characters are bytes (latin1). Of values that begin at one place the longest is found. */
export class SecretFinder {
  /** Length of the longest value; 0 = there is none. */
  readonly longest: number;
  /** By two neighbouring characters: how far behind them the next value may begin to show, at the least. */
  readonly #skips: Uint8Array = new Uint8Array(256 * 256).fill(findableLengthMin - 1);
  /** By its first characters: the values, the longest first. */
  readonly #byHead = new Map<string, string[]>();

  /** Values that are too short to be found are left out. */
  constructor(values: Iterable<string>) {
    const found = [...new Set(values)].filter((value) => value.length >= findableLengthMin);
    for (const value of found.sort((a, b) => b.length - a.length)) this.#add(value);
    this.longest = found[0]?.length ?? 0;
  }

  #add(value: string): void {
    const head = value.slice(0, findableLengthMin);
    const sharing = this.#byHead.get(head);
    if (sharing !== undefined) return void sharing.push(value);
    this.#byHead.set(head, [value]);
    for (let last = 1; last < findableLengthMin; last++) {
      const pair = pairAt(head, last);
      this.#skips[pair] = Math.min(this.#skips[pair] ?? 0, findableLengthMin - 1 - last);
    }
  }

  /** The places, in order; none overlaps another. */
  find(text: string): readonly Finding[] {
    const findings: Finding[] = [];
    if (this.longest === 0) return findings;
    let last = findableLengthMin - 1;
    while (last < text.length) {
      const skip = this.#skips[pairAt(text, last)] ?? 0;
      const start = last - findableLengthMin + 1;
      const length = skip > 0 ? 0 : this.#lengthAt(text, start);
      if (length > 0) findings.push({ start, end: start + length });
      last += length > 0 ? length : Math.max(1, skip);
    }
    return findings;
  }

  #lengthAt(text: string, start: number): number {
    const values = this.#byHead.get(text.slice(start, start + findableLengthMin));
    return values?.find((value) => text.startsWith(value, start))?.length ?? 0;
  }
}

function pairAt(text: string, last: number): number {
  return ((text.charCodeAt(last - 1) & 0xff) << 8) | (text.charCodeAt(last) & 0xff);
}
