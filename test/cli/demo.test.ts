/** `npm run demo` is what a newcomer sees first: it must work, tell the truth, and leave nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PenstockProcess, Workplace } from '../support/penstock-process.ts';
import { processesGone } from '../support/processes.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;
const root = join(import.meta.dirname, '..', '..');

function startDemo(place: Workplace, path = '', ...flags: readonly string[]): PenstockProcess {
  const { NODE_TEST_CONTEXT: _context, FORCE_COLOR: _colour, ...environment } = process.env;
  const child = spawn(process.execPath, ['bin/with-node.js', 'tools/demo.ts', ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, PATH: `${path}${environment['PATH']}`, TMPDIR: place.temporary },
  });
  return new PenstockProcess(child);
}

describe('npm run demo', { timeout: hangsMs }, () => {
  it('shows green, red with the lines that failed, and green', async () => {
    await using place = new Workplace();
    const { code, stdout, stderr } = await startDemo(place).ended;
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    const states = [...stdout.matchAll(/CI \/ check \/ main +(succeeded|failed) /g)].map(([, state]) => state);
    assert.deepEqual(states, ['succeeded', 'failed', 'succeeded'], stdout);
    assert.match(stdout, /test\.sh:19: 10 pieces at 250 cents should cost 2250, not 2000/);
    assert.deepEqual(place.leftovers(), []);
    await processesGone(place.temporary);
  });

  it('is not content with a green that should be red', async () => {
    await using place = new Workplace();
    // The commit that is to break the test does not.
    chmodSync(place.write('bin/sed', '#!/bin/sh\necho "# touched" >> price.sh\n'), 0o755);
    const { code, stderr } = await startDemo(place, `${place.path('bin')}:`).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^wrong: "A better discount" must be failed .*succeeded, the exit code was 0$/m);
    assert.deepEqual(place.leftovers(), []);
  });

  it('leaves all of it there when it is asked to, and says how to end it', async () => {
    await using place = new Workplace();
    const { code, stdout } = await startDemo(place, '', '--keep').ended;
    assert.equal(code, 0, stdout);
    const [, id = '', folder = ''] = /the end +kill (\d+) && rm -r (\S+)$/m.exec(stdout) ?? [];
    assert.notEqual(Number(id), 0, stdout);
    try {
      const environment = { KUBECONFIG: `${folder}/penstock-data/kubeconfig` };
      const doctor = await place.run(['doctor'], { environment });
      assert.equal(doctor.code, 0, doctor.stdout);
      assert.match(doctor.stdout, /✓ statuses +its host took one at/);
    } finally {
      process.kill(Number(id));
    }
    await processesGone(folder);
  });

  it('knows its options', async () => {
    await using place = new Workplace();
    const { code, stderr } = await startDemo(place, '', '--loud').ended;
    assert.equal(code, 2);
    assert.match(stderr, /--loud[^]*usage: npm run demo/);
    assert.deepEqual(place.leftovers(), []);
  });

  for (const [when, said] of [
    ['the server starts', /\$ penstock serve/],
    ['the hook is installed', /\$ penstock setup git/],
    ['the first pipeline runs', /\$ penstock status --follow/],
  ] as const) {
    it(`ends everything when it is interrupted while ${when}`, async () => {
      await using place = new Workplace();
      const demo = startDemo(place);
      await demo.until(said);
      demo.signal('SIGINT');
      const { code, stdout, stderr } = await demo.ended;
      assert.equal(code, 130, `${stdout}\n${stderr}`);
      assert.match(stdout, /stopped: everything is ended and removed/);
      assert.deepEqual(place.leftovers(), []);
      await processesGone(place.temporary);
    });
  }
});
