/** How far a listener has been told the store's changes, for those who must not act on less. */
export class ToldRevision {
  #revision = 0;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  /** Everything up to `revision` has been told. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    if (this.#waiting.length > 0) this.#wake(this.#revision);
  }

  /** Resolves once everything up to `revision` has been told, or when it never will be. */
  async reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return;
    await new Promise<void>((resolve) => this.#waiting.push({ revision, resolve }));
  }

  /** Nothing more will be told. */
  end(): void {
    this.#wake(Number.POSITIVE_INFINITY);
  }

  #wake(revision: number): void {
    const woken = this.#waiting.filter((waiter) => waiter.revision <= revision);
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of woken) resolve();
  }
}
