import { seededRandom } from '../../../src/base/random.ts';
import type { VirtualClock } from '../../../src/base/virtual-clock.ts';
import type { ForgeAccess } from '../../../src/forge/forge-directory.ts';
import type { Forge } from '../../../src/forge/forge.ts';
import { openForges } from '../../../src/forge/open-forges.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';

/** A forge over real connections, under a clock that moves only when told to. */
export interface OpenedForge extends Disposable {
  readonly forge: Forge;
}

export function openForge(access: ForgeAccess, clock: VirtualClock): OpenedForge {
  const forges = openForges({ clock, random: seededRandom(1), logger: silentLogger });
  return { forge: forges.open(access), [Symbol.dispose]: () => forges.close() };
}

/** Turns of the event loop that are given to real connections before virtual time moves on. */
const turnsPerStep = 200;
const stepMs = 500;

/** Waits for a call that waits for time itself: moves the clock on, slowly enough for connections to keep up. */
export async function settledInTime<T>(clock: VirtualClock, call: Promise<T>): Promise<PromiseSettledResult<T>> {
  const progress = { settled: false };
  const result = Promise.allSettled([call]).then(([only]) => {
    progress.settled = true;
    return only;
  });
  while (!progress.settled) {
    for (let turn = 0; turn < turnsPerStep && !progress.settled; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!progress.settled) await clock.advance(stepMs);
  }
  return result;
}
