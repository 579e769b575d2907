/**
 * A Kubernetes API of one kind in memory behind a {@link Transport}, for tests of caches: pages, versions, watches from a
 * version, bookmarks, and faults on demand. What it hands out is frozen. It only reads: objects are put in by the test.
 */
import { BoundedChannel } from '../base/bounded-channel.ts';
import { deepFreeze, type JsonObject } from '../base/json.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { keyText, type KubeObject, type ObjectKey } from '../kube/object.ts';
import { apiVersionOf, collectionPath, type ResourceType } from '../kube/resource.ts';
import type { ApiRequest, ApiResponse, RawWatchEvent, Transport } from '../kube/transport.ts';

/** Most events that wait for a watcher. */
const watchBacklogMax = 100_000;

interface LoggedEvent {
  readonly version: number;
  readonly event: RawWatchEvent;
}

/** Asked before each request is answered; throws what the request is to fail with. May wait. */
export type BeforeRequest = (request: ApiRequest, isWatch: boolean) => Promise<void> | void;

/** The stored objects of one kind, their history, and the watches that are open. */
export class MemoryTransport<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Fault injection: called before each request is answered. */
  before: BeforeRequest = () => undefined;
  /** Fault injection: called after a request was answered, before the answer arrives; throws to lose it. */
  after: BeforeRequest = () => undefined;
  /** Requests that were answered, as `list`, `list-page` or `watch@VERSION`. */
  readonly requests: string[] = [];
  readonly #objects = new Map<string, T>();
  readonly #log: LoggedEvent[] = [];
  readonly #watches = new Set<BoundedChannel<RawWatchEvent>>();
  /** What lists show that have not been read to the end, by version. */
  readonly #snapshots = new Map<string, readonly T[]>();
  #version = 1;
  #uids = 0;
  #oldest = 1;

  constructor(type: ResourceType<T>) {
    this.type = type;
  }

  get version(): number {
    return this.#version;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** The stored objects by key text. */
  get content(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  handle: Transport = async (request) => {
    const isWatch = request.query['watch'] === 'true';
    await this.before(request, isWatch);
    if (request.signal?.aborted) throw new Error('the request was aborted');
    const answer = this.#answer(request, isWatch);
    await this.after(request, isWatch);
    return answer;
  };

  /** Creates or replaces the object of a key; `members` become part of it. */
  put(key: ObjectKey, members: JsonObject = {}): T {
    const previous = this.#objects.get(keyText(key));
    const object = deepFreeze({
      apiVersion: apiVersionOf(this.type),
      kind: this.type.kind,
      ...members,
      metadata: {
        ...(members['metadata'] as JsonObject | undefined),
        ...(key.namespace === '' ? {} : { namespace: key.namespace }),
        name: key.name,
        uid: previous?.metadata.uid ?? `uid-${++this.#uids}`,
        resourceVersion: String(++this.#version),
      },
    }) as unknown as T;
    this.#objects.set(keyText(key), object);
    this.#record(previous === undefined ? 'ADDED' : 'MODIFIED', object);
    return object;
  }

  /** Deletes the object of a key, if there is one. */
  remove(key: ObjectKey): void {
    const previous = this.#objects.get(keyText(key));
    if (previous === undefined) return;
    this.#objects.delete(keyText(key));
    const metadata = { ...previous.metadata, resourceVersion: String(++this.#version) };
    this.#record('DELETED', deepFreeze({ ...previous, metadata }));
  }

  /** Ends all watches as a server does whose time is over. */
  closeWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Breaks all watches: what was on its way is lost. */
  dropWatches(): void {
    for (const watch of this.#watches) watch.fail(new Error('connection lost'));
  }

  /** Sends an event to all watches, as a broken server does. */
  send(event: RawWatchEvent): void {
    for (const watch of this.#watches) watch.push(event);
  }

  /** Sends the last `count` events again. */
  repeat(count: number): void {
    for (const { event } of this.#log.slice(-count)) this.send(event);
  }

  /** Tells all watches of the newest version. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version) };
    this.send({ type: 'BOOKMARK', object: { kind: this.type.kind, apiVersion: apiVersionOf(this.type), metadata } });
  }

  /** Forgets the history: watches from before now are refused with 410, pages too. */
  compact(): void {
    this.#oldest = this.#version;
    this.#log.length = 0;
    this.#snapshots.clear();
  }

  /** Starts anew with an empty history, as an API does that lost its data. */
  reset(): void {
    this.dropWatches();
    this.#objects.clear();
    this.#version = 1;
    this.compact();
  }

  #record(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    const event: RawWatchEvent = deepFreeze({ type, object: object as unknown as JsonObject });
    this.#log.push({ version: this.#version, event });
    this.send(event);
  }

  #answer(request: ApiRequest, isWatch: boolean): ApiResponse {
    try {
      return isWatch ? this.#watch(request) : this.#list(request);
    } catch (thrown) {
      if (!(thrown instanceof ApiStatusError)) throw thrown;
      return { status: thrown.status, headers: {}, body: { kind: 'json', value: thrown.toStatus() } };
    }
  }

  /** Pages show the version of the first one, as those of a real API. */
  #list(request: ApiRequest): ApiResponse {
    const { limit, continue: token } = request.query;
    const [version = String(this.#version), startText = '0'] = token?.split('|') ?? [];
    const objects = token === undefined ? this.#snapshot(request) : this.#snapshots.get(version);
    if (objects === undefined) throw new ApiStatusError('Expired', 'the continue token is too old');
    this.requests.push(token === undefined ? 'list' : 'list-page');
    const start = Number(startText);
    const end = limit === undefined ? objects.length : start + Number(limit);
    const more = end < objects.length;
    if (more) this.#snapshots.set(version, objects);
    const metadata = { resourceVersion: version, ...(more && { continue: `${version}|${end}` }) };
    const items = objects.slice(start, end) as unknown as readonly JsonObject[];
    return {
      status: 200,
      headers: {},
      body: { kind: 'json', value: { apiVersion: 'v1', kind: 'List', metadata, items } },
    };
  }

  #snapshot(request: ApiRequest): readonly T[] {
    const namespace = this.#namespaceOf(request);
    const keys = [...this.#objects.keys()].filter((key) => inNamespace(key, namespace)).toSorted();
    return keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  #watch(request: ApiRequest): ApiResponse {
    const from = Number(request.query['resourceVersion'] ?? '0');
    this.requests.push(`watch@${from}`);
    if (from > this.#version) throw new ApiStatusError('Timeout', 'Too large resource version');
    const channel = new BoundedChannel<RawWatchEvent>({
      limit: watchBacklogMax,
      onClose: () => void this.#watches.delete(channel),
    });
    this.#watches.add(channel);
    if (from < this.#oldest)
      channel.push({ type: 'ERROR', object: new ApiStatusError('Expired', 'too old').toStatus() });
    for (const { version, event } of this.#log) if (version > from) channel.push(event);
    const release = (): void => {
      channel.end();
      this.#watches.delete(channel);
    };
    request.signal?.addEventListener('abort', release, { once: true });
    return { status: 200, headers: {}, body: { kind: 'watch', events: channel } };
  }

  #namespaceOf({ path }: ApiRequest): string | undefined {
    const all = collectionPath(this.type);
    if (path === all) return undefined;
    return /\/namespaces\/([^/]+)\//.exec(path)?.[1];
  }
}

function inNamespace(key: string, namespace: string | undefined): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`);
}
