import { BoundedChannel, ChannelOverflowError } from '../../base/bounded-channel.ts';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiRequest, RawWatchEvent } from '../../kube/transport.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { RevisionGoneError } from '../../store/store.ts';
import type { Store, StoreWatch } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { booleanParameter, integerParameter, revisionParameter } from '../query-options.ts';
import { listObjects } from '../read/list-objects.ts';
import { representEvent } from '../read/representation.ts';
import type { Representation } from '../read/representation.ts';
import type { ObjectSelection } from '../read/selection.ts';
import { badRequest, expired } from '../status-errors.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { bookmark, errorEvent, watchEvent, watchEventOf } from './watch-events.ts';

/** Events that may wait for a slow watcher before it is cut off. */
export const watchBacklogMax = 16_384;

/** Watches that may be open at once. */
export const watchesMax = 10_000;

/** Milliseconds between two bookmarks. */
export const bookmarkIntervalMs = 60_000;

/** A watch, as asked for. */
export interface WatchRequest {
  readonly kind: KindDefinition;
  readonly selection: ObjectSelection;
  readonly representation: Representation;
  readonly query: ApiRequest['query'];
  readonly signal?: AbortSignal;
}

interface WatchStart {
  /** Objects to tell first, as ADDED. */
  readonly initial: readonly RawWatchEvent[];
  readonly fromRevision: number;
}

/** The watches of one server, so that all can be ended when it stops. */
export class Watches {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #open = new Set<OpenWatch>();

