import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { StepReport } from '../../tekton/task-run/evidence.ts';
import { parseReport } from './termination-message.ts';
import { prepareScript, wrapperScript } from './wrapper-script.ts';

const roots: string[] = [];
after(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

/** The shells of this machine that the wrapper must run under; `ash` = busybox with its own tools. */
const shells = {
  dash: ['dash'],
  bash: ['bash', '--posix'],
  ash: ['busybox', 'ash'],
} as const;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly report: StepReport;
  readonly message: string;
  readonly root: string;
}

/** A place like a step's container, with /tekton/ elsewhere. */
class Place {
  readonly root: string = mkdtempSync(join(tmpdir(), 'wrapper-'));
  readonly #shell: readonly string[];

  constructor(name: keyof typeof shells) {
    this.#shell = shells[name];
    roots.push(this.root);
    for (const folder of ['bin', 'results', 'steps', 'scripts']) mkdirSync(join(this.root, folder));
    if (name === 'ash') {
      const here = prepareScript.replaceAll('/tekton/', `${this.root}/`);
      assert.equal(spawnSync('busybox', ['ash', '-c', here]).status, 0);
    }
    writeFileSync(join(this.root, 'scripts/wrapper'), wrapperScript.replaceAll('/tekton/', `${this.root}/`));
  }

  start(flags: readonly string[], script: string): ChildProcess {
    const [program = '', ...args] = this.#shell;
    const step = ['--directory', join(this.root, 'steps/step-a')];
    const all = [
      ...args,
      join(this.root, 'scripts/wrapper'),
      ...step,
      ...flags,
      '--',
      'sh',
      '-c',
      script,
      'sh',
      'a  b',
      '*',
    ];
    return spawn(program, all, { cwd: this.root });
  }

  async finish(child: ChildProcess): Promise<Ended> {
    const texts = { out: '', err: '' };
    child.stdout?.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    const path = join(this.root, 'termination');
    const message = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return { code, ...texts, message, report: parseReport(message), root: this.root };
  }

  run(flags: readonly string[], script: string): Promise<Ended> {
    return this.finish(this.start(flags, script));
  }
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

for (const name of Object.keys(shells) as (keyof typeof shells)[]) {
  const skip = has(shells[name][0]) ? false : `no ${shells[name][0]} here`;
  describe(`the wrapper under ${name}`, { skip, concurrency: true }, () => {
    it('passes arguments and streams through, and the exit code', async () => {
      const ended = await new Place(name).run([], 'printf "[%s]" "$@"; echo wrong >&2; exit 3');
      assert.deepEqual([ended.code, ended.out, ended.err], [3, '[a  b][*]', 'wrong\n']);
      assert.deepEqual([ended.report.end, ended.report.exitCode], ['exited', 3]);
      assert.equal(readFileSync(join(ended.root, 'steps/step-a/exitCode'), 'utf8'), '3');
    });

    it('ignores a failure when told to, and says so', async () => {
      const ended = await new Place(name).run(['--on-error', 'continue'], 'exit 7');
      assert.deepEqual([ended.code, ended.report.end, ended.report.exitCode], [0, 'exited', 7]);
    });

    it('reports results byte for byte, and not those that nobody wrote', async () => {
      const flags = ['--result', 'a', '--result', 'none', '--result', 'b.c', '--step-result', 's', '--limit', '4096'];
      const script =
        'printf "x\\n\\n" > results/a; printf "é\\n.\\nresult z 1\\n" > results/b.c; printf in > steps/step-a/results/s';
      const { code, report } = await new Place(name).run(flags, script);
      assert.equal(code, 0);
      assert.deepEqual(
        [...report.results],
        [
          ['a', 'x\n\n'],
          ['b.c', 'é\n.\nresult z 1\n'],
        ],
      );
      assert.deepEqual([...report.stepResults], [['s', 'in']]);
    });

    it('fails a step whose results are too large, whatever its own end', async () => {
      const flags = ['--result', 'a', '--limit', '4096', '--on-error', 'continue'];
      const { code, report, err } = await new Place(name).run(flags, 'head -c 5000 /dev/zero | tr "\\0" x > results/a');
      assert.deepEqual([code, report.end, report.problem], [1, 'tooLarge', 'result "a" alone has 5000 bytes']);
      assert.match(err, /too large/);
    });

    it('ends a step that takes too long, even one that ignores failures', async () => {
      const script = 'trap "echo stopped; exit 0" TERM; sleep 60 >/dev/null 2>&1 & wait';
      const outs: string[] = [];
      // On a busy machine the first may be over before the shell has set its trap.
      for (const seconds of ['0.2', '2', '15']) {
        const { code, report, out } = await new Place(name).run(
          ['--timeout', seconds, '--on-error', 'continue'],
          script,
        );
        assert.deepEqual([code, report.end], [1, 'timedOut']);
        outs.push(out);
        if (out !== '') break;
      }
      assert.equal(outs.at(-1), 'stopped\n');
    });

    it('lets a step that ends in time be', async () => {
      const { code, report } = await new Place(name).run(['--timeout', '60'], 'exit 4');
      assert.deepEqual([code, report.end], [4, 'exited']);
    });

    it('copies the streams to files, adding to what is there', async () => {
      const place = new Place(name);
      const paths = ['new/deep/out', 'err'].map((path) => join(place.root, path)) as [string, string];
      const flags = ['--stdout', paths[0], '--stderr', paths[1], '--on-error', 'continue'];
      writeFileSync(paths[1], 'before\n');
      const ended = await place.run(flags, 'echo good; echo bad >&2; exit 2');
      assert.deepEqual([ended.code, ended.out, ended.err, ended.report.exitCode], [0, 'good\n', 'bad\n', 2]);
      assert.deepEqual(
        paths.map((path) => readFileSync(path, 'utf8')),
        ['good\n', 'before\nbad\n'],
      );
    });

    it('puts both streams into one file', async () => {
      const place = new Place(name);
      const path = join(place.root, 'both');
      await place.run(['--stdout', path, '--stderr', path], 'echo one; sleep 0.1; echo two >&2');
      assert.deepEqual(readFileSync(path, 'utf8').split('\n').sort(), ['', 'one', 'two']);
    });

    it('passes a stop on to the command and waits for what it makes of it', async () => {
      const place = new Place(name);
      const child = place.start([], 'trap "echo cleaning; exit 9" TERM; echo ready; while :; do sleep 0.05; done');
      await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
      child.kill('SIGTERM');
      const ended = await place.finish(child);
      assert.deepEqual([ended.code, ended.out, ended.report.exitCode], [9, 'cleaning\n', 9]);
    });

    it('reports a command that does not exist', async () => {
      const ended = await new Place(name).run(['--on-error', 'continue'], 'exec nothing-of-that-name');
      assert.deepEqual([ended.code, ended.report.exitCode], [0, 127]);
    });
  });
}
