/** A process that can die: all that goes out of it passes here, and from one moment on nothing does any more. */
import type { ApiResponse, RawWatchEvent, Transport } from '../../../src/kube/transport.ts';
import type { FetchLike } from '../../../src/net/outgoing-fetch.ts';

/** Something that has passed, or is about to: a call to the API or to a Git host that may change something. */
export interface Boundary {
  readonly what: string;
  /** `before`: it has not been sent. `after`: it has been carried out, and the answer is not known yet. */
  readonly side: 'before' | 'after';
}

/** Never settles: who waits for it is dead. */
const silence = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * The ways out of one process. It dies as SIGKILL would have it: at a boundary, between two instructions, with nothing said
 * to anybody. What it had waited for never comes.
 */
export class Mortal {
  /** All that was passed, in order. */
  readonly boundaries: Boundary[] = [];
  #dead = false;
  readonly #diesAt: number;
  readonly #died: () => void;
  #underWay = 0;
  /** Resolves when it is dead. */
  readonly whenDead: Promise<undefined>;
  #tellDeath: () => void = () => undefined;

  /** Dies at the boundary number `diesAt`, from 0; then `died` is called. */
  constructor(diesAt: number = Number.POSITIVE_INFINITY, died: () => void = () => undefined) {
    this.#diesAt = diesAt;
    this.#died = died;
    this.whenDead = new Promise((resolve) => {
      this.#tellDeath = () => resolve(undefined);
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Requests to hosts that are under way: while there are any, virtual time has to wait for them. */
  get underWay(): number {
    return this.#dead ? 0 : this.#underWay;
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#tellDeath();
    this.#died();
  }

  /** The API, as this process reaches it. */
  transport(inner: Transport): Transport {
    return async (request) => {
      const changes = request.method !== 'GET';
      const what = `${request.method} ${request.path}`;
      if (this.#dead || (changes && this.#pass(what, 'before'))) return silence();
      const response = await inner(request);
      if (this.#dead || (changes && this.#pass(what, 'after'))) return silence();
      return this.#watched(response);
    };
  }

  /** A Git host, as this process reaches it. */
  fetch(inner: FetchLike): FetchLike {
    return async (input, init) => {
      const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
      const what = `${method} ${input instanceof Request ? input.url : String(input)}`;
      const changes = method !== 'GET';
      if (this.#dead || (changes && this.#pass(what, 'before'))) return silence();
      this.#underWay++;
      try {
        const response = await inner(input, init);
        // The whole answer: what follows is this process's own work, and costs no time.
        const body = await response.arrayBuffer();
        if (this.#dead || (changes && this.#pass(what, 'after'))) return await silence();
        const { status, statusText, headers } = response;
        return new Response([204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
      } finally {
        this.#underWay--;
      }
    };
  }

  /** Whether it dies here. */
  #pass(what: string, side: Boundary['side']): boolean {
    this.boundaries.push({ what, side });
    if (this.boundaries.length <= this.#diesAt) return false;
    this.die();
    return true;
  }

  #watched(response: ApiResponse): ApiResponse {
    if (response.body.kind !== 'watch') return response;
    return { ...response, body: { kind: 'watch', events: this.#whileAlive(response.body.events) } };
  }

  async *#whileAlive(events: AsyncIterable<RawWatchEvent>): AsyncGenerator<RawWatchEvent> {
    for await (const event of events) {
      if (this.#dead) await silence();
      yield event;
    }
  }
}
