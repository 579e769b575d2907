/** What a project's contents may be kept as, and how much of it. */
export interface ContentCacheOptions<T> {
  /** Most of all sizes together; what was not used for longest goes first. */
  readonly sizeMax: number;
  readonly sizeOf: (content: T) => number;
}

/** Contents by the name git gives them: they never change, so a `.tekton` that did not change costs no calls. */
export class ContentCache<T> {
  readonly #options: ContentCacheOptions<T>;
  readonly #kept = new Map<string, T>();
  #size = 0;

  constructor(options: ContentCacheOptions<T>) {
    this.#options = options;
  }

  /** What was asked for on behalf of this project before. */
  get(project: string, sha: string): T | undefined {
    const key = `${project} ${sha}`;
    const content = this.#kept.get(key);
    if (content === undefined) return undefined;
    // Kept in order of use.
    this.#kept.delete(key);
    this.#kept.set(key, content);
    return content;
  }

  set(project: string, sha: string, content: T): void {
    const key = `${project} ${sha}`;
    if (this.#kept.has(key)) return;
    this.#kept.set(key, content);
    this.#size += this.#options.sizeOf(content);
    for (const [oldest, old] of this.#kept) {
      if (this.#size <= this.#options.sizeMax) return;
      this.#kept.delete(oldest);
      this.#size -= this.#options.sizeOf(old);
    }
  }
}
