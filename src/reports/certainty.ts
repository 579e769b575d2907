/**
 * Of which contexts this process knows what the host shows: because it made them, or was answered. Of all others a post may
 * have been carried out without anybody having stored it, by this process or one before it: they are read before the next.
 */
export class Certainty {
  readonly #known = new Set<string>();

  isKnown(uid: string): boolean {
    return this.#known.has(uid);
  }

  trust(uid: string): void {
    this.#known.add(uid);
  }

  doubt(uid: string): void {
    this.#known.delete(uid);
  }
}
