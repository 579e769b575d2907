import { ConnectionError } from './connection-error.ts';

const newline = 0x0a;

/**
 * The lines of a stream of bytes, as UTF-8 text without their ends; empty lines are left out. Lines may lie in any number of
 * chunks, cut anywhere. Throws {@link ConnectionError} when a line is longer than `bytesMax`, or when the stream ends within
 * one: what was cut off must not pass for whole.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<string> {
  const line = new LineBuffer(bytesMax);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const text = line.end(chunk.subarray(start, end));
      start = end + 1;
      if (text !== '') yield text;
    }
    line.append(chunk.subarray(start));
  }
  if (line.size > 0) throw new ConnectionError('NET_CONNECTION', 'the stream ended within a line');
}

/** The parts of a line that has not ended; joined once, so that a long line costs no more than its length. */
class LineBuffer {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  append(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#bytesMax) {
      throw new ConnectionError('NET_TOO_LARGE', `a line of the stream is longer than ${this.#bytesMax} bytes`);
    }
    this.#parts.push(part);
  }

  /** Ends the line with its last part; returns its text. */
  end(part: Uint8Array): string {
    this.append(part);
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#size);
    this.#parts = [];
    this.#size = 0;
    const text = bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
