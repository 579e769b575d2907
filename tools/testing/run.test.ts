/** `npm test` on sample projects: whatever goes wrong in a test file must be counted and named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { processesGone } from '../../test/support/processes.ts';

const tool = fileURLToPath(new URL('../test.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'run-tests-'));
after(() => rmSync(root, { recursive: true }));
const heading = `import assert from 'node:assert/strict'; import { before, describe, it } from 'node:test';\n`;

function project(name: string, files: Readonly<Record<string, string>>): (...words: string[]) => [number, string] {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, heading + text);
  }
  return (...words) => {
    const commandLine = [tool, '--root', join(root, name), ...words];
    const { status, stdout, stderr } = spawnSync(process.execPath, commandLine, { encoding: 'utf8' });
    return [status ?? -1, (stdout + stderr).replace(/ \(\d+\.\d s\)\n$/, '\n')];
  };
}

describe('npm test', () => {
  it('counts tests, not suites, and tells why one was skipped', () => {
    const run = project('good', {
      'src/a/a.test.ts': `describe('a', () => { it('one', () => {}); it('two', { skip: 'needs tar' }, () => {}); });`,
      'test/b.test.ts': `it('three', () => {}); it('four', { skip: true }, () => {});`,
      'test/support/not-a-test.ts': `throw new Error('never run');`,
    });
    assert.deepEqual(run(), [
      0,
      'skipped: src/a/a.test.ts: two: needs tar\nskipped: test/b.test.ts: four: no reason given\n2 passed, 0 failed, 2 skipped\n',
    ]);
    assert.deepEqual(run('src/a')[1].split('\n').at(-2), '1 passed, 0 failed, 1 skipped');
    assert.equal(run('src/c')[0], 2);
  });

  it('leaves slow files out, and says so', () => {
    const run = project('slow', {
      'test/a.test.ts': `it('a', () => {});`,
      'test/b.slow.test.ts': `it('b', () => {});`,
    });
    assert.deepEqual(run(), [
      0,
      'left out: test/b.slow.test.ts: slow; npm test -- --slow runs it\n1 passed, 0 failed, 0 skipped\n',
    ]);
    assert.deepEqual(run('--slow'), [0, '2 passed, 0 failed, 0 skipped\n']);
  });

  it('names a failed test once, with its reason and what its file printed', () => {
    const run = project('failing', {
      'src/x.test.ts': `describe('outer', () => { describe('inner', () => {
        it('works', () => {});
        it('breaks', () => { console.log('a clue'); assert.equal(1 + 1, 3); });
      }); });`,
    });
    const [status, output] = run();
    assert.equal(status, 1);
    assert.match(
      output,
      /^✖ src\/x\.test\.ts: breaks\n {4}AssertionError.*\n(?:.*\n)*output of src\/x\.test\.ts:\n {4}a clue/,
    );
    assert.equal(output.match(/✖/g)?.length, 1);
    assert.match(output, /\n1 passed, 1 failed, 0 skipped\n$/);
  });

  it('keeps the proxy, the repository, the cluster and the colours of whoever runs it away from the tests', () => {
    const run = project('foreign', {
      'src/x.test.ts': `it('sees none', () => {
        const set = ['HTTP_PROXY', 'https_proxy', 'NO_PROXY', 'GIT_DIR', 'KUBECONFIG', 'NO_COLOR', 'KEPT_GIT_PROXY'];
        const seen = Object.keys(process.env).filter((name) => set.includes(name));
        assert.deepEqual(seen, ['KEPT_GIT_PROXY']);
      });`,
    });
    const set = {
      HTTP_PROXY: 'a',
      https_proxy: 'b',
      NO_PROXY: 'c',
      GIT_DIR: 'd',
      KUBECONFIG: 'e',
      NO_COLOR: '1',
      KEPT_GIT_PROXY: 'f',
    };
    Object.assign(process.env, set);
    const [status, output] = run();
    for (const name of Object.keys(set)) delete process.env[name];
    assert.equal(status, 0, output);
  });

  it('checks properties on the same cases in every run, unless it is told otherwise', () => {
    const drawing = `import fc from '${import.meta.resolve('fast-check')}'; const kept = './drawn';
      import { appendFileSync } from 'node:fs'; // from 'fast-check'
      it('draws', () => appendFileSync(new URL(kept, import.meta.url), fc.sample(fc.integer(), 5).join() + '\\n'));`;
    const run = project('drawing', { 'src/x.test.ts': drawing });
    const options = [[], [], ['--seed', '7'], ['--seed', '7'], ['--seed', 'none'], ['--seed', 'none']];
    for (const words of options) assert.equal(run(...words)[0], 0);
    const drawn = readFileSync(join(root, 'drawing/src/drawn'), 'utf8').trimEnd().split('\n');
    assert.equal(drawn.length, options.length);
    assert.deepEqual([drawn[1], drawn[3]], [drawn[0], drawn[2]]);
    assert.equal(new Set(drawn).size, 4);
  });

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['a file that cannot be loaded', `import './missing.ts';`, /x\.test\.ts: the file itself/],
    ['a file without tests', `export const nothing = 0;`, /the file itself\n {4}it holds no tests/],
    ['a file that ends badly after its tests', `it('a', () => {}); process.exitCode = 4;`, /the file itself/],
    ['an error outside of tests', `it('a', () => {}); setTimeout(() => { throw new Error('late'); }, 20);`, /late/],
    [
      'a failing hook',
      `describe('s', () => { before(() => { throw new Error('hook'); }); it('a', () => {}); });`,
      /hook/,
    ],
  ];
  it('kills a file that hangs, with the processes it started', async () => {
    const sleepSeconds = `1234.${process.pid}`;
    const run = project('hanging', {
      'src/x.test.ts': `import { spawn } from 'node:child_process'; it('works', () => {});
        it('hangs', async () => { spawn('sleep', ['${sleepSeconds}']); setInterval(() => {}, 1000); await new Promise(() => {}); });`,
      'src/y.test.ts': `it('works', () => {}); it('spins', () => { for (;;); });`,
    });
    let [status, output] = run('--timeout', '0.5');
    // On a busy machine the first test may not have begun by then.
    for (const seconds of ['4', '30']) if (!output.includes('in: hangs')) [status, output] = run('--timeout', seconds);
    await processesGone(sleepSeconds);
    assert.equal(status, 1);
    assert.match(output, /✖ src\/x\.test\.ts: the file itself\n {4}it did not end in time and was killed in: hangs\n/);
    assert.match(output, /✖ src\/y\.test\.ts: the file itself\n {4}it did not end in time and was killed\n/);
    assert.match(output, /\n\d passed, 2 failed, 0 skipped\n$/);
  });

  for (const [title, source, expected] of broken) {
    it(`counts ${title} as failed`, () => {
      const [status, output] = project(title.replaceAll(' ', '-'), { 'src/x.test.ts': source })();
      assert.equal(status, 1, output);
      assert.match(output, expected);
      assert.match(output, /\n\d passed, [1-9] failed, \d skipped\n$/);
    });
  }
});
