import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { writePidFile } from '../executor/process/pid-file.ts';
import { type ProcessFacts, isAbandoned, makeRunFolder, ownProcessFacts, sweepRunFolders } from './run-folder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'run-folder-'));
after(() => rmSync(scratch, { recursive: true }));

const place = 'a'.repeat(12);
const own = ownProcessFacts();
/** Process 7 runs since 700, as we do, since 900; no other runs. */
const facts: ProcessFacts = {
  place,
  pid: 9,
  user: own?.user ?? 0,
  startTimeOf: (pid) => ({ 7: '700', 9: '900' })[pid],
};
const gone = `penstock-run-${place}-8-800-Abc123`;

let parent: string;
let parents = 0;
beforeEach(() => {
  parent = join(scratch, String(parents++));
  mkdirSync(parent);
});

function makeFolder(name: string): string {
  const folder = join(parent, name);
  mkdirSync(join(folder, 'pods', 'one', 'containers', 'step-a'), { recursive: true });
  writeFileSync(join(folder, 'file'), '');
  return folder;
}

describe('isAbandoned', () => {
  it('is true of a folder whose process has gone, also when its pid is somebody else by now', () => {
    assert.equal(isAbandoned(gone, facts), true);
    assert.equal(isAbandoned(`penstock-run-${place}-7-699-Abc123`, facts), true);
  });

  it('is false while the process runs', () => {
    assert.equal(isAbandoned(`penstock-run-${place}-7-700-Abc123`, facts), false);
    assert.equal(isAbandoned(`penstock-run-${place}-9-900-Abc123`, facts), false);
  });

  it('is false where the numbers mean nothing to us: another machine, boot or container, another name', () => {
    assert.equal(isAbandoned(`penstock-run-${'b'.repeat(12)}-8-800-Abc123`, facts), false);
    for (const name of ['penstock-run-Abc123', `penstock-run-${place}-8-Abc123`, `x${gone}`, 'penstock-e2e-8-800-A']) {
      assert.equal(isAbandoned(name, facts), false, name);
    }
  });
});

describe('sweepRunFolders', { skip: own === undefined && 'no /proc' }, () => {
  it('removes what killed runs left, and nothing else', async () => {
    const others = [`penstock-run-${place}-7-700-Abc123`, 'penstock-run-Abc123', 'somebody-elses'];
    for (const name of [gone, `penstock-run-${place}-8-801-Abc123`, ...others]) makeFolder(name);
    await sweepRunFolders(facts, { parent });
    assert.deepEqual(readdirSync(parent).sort(), others.sort());
  });

  it('leaves alone what belongs to another user, and what is no folder', async () => {
    const elsewhere = makeFolder('elsewhere');
    symlinkSync(elsewhere, join(parent, gone));
    makeFolder(`penstock-run-${place}-8-802-Abc123`);
    await sweepRunFolders({ ...facts, user: facts.user + 1 }, { parent });
    assert.equal(readdirSync(parent).length, 3);
    await sweepRunFolders(facts, { parent });
    assert.deepEqual(readdirSync(parent).sort(), ['elsewhere', gone]);
    assert.deepEqual(readdirSync(elsewhere).sort(), ['file', 'pods']);
  });

  it('removes no more than its limit at once, and the rest the next time', async () => {
    const folder = makeFolder(gone);
    for (let index = 0; index < 10; index += 1) writeFileSync(join(folder, `file-${index}`), '');
    const limits = { names: 100, removals: 6 };
    await sweepRunFolders(facts, { parent, limits });
    assert.equal(readdirSync(parent).length, 1);
    await sweepRunFolders(facts, { parent, limits });
    await sweepRunFolders(facts, { parent, limits });
    assert.deepEqual(readdirSync(parent), []);
  });

  it('looks at no more names than its limit', async () => {
    for (let index = 0; index < 5; index += 1) makeFolder(`penstock-run-${place}-8-80${index}-Abc123`);
    await sweepRunFolders(facts, { parent, limits: { names: 2, removals: 1000 } });
    assert.equal(readdirSync(parent).length, 3);
  });

  it('ends a step that still runs for it', async () => {
    const folder = makeFolder(gone);
    const step: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
    const ended = once(step, 'exit');
    writePidFile(join(folder, 'pods', 'one', 'containers', 'step-a'), step.pid ?? 0);
    await sweepRunFolders(facts, { parent });
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    assert.deepEqual(readdirSync(parent), []);
  });

  it('says nothing when the folder for temporary files cannot be listed', async () => {
    await sweepRunFolders(facts, { parent: join(parent, 'missing') });
  });
});

describe('makeRunFolder', () => {
  it('names its owner, so that nobody removes it while that runs', { skip: own === undefined && 'no /proc' }, () => {
    assert.ok(own);
    const folder = makeRunFolder(own);
    try {
      assert.equal(isAbandoned(basename(folder), own), false);
      assert.equal(isAbandoned(basename(folder), { ...own, startTimeOf: () => undefined }), true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
