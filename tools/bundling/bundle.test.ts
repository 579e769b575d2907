import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, beforeEach, describe, it } from 'node:test';
import { bundle } from './bundle.ts';

const scratch = mkdtempSync(join(tmpdir(), 'bundle-'));
after(() => rmSync(scratch, { recursive: true }));

let root: string;
let projects = 0;

/** Writes a file as it would be had it been there for a while. */
function write(path: string, text: string, ageSeconds = 3600): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  const seconds = Date.now() / 1000 - ageSeconds;
  utimesSync(join(root, path), seconds, seconds);
}

/** What `penstock` prints when it is started in the project by its own launcher. */
function started(): string {
  const words = [join(root, 'bin/penstock.js')];
  return execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** The same, without waiting for it. */
async function startedAside(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin/penstock.js')]);
  return stdout.trim();
}

/** The bundler as a checkout has it. */
function linkBundler(): void {
  cpSync(import.meta.dirname, join(root, 'tools/bundling'), { recursive: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  symlinkSync(dirname(fileURLToPath(import.meta.resolve('esbuild/package.json'))), join(root, 'node_modules/esbuild'));
}

beforeEach(() => {
  root = join(scratch, `project-${projects++}`);
  cpSync(join(import.meta.dirname, '../../bin'), join(root, 'bin'), { recursive: true });
  write('package.json', '{"type":"module"}');
  write('src/base/text.ts', `export const text: string = 'as written first';`);
  const isBundle = `import.meta.url.includes('/dist/')`;
  write(
    'src/app/main.ts',
    `import { text } from '../base/text.ts'; console.log(${isBundle} ? 'bundle' : 'sources', text);`,
  );
});

describe('the bundle', () => {
  it('is made by the first start of a checkout, once', () => {
    linkBundler();
    assert.equal(started(), 'bundle as written first');
    assert.equal(started(), 'bundle as written first');
    assert.equal(readdirSync(join(root, 'dist')).length, 2, 'one folder and the manifest');
  });

  it('is not needed: without the bundler sources run', () => {
    assert.equal(started(), 'sources as written first');
  });

  it('is not used after a change of a file that it was made from, even when its size stays', () => {
    linkBundler();
    bundle(root);
    write('src/base/text.ts', `export const text: string = 'as written later';`, 60);
    assert.equal(started(), 'sources as written later');
    bundle(root);
    assert.equal(started(), 'bundle as written later');
  });

  it('is made again when the sources have rested', () => {
    linkBundler();
    bundle(root);
    write('src/base/text.ts', `export const text: string = 'as written later';`, 700);
    assert.equal(started(), 'bundle as written later');
  });

  it('is not used when such a file has gone', () => {
    bundle(root);
    write('src/app/main.ts', `console.log('sources alone');`);
    rmSync(join(root, 'src/base/text.ts'));
    assert.equal(started(), 'sources alone');
  });

  it('is not made from files that may have changed while they were read', () => {
    linkBundler();
    write('src/base/text.ts', `export const text: string = 'in this moment';`, -60);
    assert.deepEqual(bundle(root), { changed: 'src/base/text.ts' });
    assert.equal(started(), 'sources in this moment');
  });

  it('may be read by whoever may read the sources', () => {
    const made = bundle(root);
    assert.ok('entry' in made);
    const modes = [dirname(join(root, made.entry)), join(root, 'bin')].map((folder) => statSync(folder).mode & 0o777);
    assert.equal(modes[0], modes[1]);
  });

  it('is not used when it has gone, or is not for the eyes of who starts it', () => {
    const made = bundle(root);
    assert.ok('entry' in made);
    rmSync(dirname(join(root, made.entry)), { recursive: true });
    assert.equal(started(), 'sources as written first');
  });

  it('leaves it to the sources to say what is wrong with them', () => {
    linkBundler();
    write('src/app/main.ts', `console.log('sources'); const = 1;`);
    assert.throws(started, /SyntaxError/);
  });

  it('may be made by several at once', async () => {
    linkBundler();
    const outputs = await Promise.all([startedAside(), startedAside(), startedAside()]);
    assert.deepEqual(new Set(outputs), new Set(['bundle as written first']));
    assert.equal(readdirSync(join(root, 'dist')).length, 2, 'nothing half-made is left');
  });
});
