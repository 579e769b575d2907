import type { Clock } from '../base/clock.ts';
import type { Forge } from '../forge/forge.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';

/** Contexts that are brought to one credential at a time: a slow or limited host must not hold all workers. */
export const turnsMax = 4;

/** The right to talk to a host now; to be given back. */
export interface Turn {
  leave(): void;
}

interface Queue {
  active: number;
  /** Monotonic. */
  pausedUntilMs: number;
  /** Keys by their text, in the order in which they came: each waits once. */
  readonly waiting: Map<string, ObjectKey>;
}

/**
 * Who may talk to which host now. A key that has to wait is told when it is its turn, which is kept for it until its next
 * reconcile. In memory only: a process that begins anew asks the hosts again.
 */
export class ForgeTurns {
  readonly #clock: Clock;
  readonly #again: (key: ObjectKey) => void;
  readonly #queues = new WeakMap<Forge, Queue>();
  readonly #kept = new Map<string, Turn>();

  constructor(clock: Clock, again: (key: ObjectKey) => void) {
    this.#clock = clock;
    this.#again = again;
  }

  /** The turn that was kept for `key`, if it had to wait for one. */
  claim(key: ObjectKey): Turn | undefined {
    const kept = this.#kept.get(keyText(key));
    this.#kept.delete(keyText(key));
    return kept;
  }

  /** A turn; undefined = `key` is told when it is its. */
  enter(forge: Forge, key: ObjectKey): Turn | undefined {
    const queue = this.#queueOf(forge);
    if (this.#isFree(queue)) return this.#turn(queue);
    queue.waiting.set(keyText(key), key);
    return undefined;
  }

  /** Nobody begins to talk to the host for `ms`. */
  pause(forge: Forge, ms: number): void {
    const queue = this.#queueOf(forge);
    queue.pausedUntilMs = Math.max(queue.pausedUntilMs, this.#clock.monotonicMs() + ms);
    this.#clock.schedule(ms, () => this.#admit(queue));
  }

  #turn(queue: Queue): Turn {
    queue.active++;
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        queue.active--;
        this.#admit(queue);
      },
    };
  }

  /** Gives free turns to those who wait. */
  #admit(queue: Queue): void {
    for (const [text, key] of queue.waiting) {
      if (!this.#isFree(queue)) return;
      queue.waiting.delete(text);
      this.#kept.set(text, this.#turn(queue));
      this.#again(key);
    }
  }

  #isFree(queue: Queue): boolean {
    return queue.active < turnsMax && this.#clock.monotonicMs() >= queue.pausedUntilMs;
  }

  #queueOf(forge: Forge): Queue {
    const known = this.#queues.get(forge);
    if (known !== undefined) return known;
    const queue: Queue = { active: 0, pausedUntilMs: Number.NEGATIVE_INFINITY, waiting: new Map() };
    this.#queues.set(forge, queue);
    return queue;
  }
}
