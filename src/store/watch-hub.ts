import { BoundedChannel } from '../base/bounded-channel.ts';
import type { StoreEvent, StoreKey, StoreWatch } from './store.ts';
import { RevisionGoneError } from './store.ts';

/** Options of one watcher. */
export interface WatcherOptions {
  readonly prefix: StoreKey;
  /** The watcher sees events behind this revision. */
  readonly fromRevision: number;
  /** Events of the past, to be shown before live ones. */
  readonly backlog: readonly StoreEvent[];
}

/**
 * Hands each event to the watchers of its key.
 *
 * Watchers stand under the folder of their prefix (its part up to the last `/`), and an event looks into the folders of
 * its key only: watchers of other kinds and other namespaces cost it nothing.
 */
export class WatchHub {
  readonly #folders = new Map<string, Set<Watcher>>();
  readonly #queueEventsMax: number;

  /** `queueEventsMax` is how many live events may wait for a watcher before it is cut off. */
  constructor(options: { queueEventsMax: number }) {
    this.#queueEventsMax = options.queueEventsMax;
  }

  /** A watcher that is told every event published from now on. */
  add(options: WatcherOptions): StoreWatch {
    const folder = options.prefix.slice(0, options.prefix.lastIndexOf('/') + 1);
    const watcher = new Watcher({
      ...options,
      queueEventsMax: this.#queueEventsMax,
      onEnd: () => this.#remove(folder, watcher),
    });
    const watchers = this.#folders.get(folder);
    if (watchers) watchers.add(watcher);
    else this.#folders.set(folder, new Set([watcher]));
    return watcher;
  }

  publish(event: StoreEvent): void {
    const { key } = event;
    for (let end = 0; ;) {
      const watchers = this.#folders.get(key.slice(0, end));
      if (watchers) for (const watcher of watchers) watcher.offer(event);
      const slash = key.indexOf('/', end);
      if (slash < 0) return;
      end = slash + 1;
    }
  }

  /** Ends every watch: with `error`, or quietly behind what it was already told. */
  endAll(error?: Error): void {
    for (const watchers of [...this.#folders.values()]) {
      for (const watcher of [...watchers]) watcher.end(error);
    }
  }

  #remove(folder: string, watcher: Watcher): void {
    const watchers = this.#folders.get(folder);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#folders.delete(folder);
  }
}

class Watcher implements StoreWatch {
  readonly events: AsyncIterable<StoreEvent>;
  readonly #prefix: StoreKey;
  readonly #onEnd: () => void;
  readonly #live: BoundedChannel<StoreEvent>;
  /** The last revision that was offered: where the watcher stands when it is cut off. */
  #revision: number;
  #closed = false;

  constructor(options: WatcherOptions & { queueEventsMax: number; onEnd: () => void }) {
    this.#prefix = options.prefix;
    this.#revision = options.fromRevision;
    this.#onEnd = options.onEnd;
    this.#live = new BoundedChannel({ limit: options.queueEventsMax, onClose: options.onEnd });
    this.events = this.#iterate(options.backlog);
  }

  offer(event: StoreEvent): void {
    // A watch may start behind writes that are not published yet; those are not news to it.
    if (event.revision <= this.#revision || !event.key.startsWith(this.#prefix)) return;
    if (!this.#live.push(event)) this.end(new RevisionGoneError(this.#revision, event.revision));
    this.#revision = event.revision;
  }

  end(error?: Error): void {
    this.#onEnd();
    if (error) this.#live.fail(error);
    else this.#live.end();
  }

  close(): void {
    this.#closed = true;
    this.end();
  }

  async *#iterate(backlog: readonly StoreEvent[]): AsyncGenerator<StoreEvent, void, undefined> {
    try {
      for (const event of backlog) {
        if (this.#closed) return;
        yield event;
      }
      for await (const event of this.#live) {
        if (this.#closed) return;
        yield event;
      }
    } finally {
      this.#onEnd();
    }
  }
}
