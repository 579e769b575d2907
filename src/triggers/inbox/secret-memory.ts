import type { Clock } from '../../base/clock.ts';
import type { ReadSecret } from '../../forge/access/access-of.ts';

/** A secret that was read is used for so long, in milliseconds. One that is revoked counts for no longer. */
export const secretMemoryMs = 60_000;
/** What is not found or does not match is asked for again after so long, in milliseconds: a new secret works soon. */
export const secretRereadMs = 5_000;
/** Most secrets that are remembered. */
export const rememberedSecretsMax = 5_000;

/** Where a secret is. */
export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

interface Remembered {
  readonly value: string | undefined;
  readonly readMs: number;
}

/** Secrets as they were read lately, so that a webhook does not cost a call for each secret there is. */
export class SecretMemory {
  readonly #read: ReadSecret;
  readonly #clock: Clock;
  readonly #known = new Map<string, Remembered>();

  constructor(options: { readonly readSecret: ReadSecret; readonly clock: Clock }) {
    this.#read = options.readSecret;
    this.#clock = options.clock;
  }

  /** The value, if it is remembered; undefined also when there was none. */
  remembered(place: SecretPlace): string | undefined {
    return this.#fresh(place, secretMemoryMs)?.value;
  }

  /** The value as it is now, or was a moment ago; undefined = no such Secret or key, or an empty one. Rejects as the API does. */
  async current(place: SecretPlace): Promise<string | undefined> {
    const known = this.#fresh(place, secretRereadMs);
    if (known !== undefined) return known.value;
    const value = (await this.#read(place.namespace, place.name, place.key))?.trim();
    return this.#remember(place, value === '' ? undefined : value);
  }

  #fresh(place: SecretPlace, memoryMs: number): Remembered | undefined {
    const known = this.#known.get(textOf(place));
    return known !== undefined && this.#clock.monotonicMs() - known.readMs < memoryMs ? known : undefined;
  }

  #remember(place: SecretPlace, value: string | undefined): string | undefined {
    // The one that was written first goes first; it is read again when it is wanted.
    const oldest = this.#known.size >= rememberedSecretsMax ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.delete(textOf(place));
    this.#known.set(textOf(place), { value, readMs: this.#clock.monotonicMs() });
    return value;
  }
}

/** Fit for a key of a map. */
export function textOf({ namespace, name, key }: SecretPlace): string {
  return `${namespace}/${name}/${key}`;
}
