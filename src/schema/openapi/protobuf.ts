/** Writing protocol buffers: just what one document needs. */

/** A message under construction: pieces in order and their length in bytes. */
export class MessageWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** Adds a string; an absent one is not written. */
  text(field: number, value: string | undefined): this {
    return value === undefined ? this : this.#delimited(field, encoder.encode(value));
  }

  /** Adds a message; an absent one is not written. */
  message(field: number, value: MessageWriter | undefined): this {
    return value === undefined ? this : this.#delimited(field, value.bytes());
  }

  /** Adds `true`; false and absent are the default and not written. */
  flag(field: number, value: boolean | undefined): this {
    return value ? this.#varint(field * 8).#varint(1) : this;
  }

  /** Adds a whole number from 0 on; absent is not written. */
  integer(field: number, value: number | undefined): this {
    return value === undefined ? this : this.#varint(field * 8).#varint(value);
  }

  /** Adds a floating point number; absent is not written. */
  double(field: number, value: number | undefined): this {
    if (value === undefined) return this;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#varint(field * 8 + 1).#append(bytes);
  }

  /** The message so far. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, offset);
      offset += piece.length;
    }
    return bytes;
  }

  #delimited(field: number, bytes: Uint8Array): this {
    return this.#varint(field * 8 + 2)
      .#varint(bytes.length)
      .#append(bytes);
  }

  #varint(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 128) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
    return this.#append(Uint8Array.from(bytes));
  }

  #append(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    return this;
  }
}

const encoder = new TextEncoder();
