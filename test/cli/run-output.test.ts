/** The three forms of `--output`: what a person reads, and what a program does. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Workplace, noTerminal } from '../support/penstock-process.ts';
import { documents, pipelineRun, shellTask } from '../support/run-manifests.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

const tasks = [
  shellTask('good', 'echo all is fine'),
  shellTask('bad', 'echo the reason; echo on stderr >&2; exit 3', { runAfter: ['good'] }),
  shellTask('never', 'echo not reached', { runAfter: ['bad'] }),
];
const cleanUp = shellTask('clean', 'echo swept');
workplace.write('mixed.yaml', documents(pipelineRun('mixed', tasks, { pipelineSpec: { tasks, finally: [cleanUp] } })));

const escape = String.fromCodePoint(27);
/** What is left of a terminal's output when colours and movements are taken away. */
const withoutControl = (text: string) => text.replaceAll(new RegExp(`${escape}\\[[0-9;?]*[A-Za-z]`, 'g'), '');

interface Line {
  readonly type: string;
  readonly time: string;
  readonly [member: string]: unknown;
}

describe('--output plain', () => {
  it('says of each line whose it is, and ends with a summary', async () => {
    const { code, stdout } = await workplace.run(['run', 'mixed.yaml', '--output', 'plain']);
    assert.equal(code, 1);
    assert.match(stdout, /^\[good : step\] all is fine$/m);
    assert.match(stdout, /^\[bad : step\] the reason\n\[bad : step\] on stderr$/m);
    assert.match(stdout, /^\[bad\] failed \(StepFailed\) in /m);
    assert.match(stdout, /^\[never\] skipped \(PipelineRun was stopping\)$/m);
    assert.match(stdout, /^\[clean : step\] swept$/m);
    assert.match(
      stdout,
      /✗ PipelineRun mixed failed in [^\n]+\n {2}Tasks Completed: 3 \(Failed: 1, Cancelled 0\), Skipped: 1/,
    );
    assert.ok(!stdout.includes(escape), 'no colours where there is no terminal');
  });

  it('tells what a task wrote before it tells that the task is over', async () => {
    const { stdout } = await workplace.run(['run', 'mixed.yaml', '--output', 'plain']);
    for (const [line, end] of [
      ['[good : step] all is fine', '[good] succeeded'],
      ['[bad : step] on stderr', '[bad] failed'],
    ] as const) {
      assert.ok(stdout.indexOf(line) < stdout.indexOf(end), `${line} before ${end} in\n${stdout}`);
    }
  });

  it('is what a pipe gets unasked', async () => {
    const { stdout } = await workplace.run(['run', 'mixed.yaml']);
    assert.match(stdout, /^\[good : step\] all is fine$/m);
  });
});

describe('--output tree', () => {
  it('without a terminal shows its last state, then the logs of failing steps', async () => {
    const { code, stdout } = await workplace.run(['run', 'mixed.yaml', '--output', 'tree']);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /✗ PipelineRun mixed[^\n]*\n├─ ✓ good [^\n]*\n├─ ✗ bad [^\n]*StepFailed\n│ {2}└─ ✗ step exit 3\n/,
    );
    assert.match(stdout, /├─ – never PipelineRun was stopping\n└─ ✓ clean/);
    assert.match(stdout, /── bad \/ step \(exit 3\)\n {3}the reason\n {3}on stderr\n/);
    assert.doesNotMatch(stdout, /all is fine/);
  });

  it('lives on a terminal', { skip: noTerminal }, async () => {
    const { code, stdout } = await workplace.run(['run', 'mixed.yaml'], { terminal: true });
    assert.equal(code, 1);
    assert.ok(stdout.includes(`${escape}[`), 'lines are drawn again');
    const text = withoutControl(stdout).replaceAll('\r', '');
    assert.match(text, /├─ ✓ good [^\n]*\n├─ ✗ bad [^\n]*StepFailed\n/);
    assert.match(text, /── bad \/ step \(exit 3\)\n {3}the reason\n {3}on stderr\n/);
    assert.match(text, /✗ PipelineRun mixed failed in /);
  });
});

