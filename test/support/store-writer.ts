import { writeSync } from 'node:fs';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

/** The text that the writer stores at a revision: a torn or mixed-up value cannot equal it. */
export function textOf(revision: number, length: number): string {
  return `${revision};`.repeat(Math.ceil(length / 2)).slice(0, length);
}

/**
 * Writes to the store in `directory` until the process is killed, and says on standard output what it knows:
 * `did <revision> <key> <put|delete>` before a change can reach the disk, `acked <revision>` once everything up to there is
 * durable. Lines go out with one system call each, so a line is whole or absent.
 */
export async function writeUntilKilled(directory: string, seed: number): Promise<never> {
  const random = seededRandom(seed);
  const integer = (low: number, high: number): number => random.integer(low, high);
  const store = openSqliteStore({ directory, clock: systemClock, historyRevisionsMax: 200 });
  for (;;) {
    for (let count = integer(1, 20); count > 0; count--) change(store, integer);
    const revision = store.revision();
    // Sometimes nobody waits: what follows is then committed while the disk is busy.
    const acknowledged = store.durable().then(() => say(`acked ${revision}`));
    if (integer(0, 3) > 0) await acknowledged;
    else await new Promise((resolve) => void setImmediate(resolve));
  }
}

/** Changes one key at random. */
function change(store: Store, integer: (low: number, high: number) => number): void {
  const key = `crash/${integer(0, 30)}`;
  if (store.get(key) !== undefined && integer(0, 9) === 0) {
    store.delete(key, undefined);
    return say(`did ${store.revision()} ${key} delete`);
  }
  const length = integer(0, 40) === 0 ? integer(0, 200_000) : integer(0, 5_000);
  store.put(key, undefined, (revision) => ({ revision, length, text: textOf(revision, length) }));
  say(`did ${store.revision()} ${key} put`);
}

/** Writes a line before it returns, also when the reader is slow and the pipe is full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error;
    }
  }
}
