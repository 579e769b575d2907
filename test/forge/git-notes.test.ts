import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createGitForge } from '../../src/forge/git/git-forge.ts';
import { GitFixture, reportOf } from '../../src/forge/git/git-fixture.ts';
import { parseNote } from '../../src/forge/git/commit-note.ts';

const writer = new URL('../support/note-writer.ts', import.meta.url).pathname;

/** Contexts a writer uses in turn. */
const contextsOfWriter = 5;

function startWriter(fixture: GitFixture, sha: string, context: string, count: number): ChildProcess {
  const args = [writer, fixture.project.url, sha, context, String(count)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', resolve));
}

function titles(fixture: GitFixture, sha: string): Readonly<Record<string, string>> {
  const note = parseNote(fixture.run(fixture.bare, 'notes', '--ref=penstock', 'show', sha));
  return Object.fromEntries(Object.entries(note.statuses).map(([context, { title }]) => [context, title]));
}

describe('statuses as git notes', () => {
  it('loses nothing of several processes that write at once', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    const names = ['one', 'two', 'three', 'four'];

    const codes = await Promise.all(names.map((name) => ended(startWriter(fixture, sha, name, 10))));

    assert.deepEqual(codes, [0, 0, 0, 0]);
    const wanted = names.flatMap((name) => [6, 7, 8, 9, 10].map((number) => [`${name} ${number % 5}`, String(number)]));
    assert.deepEqual(titles(fixture, sha), Object.fromEntries(wanted));
    assert.equal(fixture.run(fixture.bare, 'rev-list', '--count', 'refs/notes/penstock').trim(), '40');
  });

  it('keeps what was acknowledged, whenever the writer and its git are killed', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    // Later than any lock that a killed git leaves.
    const later: Clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 };
    const parts = { git: fixture.program, clock: later, random: systemRandom, cache: fixture.folder };

    for (let round = 0; round < 12; round++) {
      const child = startWriter(fixture, sha, `round ${round}`, 1_000);
      let acknowledged = 0;
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          acknowledged = Number(chunk.toString().trim().split('\n').at(-1));
          if (acknowledged >= 3) resolve();
        });
      });
      // At another point of the next write each time.
      await new Promise<void>((resolve) => systemClock.schedule(round, resolve));
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await ended(child);

      const shown = titles(fixture, sha);
      const newest = Math.max(
        ...Array.from({ length: contextsOfWriter }, (_, n) => Number(shown[`round ${round} ${n}`] ?? 0)),
      );
      assert.ok(newest === acknowledged || newest === acknowledged + 1, `${newest} after ${acknowledged}`);
      await createGitForge(parts).postStatus(
        reportOf(fixture.project, sha, { context: 'after', title: `${round}` }),
        {},
      );
      assert.equal(titles(fixture, sha)['after'], String(round));
    }
    fixture.run(fixture.bare, 'fsck', '--strict', '--connectivity-only');
  });

  it('writes over a lock that a killed git left long ago', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    const lock = join(fixture.bare, 'refs/notes/penstock.lock');
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, '');
    utimesSync(lock, 1_700_000_000, 1_700_000_000);

    await fixture.forge().postStatus(reportOf(fixture.project, sha), undefined);

    assert.equal((await fixture.forge().readStatus(reportOf(fixture.project, sha), undefined))?.state, 'running');
  });

  it('finds the notes of hundreds of commits', async () => {
    using fixture = new GitFixture();
    const shas = Array.from({ length: 300 }, (_, index) => index);
    fixture.commit({ a: 'a' });
    const tree = fixture.run(fixture.work, 'rev-parse', 'HEAD^{tree}').trim();
    const commits = shas.map((index) => fixture.run(fixture.work, 'commit-tree', '-m', String(index), tree).trim());
    fixture.push();
    const forge = fixture.forge();
    const project = { ...fixture.project, url: `file://${fixture.work}` };

    await Promise.all(
      commits.map((sha, index) => forge.postStatus(reportOf(project, sha, { title: `of ${index}` }), {})),
    );

    const shown = await Promise.all(commits.map((sha) => forge.readStatus(reportOf(project, sha), {})));
    assert.deepEqual(
      shown.map((status) => status?.title),
      shas.map((index) => `of ${index}`),
    );
    const folders = fixture.run(fixture.work, 'ls-tree', '--name-only', 'refs/notes/penstock').trim().split('\n');
    assert.ok(
      folders.every((name) => name.length === 2),
      'git has put them into folders',
    );
  });
});
