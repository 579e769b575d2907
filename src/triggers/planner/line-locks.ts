/** Lets one piece of work at a time touch what has the same name; others wait in order of arrival. */
export class Locks {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` once everything that came before under `name` has ended, well or not. */
  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const result = before.then(work);
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(name, ended);
    try {
      return await result;
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name);
    }
  }
}
