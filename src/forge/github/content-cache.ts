/** Most bytes of file contents that are kept. */
const keptBytesMax: number = 16 * 1024 * 1024;

/** Contents of files by the name git gives them: they never change, so a `.tekton` that did not change costs no calls. */
export class BlobCache {
  readonly #kept = new Map<string, string>();
  #bytes = 0;

  /** The content of a file that was asked for on behalf of this project before. */
  get(project: string, sha: string): string | undefined {
    const key = `${project} ${sha}`;
    const text = this.#kept.get(key);
    if (text === undefined) return undefined;
    // Kept in order of use.
    this.#kept.delete(key);
    this.#kept.set(key, text);
    return text;
  }

  set(project: string, sha: string, text: string): void {
    const key = `${project} ${sha}`;
    if (this.#kept.has(key)) return;
    this.#kept.set(key, text);
    this.#bytes += text.length;
    for (const [oldest, content] of this.#kept) {
      if (this.#bytes <= keptBytesMax) return;
      this.#kept.delete(oldest);
      this.#bytes -= content.length;
    }
  }
}
