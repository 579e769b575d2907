import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { textOf } from './store-writer.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';

/** The test file that is also the program which writes. */
const writerProgram = join(import.meta.dirname, '../../src/store/crash.test.ts');

/** What a writer said in its life, which began with the keys of `base` at their revisions. */
interface Life {
  readonly base: ReadonlyMap<string, number>;
  readonly changes: { readonly revision: number; readonly key: string; readonly what: string }[];
  ackedRevision: number;
}

/** Runs the writer until it has said about `lines` lines, then kills it. */
async function writeAndDie(directory: string, lines: number, life: Life): Promise<void> {
  const seed = String(systemRandom.integer(1, 1_000_000));
  const writer = spawn(process.execPath, [writerProgram, 'write', directory, seed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(writer, 'exit');
  let left = lines;
  for await (const line of createInterface({ input: writer.stdout })) {
    hear(line, life);
    // Killed wherever it is now; what it said until then still comes.
    if (--left === 0) writer.kill('SIGKILL');
  }
  assert.deepEqual(await ended, [null, 'SIGKILL']);
}

function hear(line: string, life: Life): void {
  const [word, revisionText, key = '', what = ''] = line.split(' ');
  const revision = Number(revisionText);
  if (word === 'acked') life.ackedRevision = Math.max(life.ackedRevision, revision);
  else life.changes.push({ revision, key, what });
}

/** Whether the store holds exactly what the writer did up to some moment that is not before its last acknowledgement. */
function isMomentOf(life: Life, found: ReadonlyMap<string, number>): boolean {
  const state = new Map(life.base);
  const matches = (revision: number): boolean =>
    revision >= life.ackedRevision &&
    state.size === found.size &&
    [...state].every(([key, at]) => found.get(key) === at);
  if (matches(0)) return true;
  return life.changes.some(({ revision, key, what }) => {
    if (what === 'put') state.set(key, revision);
    else state.delete(key);
    return matches(revision);
  });
}

/** Opens the store, checks it against what the writer said, and returns what it holds. */
async function check(directory: string, life: Life): Promise<ReadonlyMap<string, number>> {
  const seenRevision = life.changes.at(-1)?.revision ?? 1;
  const store = openSqliteStore({ directory, clock: systemClock });
  assert.ok(store.revision() > seenRevision, 'no revision that anybody saw is used again');
  assert.throws(() => store.watch('', seenRevision), { code: 'REVISION_GONE' });
  const { items } = store.range('');
  for (const { key, value, modRevision } of items) {
    assert.equal(value['revision'], modRevision);
    assert.equal(value['text'], textOf(modRevision, Number(value['length'])), `${key} is torn`);
  }
  const found = new Map(items.map((stored) => [stored.key, stored.modRevision]));
  assert.ok(isMomentOf(life, found), `not a moment since revision ${life.ackedRevision}`);
  await store.close();
  return found;
}

/** Lets a writer work on one store and kills it, `kills` times; checks the store each time. */
export async function killAgainAndAgain(kills: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-crash-'));
  let base: ReadonlyMap<string, number> = new Map();
  let acknowledged = 0;
  for (let kill = 0; kill < kills; kill++) {
    const life: Life = { base, changes: [], ackedRevision: 0 };
    // Some die right after they began; the last has time to prove something.
    await writeAndDie(directory, systemRandom.integer(kill === kills - 1 ? 800 : 1, 800), life);
    base = await check(directory, life);
    acknowledged += life.changes.filter((change) => change.revision <= life.ackedRevision).length;
  }
  assert.ok(acknowledged > 50, 'enough was acknowledged to prove something');
  rmSync(directory, { recursive: true });
}
