/** Bytes of protocol buffers, taken apart into numbered fields. */

/** A field: its number, and a number or bytes as the wire has it. */
export interface WireField {
  readonly number: number;
  /** Varints as signed 64-bit numbers; 64-bit floats already converted. */
  readonly value: bigint | number | Uint8Array;
}

/** Thrown for bytes that are no message. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError';
  readonly code = 'WIRE_FORMAT';
}

/** The fields of a message, in order. Throws {@link WireFormatError}. */
export function readFields(bytes: Uint8Array): readonly WireField[] {
  const reader = new Reader(bytes);
  const fields: WireField[] = [];
  while (!reader.atEnd()) fields.push(reader.field());
  return fields;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  field(): WireField {
    const tag = Number(this.#varint());
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        return { number, value: BigInt.asIntN(64, this.#varint()) };
      case 1: {
        const value = this.#view.getFloat64(this.#skip(8), true);
        return { number, value };
      }
      case 2: {
        const length = Number(this.#varint());
        const start = this.#skip(length);
        return { number, value: this.#bytes.subarray(start, start + length) };
      }
      case 5: {
        const value = this.#view.getFloat32(this.#skip(4), true);
        return { number, value };
      }
      default:
        throw new WireFormatError(`wire type ${tag % 8} at byte ${this.#at}`);
    }
  }

  /** Moves over `length` bytes; where they start. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new WireFormatError(`it ends within a field, at byte ${start}`);
    this.#at += length;
    return start;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#skip(1)] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new WireFormatError(`a number of more than ten bytes at byte ${this.#at}`);
  }
}
