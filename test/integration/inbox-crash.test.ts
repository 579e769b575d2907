/** What was answered 2xx is on disk: the inbox is killed in the middle of its work, again and again. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { InboxProcess, serveInbox } from '../support/inbox-process.ts';

/** Webhooks on their way at once. */
const sendersCount = 8;
const kills = 3;

/** Sends pushes, each sender one after another, until the process dies after about `answers` answers. */
async function pushUntilKilled(inbox: InboxProcess, first: number, answers: number): Promise<Map<number, string>> {
  const promised = new Map<number, string>();
  let next = first;
  let killed: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    for (;;) {
      const number = next++;
      const { status, delivery } = await inbox.push(number);
      assert.equal(status, 202);
      promised.set(number, delivery);
      if (promised.size === answers) killed = inbox.kill();
    }
  };
  await Promise.allSettled(Array.from({ length: sendersCount }, send));
  await killed;
  return promised;
}

/** Names of the Deliveries on the disk. */
async function storedNames(directory: string): Promise<ReadonlySet<string>> {
  const store = openSqliteStore({ directory, clock: systemClock });
  const keys = store.range('').items.map(({ key }) => key);
  await store.close();
  return new Set(keys.filter((key) => key.includes('deliveries')).map((key) => key.slice(key.lastIndexOf('/') + 1)));
}

if (process.argv[2] === 'serve') await serveInbox(process.argv[3] ?? '');
else {
  describe('an inbox that is killed', () => {
    it('has every webhook it accepted, and takes those again as duplicates', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'penstock-inbox-'));
      const promised = new Map<number, string>();
      for (let kill = 0; kill < kills; kill++) {
        const inbox = await InboxProcess.start(import.meta.filename, directory);
        const answers = systemRandom.integer(1, 40);
        for (const [number, name] of await pushUntilKilled(inbox, kill * 1_000, answers)) promised.set(number, name);
        const stored = await storedNames(directory);
        const lost = [...promised.values()].filter((name) => !stored.has(name));
        assert.deepEqual(lost, [], 'answered 202, and not on the disk');
      }
      const inbox = await InboxProcess.start(import.meta.filename, directory);
      for (const [number, name] of promised) {
        const again = await inbox.push(number);
        assert.deepEqual([again.status, again.delivery], [200, name]);
      }
      await inbox.kill();
      assert.ok(promised.size >= kills);
      rmSync(directory, { recursive: true });
    });
  });
}
