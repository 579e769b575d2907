/** Longest line that is passed on whole, in UTF-16 code units; a longer one is cut into several. */
export const lineLengthMax = 65_536;

/** Cuts a stream of bytes into lines of text. Characters and lines may be spread over chunks in any way. */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8');
  #rest = '';

  /** The lines that `chunk` completes. */
  push(chunk: Uint8Array): readonly string[] {
    return this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** What is left when the stream ends. */
  end(): readonly string[] {
    const lines = this.#take(this.#decoder.decode());
    const last = this.#rest;
    this.#rest = '';
    return last === '' ? lines : [...lines, last];
  }

  #take(text: string): readonly string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    while (this.#rest.length > lineLengthMax) {
      lines.push(this.#rest.slice(0, lineLengthMax));
      this.#rest = this.#rest.slice(lineLengthMax);
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }
}
