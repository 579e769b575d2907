import { mkdirSync, readdirSync, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError, isTransientApiError } from '../../kube/api-error.ts';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { backoffDelayMs, reconcileBackoff } from '../../base/backoff.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ObservedLister } from '../../controller/contract.ts';

/** What {@link ClaimBinder} is made of. */
export interface ClaimBinderParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Claims get `<directory>/<namespace>/<uid>`; '' = none is made. */
  readonly directory: string;
  /** Claims (`namespace/name`) that are directories of the user's: bound to them, and never deleted. */
  readonly claimDirectories: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/** Binds every PersistentVolumeClaim to a local directory, and deletes the directory when the claim goes. */
export class ClaimBinder {
  readonly #parts: ClaimBinderParts;

  constructor(parts: ClaimBinderParts) {
    this.#parts = parts;
  }

  /** Follows the claims of `lister`. */
  register(lister: ObservedLister<PersistentVolumeClaim>): void {
    lister.addHandler({
      added: (claim) => this.#observe(claim),
      updated: (_previous, claim) => this.#observe(claim),
      deleted: (claim) => void this.#remove(claim),
    });
  }

  /** The host directory of a claim. */
  directoryOf(claim: PersistentVolumeClaim): string {
    const given = this.#parts.claimDirectories.get(keyText(keyOf(claim)));
    return given ?? join(this.#parts.directory, claim.metadata.namespace ?? '', claim.metadata.uid ?? '');
  }

  /** Deletes directories of claims that went while no agent ran. `lister` must have synced. */
  async sweep(lister: ObservedLister<PersistentVolumeClaim>): Promise<void> {
    const { directory } = this.#parts;
    if (directory === '' || !existsSync(directory)) return;
    for (const namespace of readdirSync(directory)) {
      const live = new Set(lister.list(namespace).map((claim) => claim.metadata.uid));
      const dead = readdirSync(join(directory, namespace)).filter((uid) => !live.has(uid));
      for (const uid of dead) await rm(join(directory, namespace, uid), { recursive: true, force: true });
    }
  }

  #observe(claim: PersistentVolumeClaim): void {
    if (claim.status?.phase === 'Bound' || claim.metadata.deletionTimestamp !== undefined) return;
    void this.#bind(claim);
  }

  async #bind(claim: PersistentVolumeClaim): Promise<void> {
    const { client, clock, random, logger, signal } = this.#parts;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        if (this.#parts.directory !== '') mkdirSync(this.directoryOf(claim), { recursive: true });
        const patch = { metadata: { uid: claim.metadata.uid }, status: boundStatus(claim) } as unknown as JsonObject;
        await client.patch(persistentVolumeClaims, keyOf(claim), patch, { type: 'merge', subresource: 'status' });
        return;
      } catch (error) {
        if (isApiError(error, 'NotFound')) return;
        logger.warn('a claim could not be bound', { claim: keyText(keyOf(claim)), attempt, error });
        // A refusal comes again until the claim changes, and then we are told of the change.
        if (!isTransientApiError(error)) return;
      }
      await sleep(clock, backoffDelayMs(reconcileBackoff, attempt, random), signal).catch(() => undefined);
    }
  }

  async #remove(claim: PersistentVolumeClaim): Promise<void> {
    const { directory, claimDirectories, logger } = this.#parts;
    if (directory === '' || claimDirectories.has(keyText(keyOf(claim)))) return;
    try {
      await rm(this.directoryOf(claim), { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      logger.error('the directory of a deleted claim could not be removed', { claim: keyText(keyOf(claim)), error });
    }
  }
}

function boundStatus(claim: PersistentVolumeClaim): JsonObject {
  const { accessModes, resources } = claim.spec ?? {};
  const requests = isJsonObject(resources) ? resources['requests'] : undefined;
  return {
    phase: 'Bound',
    ...(Array.isArray(accessModes) ? { accessModes } : {}),
    ...(isJsonObject(requests) ? { capacity: requests } : {}),
  };
}
