import { fromRfc3339 } from '../base/clock.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';

/**
 * Of which contexts this process knows what the host shows: because it made them, or was answered. Of all others a post may
 * have been carried out without anybody having stored it, by this process or one before it: they are read before the next.
 */
export class Certainty {
  /** Of what is older nobody knows whether it was shown before. */
  readonly #startMs: number;
  readonly #known = new Set<string>();
  readonly #shownBefore = new Set<string>();

  constructor(startMs: number) {
    // Whole seconds, as the API has.
    this.#startMs = Math.floor(startMs / 1000) * 1000;
  }

  isKnown(uid: string): boolean {
    return this.#known.has(uid);
  }

  trust(uid: string): void {
    this.#known.add(uid);
  }

  doubt(uid: string): void {
    this.#known.delete(uid);
  }

  /** A CommitStatus was made, about something that is there `since`: nothing of it has been posted if that is new too. */
  made(key: ObjectKey, uid: string, since: string | undefined): void {
    const isNew = (fromRfc3339(since) ?? 0) >= this.#startMs;
    if (!this.#shownBefore.delete(keyText(key)) && isNew) this.trust(uid);
  }

  /** A CommitStatus is gone; `isMadeAgain` = somebody deleted it while there is something to say. */
  gone(key: ObjectKey, uid: string, isMadeAgain: boolean): void {
    this.doubt(uid);
    if (isMadeAgain) this.#shownBefore.add(keyText(key));
  }
}