describe('--output json', () => {
  it('is one object a line, of the documented types, in the order of what happened', async () => {
    const { code, stdout } = await workplace.run(['run', 'mixed.yaml', '--output', 'json']);
    assert.equal(code, 1);
    assert.ok(stdout.endsWith('\n'));
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const documented = ['run', 'task', 'step', 'log', 'notice', 'warning', 'error', 'summary'];
    for (const { type, time } of lines) {
      assert.ok(documented.includes(type), type);
      assert.equal(new Date(time).toISOString(), time);
    }
    const times = lines.map(({ time }) => time);
    assert.deepEqual(times, times.toSorted());
    const texts = lines.filter(({ type }) => type === 'log').map(({ task, text }) => [task, text]);
    assert.deepEqual(texts, [
      ['good', 'all is fine'],
      ['bad', 'the reason'],
      ['bad', 'on stderr'],
      ['clean', 'swept'],
    ]);
    const phases = lines.filter(({ type, name }) => type === 'task' && name === 'bad').map(({ phase }) => phase);
    assert.deepEqual([phases[0], phases.at(-1)], ['waiting', 'failed']);
    assert.deepEqual(lines.at(-1), {
      type: 'summary',
      time: times.at(-1),
      exitCode: 1,
      runs: [
        {
          kind: 'PipelineRun',
          namespace: 'default',
          name: 'mixed',
          phase: 'failed',
          reason: 'Failed',
          message: 'Tasks Completed: 3 (Failed: 1, Cancelled 0), Skipped: 1',
        },
      ],
    });
  });

  it('tells wrong input as lines, too', async () => {
    workplace.write(
      'wrong.yaml',
      'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: a}\nspec: {pipelineRaf: {}}\n',
    );
    const { code, stdout } = await workplace.run(['run', 'wrong.yaml', '--output', 'json']);
    assert.equal(code, 2);
    const [first] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    assert.ok(first);
    const { type, file, line, field } = first;
    assert.deepEqual(
      { type, file, line, field },
      { type: 'error', file: 'wrong.yaml', line: 4, field: 'spec.pipelineRaf' },
    );
  });

  it('tells wrong usage as a line, too', async () => {
    const { code, stdout } = await workplace.run(['run', 'nowhere.yaml', '--output', 'json']);
    assert.equal(code, 2);
    const { type, message } = JSON.parse(stdout) as Line;
    assert.deepEqual([type, message], ['error', 'no such file or folder: nowhere.yaml']);
  });
});

describe('the log of a failing step', () => {
  it('is cut to its end on the tree when it is long, and says so', async () => {
    const long = shellTask('long', 'i=0; while [ $i -lt 700 ]; do i=$((i+1)); echo "line $i"; done; exit 1');
    workplace.write('long.yaml', documents(pipelineRun('long', [long])));
    const { stdout } = await workplace.run(['run', 'long.yaml', '--output', 'tree']);
    assert.match(stdout, /… earlier lines left out; --output plain shows all\n {3}line 201\n/);
    assert.match(stdout, / {3}line 700\n/);
    assert.doesNotMatch(stdout, / {3}line 200\n/);
  });

  it('is shown for a step that was killed, and for one that could not start', async () => {
    const killed = shellTask('killed', 'echo last words; kill -9 $$');
    const noProgram = {
      name: 'absent',
      taskSpec: { steps: [{ name: 'x', image: 'i', command: ['no-such-program'] }] },
    };
    workplace.write('killed.yaml', documents(pipelineRun('killed', [killed, noProgram])));
    const { code, stdout } = await workplace.run(['run', 'killed.yaml', '--output', 'tree']);
    assert.equal(code, 1);
    assert.match(stdout, /── killed \/ step \(exit 137\)\n {3}last words\n/);
    assert.match(stdout, /no-such-program/);
  });
});
