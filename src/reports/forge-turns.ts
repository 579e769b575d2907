import type { Clock } from '../base/clock.ts';
import type { Forge } from '../forge/forge.ts';
import type { ObjectKey } from '../kube/object.ts';

/** Contexts that are brought to one credential at a time: a slow or limited host must not hold all workers. */
export const turnsMax = 4;

/** Whether a context may be brought to its host now. */
export type Turn =
  | { readonly kind: 'go'; readonly leave: () => void }
  /** Its key is added again when a turn comes free. */
  | { readonly kind: 'busy' }
  /** The host has asked for quiet, for so many milliseconds. */
  | { readonly kind: 'paused'; readonly ms: number };

interface Queue {
  active: number;
  /** Monotonic. */
  pausedUntilMs: number;
  /** Keys by their text: a key waits once. */
  readonly waiting: Map<string, ObjectKey>;
}

/** Who may talk to which host now. In memory only: a process that begins anew asks the hosts again. */
export class ForgeTurns {
  readonly #clock: Clock;
  readonly #again: (key: ObjectKey) => void;
  readonly #queues = new WeakMap<Forge, Queue>();

  constructor(clock: Clock, again: (key: ObjectKey) => void) {
    this.#clock = clock;
    this.#again = again;
  }

  enter(forge: Forge, key: ObjectKey): Turn {
    const queue = this.#queueOf(forge);
    const pauseMs = queue.pausedUntilMs - this.#clock.monotonicMs();
    if (pauseMs > 0) return { kind: 'paused', ms: pauseMs };
    if (queue.active >= turnsMax) {
      queue.waiting.set(`${key.namespace}/${key.name}`, key);
      return { kind: 'busy' };
    }
    queue.active++;
    return { kind: 'go', leave: () => this.#leave(queue) };
  }

  /** Nobody talks to the host for `ms`. */
  pause(forge: Forge, ms: number): void {
    const queue = this.#queueOf(forge);
    queue.pausedUntilMs = Math.max(queue.pausedUntilMs, this.#clock.monotonicMs() + ms);
  }

  #leave(queue: Queue): void {
    queue.active--;
    const [next] = queue.waiting;
    if (next === undefined) return;
    queue.waiting.delete(next[0]);
    this.#again(next[1]);
  }

  #queueOf(forge: Forge): Queue {
    const known = this.#queues.get(forge);
    if (known !== undefined) return known;
    const queue: Queue = { active: 0, pausedUntilMs: Number.NEGATIVE_INFINITY, waiting: new Map() };
    this.#queues.set(forge, queue);
    return queue;
  }
}
