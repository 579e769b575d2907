/** For tests of elections: an API that holds one Lease, and processes that meet it over a bad network and are paused. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { deferred, type Deferred } from '../base/deferred.ts';
import { deepFreeze, isJsonObject, type JsonObject } from '../base/json.ts';
import type { VirtualClock } from '../base/virtual-clock.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';

/** An API server with room for one Lease, which guards its versions as a real one does. */
export class MemoryLeases {
  lease: JsonObject | undefined;
  /** Writes that were carried out. */
  writes = 0;
  #version = 0;

  readonly handle: Transport = (request) => Promise.resolve(this.#answer(request));

  /** Changes the lease as somebody else does. */
  put(members: JsonObject): void {
    const metadata = this.lease?.['metadata'];
    const known = isJsonObject(metadata) ? metadata : { namespace: 'ci', name: 'penstock' };
    this.lease = deepFreeze({ ...members, metadata: { ...known, resourceVersion: String(++this.#version) } });
  }

  #answer({ method, body }: ApiRequest): ApiResponse {
    try {
      if (method !== 'GET') this.#write(method, body as JsonObject);
      if (this.lease === undefined) throw new ApiStatusError('NotFound', 'no lease');
      return { status: 200, headers: {}, body: { kind: 'json', value: this.lease } };
    } catch (thrown) {
      if (!(thrown instanceof ApiStatusError)) throw thrown;
      return { status: thrown.status, headers: {}, body: { kind: 'json', value: thrown.toStatus() } };
    }
  }

  #write(method: string, body: JsonObject): void {
    if (method === 'POST' && this.lease !== undefined) throw new ApiStatusError('AlreadyExists', 'there is one');
    if (method === 'PUT') {
      if (this.lease === undefined) throw new ApiStatusError('NotFound', 'no lease');
      const versionOf = (object: JsonObject): unknown =>
        isJsonObject(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
      if (versionOf(body) !== versionOf(this.lease)) throw new ApiStatusError('Conflict', 'it has changed');
    }
    this.writes++;
    this.put(body);
  }
}

/**
 * A process as its machine sees it: a wall clock of its own, and pauses in which nothing of it runs although time goes on.
 * After a pause what fell due runs first, then what came from the network, as in Node's event loop.
 */
export class PausableProcess implements Clock {
  readonly #clock: VirtualClock;
  #wallOffsetMs = 0;
  #paused = false;
  readonly #due: (() => void)[] = [];
  readonly #arrived: Deferred<void>[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    let cancelled = false;
    const run = (): void => {
      if (!cancelled) action();
    };
    this.#clock.schedule(delayMs, () => {
      if (this.#paused) this.#due.push(run);
      else run();
    });
    return () => {
      cancelled = true;
    };
  }

  /** Sets the wall clock forward or back. */
  jump(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const run of this.#due.splice(0)) run();
    for (const { resolve } of this.#arrived.splice(0)) resolve();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Waits until the process runs. */
  async running(): Promise<void> {
    while (this.#paused) {
      const arrival = deferred<void>();
      this.#arrived.push(arrival);
      await arrival.promise;
    }
  }
}
