/** What stands in a log in place of a secret. */
const replacement = '***';

/** Shorter values are not masked: they stand in too many ordinary words, and hide nothing. */
export const maskedLengthMin = 6;

/** Longer values are masked piece by piece: what is held back stays small. */
const pieceBytesMax: number = 4 * 1024;

/**
 * Replaces secret values in a stream of bytes, also where a value is cut by the chunks. Each line of a value with several
 * lines is a value. Encodings of a value (base64, URL) are other texts, and not found.
 */
export class SecretMask {
  readonly #pattern: RegExp | undefined;
  /** One less than the longest value: what may be the beginning of one. */
  readonly #heldMax: number;
  #held = '';

  constructor(secrets: readonly string[]) {
    // Bytes are compared as latin1 text, in which every byte is one character.
    const values = [...new Set(secrets.flatMap((secret) => secret.split(/\r?\n/)).map((line) => line.trim()))]
      .flatMap((line) => piecesOf(Buffer.from(line).toString('latin1')))
      .filter((line) => line.length >= maskedLengthMin)
      .sort((a, b) => b.length - a.length);
    this.#heldMax = (values[0]?.length ?? 1) - 1;
    this.#pattern =
      values.length === 0 ? undefined : new RegExp(values.map((value) => RegExp.escape(value)).join('|'), 'g');
  }

  /** The masked bytes that may be written now; the last few are held back until more comes or {@link flush}. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#pattern === undefined) return chunk;
    const text = this.#held + Buffer.from(chunk).toString('latin1');
    // No value spans a line: what is before the last line end is complete.
    const lineStart = text.lastIndexOf('\n') + 1;
    const complete = Math.max(lineStart, this.#safeEnd(text));
    this.#held = text.slice(complete);
    return Buffer.from(text.slice(0, complete).replaceAll(this.#pattern, replacement), 'latin1');
  }

  /** What was held back. */
  flush(): Uint8Array {
    const rest = this.#held;
    this.#held = '';
    return Buffer.from(this.#pattern === undefined ? rest : rest.replaceAll(this.#pattern, replacement), 'latin1');
  }

  /** How far the text may be written: not into what may become a value, and not into the middle of one. */
  #safeEnd(text: string): number {
    let end = Math.max(0, text.length - this.#heldMax);
    for (const match of text.matchAll(this.#pattern ?? /$^/g)) {
      if (match.index < end && match.index + match[0].length > end) end = match.index + match[0].length;
    }
    return end;
  }
}

function piecesOf(value: string): readonly string[] {
  const count = Math.max(1, Math.ceil(value.length / pieceBytesMax));
  return Array.from({ length: count }, (_, index) => value.slice(index * pieceBytesMax, (index + 1) * pieceBytesMax));
}
