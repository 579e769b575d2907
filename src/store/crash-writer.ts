/**
 * A program for the crash test: writes to the store in its directory until it is killed, and says on standard output what
 * it knows: `did <revision> <key> <put|delete>` before a change can reach the disk, `acked <revision>` once everything up
 * to there is durable. Lines go out with one system call each, so a line is whole or absent.
 */
import { writeSync } from 'node:fs';
import { seededRandom } from '../base/random.ts';
import { systemClock } from '../base/system-clock.ts';
import { textOf } from './crash-value.ts';
import { openSqliteStore } from './sqlite-store.ts';

const [directory = '', seed = '1'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const store = openSqliteStore({ directory, clock: systemClock, historyRevisionsMax: 200 });

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Changes one key at random. */
function change(): void {
  const key = `crash/${random.integer(0, 30)}`;
  if (store.get(key) !== undefined && random.integer(0, 9) === 0) {
    store.delete(key, undefined);
    return say(`did ${store.revision()} ${key} delete`);
  }
  const length = random.integer(0, 40) === 0 ? random.integer(0, 200_000) : random.integer(0, 5_000);
  store.put(key, undefined, (revision) => ({ revision, length, text: textOf(revision, length) }));
  say(`did ${store.revision()} ${key} put`);
}

for (;;) {
  for (let count = random.integer(1, 20); count > 0; count--) change();
  const revision = store.revision();
  // Sometimes nobody waits: what follows is then committed while the disk is busy.
  const acknowledged = store.durable().then(() => say(`acked ${revision}`));
  if (random.integer(0, 3) > 0) await acknowledged;
  else await new Promise((resolve) => void setImmediate(resolve));
}