  constructor({ store, clock, logger }: { store: Store; clock: Clock; logger: Logger }) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** How many watches are open. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Starts a watch. Changes from now on are kept for it even before anybody iterates. Throws for bad parameters; a
   * revision that is gone is the first event, as Kubernetes has it.
   */
  open(request: WatchRequest): AsyncIterable<RawWatchEvent> {
    if (this.#open.size >= watchesMax) throw tooManyWatches();
    const options = {
      timeoutMs: timeoutOf(request.query),
      bookmarks: booleanParameter(request.query, 'allowWatchBookmarks'),
    };
    let start: WatchStart;
    let source: StoreWatch;
    try {
      start = watchStart(this.#store, request, options.bookmarks);
      source = this.#store.watch(request.selection.prefix, start.fromRevision);
    } catch (thrown) {
      if (thrown instanceof RevisionGoneError) return oneEvent(errorEvent(goneError(thrown)));
      throw thrown;
    }
    const watch = new OpenWatch(request, source, start, {
      ...options,
      store: this.#store,
      clock: this.#clock,
      logger: this.#logger,
      onEnd: () => this.#open.delete(watch),
    });
    this.#open.add(watch);
    watch.start();
    return watch.events;
  }

  /** Ends all watches behind what they were told. */
  endAll(): void {
    for (const watch of [...this.#open]) watch.end();
  }

  /** Ends the watches of kinds that are gone or another version of themselves: their watchers ask again. */
  endUnless(isServed: (kind: KindDefinition) => boolean): void {
    for (const watch of [...this.#open]) if (!isServed(watch.kind)) watch.end();
  }
}

function tooManyWatches(): ApiStatusError {
  return new ApiStatusError('TooManyRequests', `${watchesMax} watches are open, which is the limit; try again later`, {
    details: { retryAfterSeconds: 1 },
  });
}

async function* oneEvent(event: RawWatchEvent): AsyncIterable<RawWatchEvent> {
  yield await Promise.resolve(event);
}

function timeoutOf(query: ApiRequest['query']): number | undefined {
  const seconds = integerParameter(query, 'timeoutSeconds');
  return seconds === undefined || seconds === 0 ? undefined : seconds * 1000;
}

function goneError(gone: RevisionGoneError): ApiStatusError {
  return expired(`too old resource version: ${gone.message}`);
}

/** What the watcher is told first, and from where on changes. */
function watchStart(store: Store, { kind, selection, query }: WatchRequest, bookmarks: boolean): WatchStart {
  const revision = revisionParameter(query);
  const sendInitial =
    query['sendInitialEvents'] === undefined ? undefined : booleanParameter(query, 'sendInitialEvents');
  if (sendInitial === undefined && query['resourceVersionMatch']) {
    throw badRequest('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  if (query['continue']) throw badRequest('continue is forbidden for watch');
  if (sendInitial !== undefined && query['resourceVersionMatch'] !== 'NotOlderThan') {
    throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (sendInitial === false && !revision) return { initial: [], fromRevision: store.revision() };
  if (sendInitial === false || (sendInitial === undefined && revision)) {
    return { initial: [], fromRevision: revision ?? 0 };
  }
  const page = listObjects(store, kind, selection, {});
  const initial = page.items.map((object) => watchEvent('ADDED', object));
  if (sendInitial && bookmarks) initial.push(bookmark(kind, page.revision, true));
  return { initial, fromRevision: page.revision };
}

interface OpenWatchOptions {
  readonly timeoutMs: number | undefined;
  readonly bookmarks: boolean;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEnd: () => void;
}

/** One watch that goes on. */
class OpenWatch {
  readonly events: AsyncIterable<RawWatchEvent>;
  readonly kind: KindDefinition;
  readonly #request: WatchRequest;
  readonly #source: StoreWatch;
  readonly #options: OpenWatchOptions;
  readonly #channel: BoundedChannel<RawWatchEvent>;
  #cancelTimeout: CancelTimer | undefined;
  #cancelBookmark: CancelTimer | undefined;
  /** The revision read at the bookmark before: everything up to it has long been published. */
  #settledRevision: number;
  #ended = false;

  constructor(request: WatchRequest, source: StoreWatch, start: WatchStart, options: OpenWatchOptions) {
    this.kind = request.kind;
    this.#request = request;
    this.#source = source;
    this.#options = options;
    this.#settledRevision = start.fromRevision;
    this.#channel = new BoundedChannel({
      limit: watchBacklogMax + start.initial.length,
      onClose: () => this.end(),
    });
    for (const event of start.initial) this.#tell(event);
    this.events = this.#iterate();
  }

  start(): void {
    const { signal } = this.#request;
    if (signal?.aborted) return this.end();
    signal?.addEventListener('abort', this.end, { once: true });
    this.#arm();
    void this.#pump();
  }

  readonly end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimeout?.();
    this.#cancelBookmark?.();
    this.#request.signal?.removeEventListener('abort', this.end);
    this.#source.close();
    this.#channel.end();
    this.#options.onEnd();
  };

  #arm(): void {
    const { clock, timeoutMs, bookmarks } = this.#options;
    if (timeoutMs !== undefined) this.#cancelTimeout = clock.schedule(timeoutMs, this.end);
    if (bookmarks) this.#scheduleBookmark();
  }

  #scheduleBookmark(): void {
    this.#cancelBookmark = this.#options.clock.schedule(bookmarkIntervalMs, () => {
      this.#tell(bookmark(this.#request.kind, this.#settledRevision));
      this.#settledRevision = this.#options.store.revision();
      if (!this.#ended) this.#scheduleBookmark();
    });
  }

  /** Moves changes from the store to the channel, so that timers can speak in between. Never rejects. */
  async #pump(): Promise<void> {
    const { kind, selection } = this.#request;
    try {
      for await (const change of this.#source.events) {
        const event = watchEventOf(kind, selection, change);
        if (event && !this.#tell(event)) break;
      }
    } catch (thrown) {
      if (thrown instanceof RevisionGoneError) this.#tell(errorEvent(goneError(thrown)));
      else this.#options.logger.error('a watch failed', { resource: kind.type.resource, error: errorText(thrown) });
    }
    this.end();
  }

  #tell(event: RawWatchEvent): boolean {
    const { kind, representation } = this.#request;
    return this.#channel.push(representEvent(kind, event, representation, this.#options.clock.now()));
  }

  async *#iterate(): AsyncIterable<RawWatchEvent> {
    try {
      for await (const event of this.#channel) yield event;
    } catch (thrown) {
      if (!(thrown instanceof ChannelOverflowError)) throw thrown;
      yield errorEvent(expired(`the watch fell more than ${watchBacklogMax} events behind; list again`));
    } finally {
      this.end();
    }
  }
}
