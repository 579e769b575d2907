/** What `npm pack` packs, installed elsewhere: below `node_modules`, without the development dependencies. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documents, pipelineRun, shellTask } from '../support/run-manifests.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'installed-'));
after(() => rmSync(scratch, { recursive: true }));

const installed = join(scratch, 'node_modules', 'penstock');

/** Packs the package, and puts it where `npm install` would; its dependencies are those of the checkout. */
function install(): void {
  const words = ['pack', '--silent', '--pack-destination', scratch];
  execFileSync('npm', words, { cwd: root, env: { ...process.env, npm_config_update_notifier: 'false' } });
  const [archive] = readdirSync(scratch).filter((name) => name.endsWith('.tgz'));
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(scratch, archive ?? ''), '--strip-components=1', '-C', installed]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    const place = join(scratch, 'node_modules', name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
}

function penstock(...words: readonly string[]): string {
  const launcher = join(installed, 'bin', 'penstock.js');
  return execFileSync(process.execPath, [launcher, ...words], { cwd: scratch, encoding: 'utf8', stdio: 'pipe' });
}

describe('the packed package', { timeout: 110_000 }, () => {
  before(install);

  it('runs a pipeline where it is installed, and says nothing besides', () => {
    const file = join(scratch, 'run.yaml');
    writeFileSync(file, documents(pipelineRun('installed', [shellTask('t', 'echo from the package')])));
    const words = [join(installed, 'bin', 'penstock.js'), 'run', file];
    const output = execFileSync('/bin/sh', ['-c', '"$0" "$@" 2>&1', process.execPath, ...words], { encoding: 'utf8' });
    assert.match(output, /^\[t : step\] from the package$/m);
    assert.doesNotMatch(output, /Warning/);
  });

  it('has its examples and its manual, and none of its tests', () => {
    assert.match(penstock('lint', join(installed, 'examples', 'hello', '.tekton')), /no errors/);
    assert.ok(readdirSync(join(installed, 'docs')).includes('errors.md'));
    const sources = readdirSync(join(installed, 'src'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      sources.filter((name) => name.endsWith('.test.ts')),
      [],
    );
  });
});
