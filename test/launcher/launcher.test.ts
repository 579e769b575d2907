/** The launcher as a process, with the pinned Node in the role of the older Node that starts it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';

const binFolder = new URL('../../bin/', import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), 'launcher-'));
after(() => rmSync(scratch, { recursive: true }));

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program` through runWithPinnedNode; `act` may send signals once the program has printed its first output. */
async function launch(options: {
  readonly program: string;
  readonly launcher?: string;
  readonly act?: (launcher: { kill(signal: NodeJS.Signals): boolean }) => void;
}): Promise<Ending> {
  const program = join(scratch, 'program.mjs');
  const driver = join(scratch, 'driver.mjs');
  writeFileSync(program, options.program);
  const launcher = options.launcher ?? new URL('pinned-node.js', binFolder).href;
  writeFileSync(
    driver,
    `const { runWithPinnedNode } = await import(${JSON.stringify(launcher)});
     await runWithPinnedNode(${JSON.stringify(program)}, process.argv.slice(2));`,
  );
  // A session of its own: in the foreground of a terminal the launcher leaves SIGINT to that terminal.
  const child = spawn(process.execPath, [driver, 'one', 'two words'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdout.once('data', () => options.act?.(child));
  const ended = new Promise<Pick<Ending, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const [stdout, stderr, ending] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ...ending, stdout, stderr };
}

/** Prints each signal it gets; SIGTERM ends it with code 7. */
const signalProgram = `
  process.on('SIGINT', () => console.log('got SIGINT'));
  process.on('SIGHUP', () => console.log('got SIGHUP'));
  process.on('SIGTERM', () => { console.log('got SIGTERM'); process.exit(7); });
  setInterval(() => {}, 1000);
  console.log('ready');`;

describe('the launcher', { timeout: 60_000 }, () => {
  it('passes arguments and the exit code on', async () => {
    const ending = await launch({
      program: `console.log(JSON.stringify(process.argv.slice(2)) + ' ' + (process.versions.node.split('.')[0] >= 24)); process.exitCode = 3;`,
    });
    assert.deepEqual(ending, { code: 3, signal: null, stdout: '["one","two words"] true\n', stderr: '' });
  });

  it('forwards signals and lets the program end in its own way', async () => {
    const ending = await launch({ program: signalProgram, act: (launcher) => launcher.kill('SIGTERM') });
    assert.deepEqual(ending, { code: 7, signal: null, stdout: 'ready\ngot SIGTERM\n', stderr: '' });
  });

  it('forwards Ctrl-C that comes from a program rather than a terminal', async () => {
    const ending = await launch({
      program: `process.on('SIGINT', () => process.exit(130)); setInterval(() => {}, 1000); console.log('ready');`,
      act: (launcher) => launcher.kill('SIGINT'),
    });
    assert.equal(ending.code, 130);
  });

  it('ends by the signal that ended the program', async () => {
    const killed = await launch({ program: `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);` });
    assert.deepEqual([killed.code, killed.signal], [null, 'SIGKILL']);
    const terminated = await launch({ program: `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);` });
    assert.deepEqual([terminated.code, terminated.signal], [null, 'SIGTERM']);
  });

  it('does without a folder for compiled code where the user has no home', async () => {
    const preload = join(scratch, 'no-home.mjs');
    // As where HOME is not set and the user database knows nothing of the user.
    writeFileSync(
      preload,
      `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
       os.homedir = () => { throw new Error('uv_os_homedir returned ENOENT'); }; syncBuiltinESMExports();`,
    );
    const { HOME: _home, XDG_CACHE_HOME: _cache, ...environment } = process.env;
    const words = ['--import', preload, new URL('penstock.js', binFolder).pathname, '--version'];
    const child = spawn(process.execPath, words, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d+\.\d+\.\d+/);
  });

  it('takes the program along when it is killed', async () => {
    const pinned = new URL('pinned-node.js', binFolder).href;
    const program = `import { endWithLauncher } from ${JSON.stringify(pinned)};
      endWithLauncher();
      console.log(process.env.PENSTOCK_LAUNCHER ?? 'nothing is handed on');
      setInterval(() => {}, 1000);`;
    // It holds the other end of standard output: `launch` comes back once it, too, has gone.
    const ending = await launch({ program, act: (launcher) => launcher.kill('SIGKILL') });
    assert.deepEqual([ending.signal, ending.stdout], ['SIGKILL', 'nothing is handed on\n']);
  });

  it('says what to do where no Node is pinned', async () => {
    const elsewhere = join(scratch, 'pinned-node.mjs');
    copyFileSync(new URL('pinned-node.js', binFolder), elsewhere);
    const ending = await launch({ program: '', launcher: elsewhere });
    assert.equal(ending.code, 2);
    assert.match(
      ending.stderr,
      /^penstock needs Node 24 or newer: .*node-\w+-\w+.* is not installed\.\nInstall Node 24/,
    );
  });
});
