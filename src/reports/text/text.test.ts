import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultSettings, type Settings } from '../../forge/kinds/settings.ts';
import { maskerOf } from '../../telemetry/secret-mask.ts';
import type { PipelineRun, TaskRun } from '../../tekton/types.ts';
import type { DetailsLink } from '../details/details-path.ts';
import { runLink, taskLink } from './links.ts';
import { annotationsMax, findingsIn, lastLines } from './log-findings.ts';
import { bytesOf, cutToBytes, fenced, inline, lastBytes, link, plainLine, textBytesMax } from './markdown.ts';
import { runText, runTitle, taskLinesMax, titleCharactersMax } from './run-text.ts';
import { spanText } from './span-text.ts';
import { allFailedSteps, failedSteps, taskLines } from './task-lines.ts';

/** Texts with what Markdown, HTML and terminals read in them. */
const hostile = fc.string({
  unit: fc.constantFrom(
    '`',
    '```',
    '~',
    '<',
    '>',
    '|',
    '\n',
    '\r',
    '\u001b[31m',
    '\u0000',
    '\u202e',
    'a',
    ' ',
    '@',
    '😀',
    '\ud800',
  ),
  maxLength: 60,
});

function settings(more: Partial<Settings> = {}): Settings {
  return { ...defaultSettings, ...more };
}

interface Child {
  readonly task: string;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly reason?: string;
  readonly ok?: boolean;
  readonly exitCodes?: readonly (readonly [step: string, exitCode: number, terminationReason: string])[];
}

function runOf(
  children: readonly Child[],
  more: PipelineRun['status'] = {},
): { run: PipelineRun; taskRuns: readonly TaskRun[] } {
  const apiVersion = 'tekton.dev/v1';
  const run: PipelineRun = {
    apiVersion,
    kind: 'PipelineRun',
    metadata: { name: 'r', namespace: 'n' },
    spec: {},
    status: {
      childReferences: children.map(({ task }) => ({
        apiVersion,
        kind: 'TaskRun',
        name: `r-${task}`,
        pipelineTaskName: task,
      })),
      ...more,
    },
  };
  return { run, taskRuns: children.map(taskRunOf) };
}

function taskRunOf({ task, startTime, completionTime, reason, ok, exitCodes = [] }: Child): TaskRun {
  const status = ok === undefined ? 'Unknown' : ok ? 'True' : 'False';
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: `r-${task}`, namespace: 'n' },
    spec: {},
    status: {
      ...(startTime === undefined ? {} : { startTime }),
      ...(completionTime === undefined ? {} : { completionTime }),
      conditions: [{ type: 'Succeeded', status, reason: reason ?? '' }],
      steps: exitCodes.map(([name, exitCode, terminationReason]) => ({
        name,
        container: `step-${name}`,
        terminationReason,
        terminated: {
          exitCode,
          reason: terminationReason,
          startedAt: startTime ?? '',
          finishedAt: completionTime ?? '',
        },
      })),
    },
  };
}

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();

describe('Markdown', () => {
  it('has fences that nothing in them can end', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const lines = fenced(text).split('\n');
        const fence = lines[0]?.replace(/text$/, '') ?? '';
        assert.match(fence, /^`{3,}$/);
        assert.equal(lines.at(-1), fence);
        // CommonMark, 4.5: a fence is closed by one at least as long, indented or not.
        for (const line of lines.slice(1, -1)) {
          const run = /^ {0,3}(`{3,})\s*$/.exec(line)?.[1] ?? '';
          assert.ok(run.length < fence.length, JSON.stringify(line));
        }
      }),
    );
  });

  it('shows words as they are', () => {
    assert.equal(
      inline('a `b` <img src=x> [c](d) | *e* _f_'),
      String.raw`a \`b\` \<img src=x\> \[c\](d) \| \*e\* \_f\_`,
    );
    assert.equal(inline('a\n# b\r\n\u001b[1mc\u001b[0m'), String.raw`a \# b c`);
    assert.equal(inline('@team'), '@\u200bteam');
    fc.assert(
      fc.property(hostile, (text) => {
        assert.doesNotMatch(inline(text), /\n|(?<!\\)[`<>|]|@(?!\u200b)/);
      }),
    );
  });

  it('is cut between characters', () => {
    assert.equal(cutToBytes('aé😀b', 3), 'aé');
    assert.equal(cutToBytes('aé😀b', 6), 'aé');
    assert.equal(cutToBytes('aé😀b', 7), 'aé😀');
    assert.equal(lastBytes('aé😀b', 5), '😀b');
    assert.equal(lastBytes('aé😀b', 4), 'b');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(60), (text, max) => {
        for (const cut of [cutToBytes(text, max), lastBytes(text, max)]) {
          assert.ok(bytesOf(cut) <= max);
          assert.ok(bytesOf(text) > max || cut === text);
        }
        assert.ok(text.startsWith(cutToBytes(text, max)) && text.endsWith(lastBytes(text, max)));
      }),
    );
  });

  it('has lines of limited length', () => {
    assert.equal(plainLine('  a\n b\t', 10), 'a b');
    assert.equal(plainLine('😀😀😀', 2), '😀…');
  });

  it('links only to addresses that cannot end the link', () => {
    assert.equal(link('a]', 'https://x.test/y'), String.raw`[a\]](https://x.test/y)`);
    for (const url of ['javascript:alert(1)', 'https://x.test/)', 'https://x.test/ a', 'https://x.test/<']) {
      assert.equal(link('a', url), undefined, url);
    }
  });
});

describe('links', () => {
  const facts = { namespace: 'n', run: 'r', params: { team: 'a b' } };

  it('lead to the console, the dashboard or Penstock itself', () => {
    assert.equal(runLink(settings(), facts), undefined);
    const detailsLink: DetailsLink = (page) => `https://p.test/${JSON.stringify(page)}`;
    assert.equal(
      runLink(settings(), { ...facts, detailsLink }),
      'https://p.test/{"kind":"run","namespace":"n","name":"r"}',
    );
    const dashboard = settings({ dashboardUrl: 'https://d.test' });
    assert.equal(runLink(dashboard, { ...facts, detailsLink }), 'https://d.test/#/namespaces/n/pipelineruns/r');
    assert.equal(
      taskLink(dashboard, { ...facts, task: 't' }),
      'https://d.test/#/namespaces/n/pipelineruns/r?pipelineTask=t',
    );
  });

  it('fill the templates of a console, and fall back to its root', () => {
    const console = {
      name: 'C',
      url: 'https://c.test',
      runUrl: 'https://c.test/{{ namespace }}/{{pr}}?team={{ team }}',
      taskLogUrl: 'https://c.test/{{ pr }}/{{ task }}/{{ firstFailedStep }}',
    };
    assert.equal(runLink(settings({ console }), facts), 'https://c.test/n/r?team=a%20b');
    assert.equal(runLink(settings({ console }), { ...facts, params: {} }), 'https://c.test');
    assert.equal(taskLink(settings({ console }), { ...facts, task: 't' }), undefined, 'nothing has failed');
    const failed = { ...facts, task: 't', firstFailedStep: 's' };
    assert.equal(taskLink(settings({ console }), failed), 'https://c.test/r/t/s');
  });
});

describe('tasks of a run', () => {
  it('come in the order in which they started, with a word for each end', () => {
    const { run, taskRuns } = runOf(
      [
        { task: 'late', startTime: at(9), completionTime: at(19), ok: false, reason: 'Failed' },
        { task: 'early', startTime: at(1), completionTime: at(65), ok: true },
        { task: 'never' },
        { task: 'cut', startTime: at(2), completionTime: at(3), ok: false, reason: 'TaskRunCancelled' },
        { task: 'slow', startTime: at(3), completionTime: at(4), ok: false, reason: 'TaskRunTimeout' },
        { task: 'gone', startTime: at(4), completionTime: at(5), ok: false, reason: 'EvidenceLost' },
        { task: 'shrug', startTime: at(5), completionTime: at(6), ok: false, reason: 'FailureIgnored' },
      ],
      { skippedTasks: [{ name: 'not', reason: 'When Expressions evaluated to false' }] },
    );
    const lines = taskLines(run, taskRuns).map(({ name, status, spanMs }) =>
      `${name}: ${status} ${spanMs ?? ''}`.trim(),
    );
    assert.deepEqual(lines, [
      'early: Succeeded 64000',
      'cut: Cancelled 1000',
      'slow: Timed out 1000',
      'gone: Evidence lost 1000',
      'shrug: Failed (ignored) 1000',
      'late: Failed 10000',
      'never: Not started',
      'not: Skipped: When Expressions evaluated to false',
    ]);
  });

  it('show the step that failed by itself, in the task that failed first', () => {
    const { run, taskRuns } = runOf([
      { task: 'b', completionTime: at(9), ok: false, reason: 'Failed', exitCodes: [['x', 1, 'Error']] },
      {
        task: 'a',
        completionTime: at(5),
        ok: false,
        reason: 'Failed',
        exitCodes: [
          ['warn', 3, 'Continued'],
          ['unit', 2, 'Error'],
          ['after', 1, 'Skipped'],
        ],
      },
      {
        task: 'c',
        completionTime: at(1),
        ok: false,
        reason: 'TaskRunCancelled',
        exitCodes: [['y', 1, 'TaskRunCancelled']],
      },
      { task: 'd', completionTime: at(1), ok: false, reason: 'EvidenceLost', exitCodes: [['z', 1, 'Error']] },
      // The run went on as if it had succeeded: it is not why the run failed.
      { task: 'e', completionTime: at(2), ok: false, reason: 'FailureIgnored', exitCodes: [['lint', 1, 'Error']] },
    ]);
    const withIgnored = allFailedSteps(run, taskRuns).map(({ task }) => task);
    assert.deepEqual(withIgnored, ['e', 'a', 'b']);
    assert.deepEqual(
      failedSteps(run, taskRuns).map(({ task, step, exitCode }) => [task, step.name, exitCode]),
      [
        ['a', 'unit', 2],
        ['b', 'x', 1],
      ],
    );
    const facts = { run, taskRuns, state: 'failed', settings: settings(), params: {}, mask } as const;
    assert.equal(runTitle(facts), 'Task "a" failed: step "unit" exited with code 2');
  });
});

const mask = maskerOf(['pass_word*1']);

describe('the text of a run', () => {
  it('says why a step could not start, of which no log tells', () => {
    const children: Child[] = [{ task: 't', ok: false, reason: 'StepFailed', exitCodes: [['s', 128, 'Error']] }];
    const textOf = (message: string): string => {
      const { run, taskRuns } = runOf(children);
      const told = taskRuns.map((taskRun): TaskRun => {
        const [condition] = taskRun.status?.conditions ?? [];
        return { ...taskRun, status: { ...taskRun.status, conditions: condition ? [{ ...condition, message }] : [] } };
      });
      const facts = {
        run,
        taskRuns: told,
        state: 'failed',
        settings: settings(),
        params: {},
        snippet: { lines: '' },
      } as const;
      return runText({ ...facts, mask: maskerOf(['hunter22']) });
    };
    const cause = 'StartError: step-s: "make" is not on this machine (hunter22)';
    assert.match(
      textOf(`"step-s" exited with code 128: ${cause}`),
      /its log is empty\. StartError: .*machine \((?:\\\*){3}\)/s,
    );
    assert.match(textOf('"step-s" exited with code 128'), /its log is empty\.$/m);
  });

  it('holds no secret, also where it is escaped or cut', () => {
    const { run } = runOf([]);
    const token = 'T0ken'.repeat(8);
    const message = `${'x'.repeat(titleCharactersMax - 20)}${token} was refused, and pass_word*1 too`;
    const condition = { type: 'Succeeded', status: 'False', reason: 'CouldntGetTask', message } as const;
    const annotations = { ...run.metadata.annotations, 'pipelinesascode.tekton.dev/original-prname': 'a pass_word*1' };
    const failed = { ...run, metadata: { ...run.metadata, annotations }, status: { conditions: [condition] } };
    const settled = { run: failed, taskRuns: [], state: 'error', settings: settings(), params: {} } as const;
    const facts = { ...settled, mask: maskerOf(['pass_word*1', token]) };
    assert.match(runTitle(facts), /^x+\*\*\* was refused, an…$/);
    assert.match(runText(facts), /^\*\*a \\\*\\\*\\\*\*\* could not be carried out/);
    assert.doesNotMatch(runText(facts), /pass|T0ken/);
  });

  it('keeps the link within the limit, whatever has to go', () => {
    const children = Array.from({ length: 900 }, (_, index): Child => {
      const task = `task-${index}`;
      return { task, startTime: at(index), completionTime: at(1000), ok: false, exitCodes: [['s', 1, 'Error']] };
    });
    const { run, taskRuns } = runOf(children);
    const text = runText({
      run,
      taskRuns,
      state: 'failed',
      settings: settings({ dashboardUrl: `https://${'d'.repeat(60)}.test` }),
      params: {},
      mask,
      snippet: { lines: `${'`'.repeat(2_000)}${'😀 line\n'.repeat(20_000)}` },
    });
    assert.ok(bytesOf(text) <= textBytesMax, `${bytesOf(text)} bytes`);
    assert.match(text, /\[Details\]\(https:\/\/d+\.test\/#\/namespaces\/n\/pipelineruns\/r\)$/);
    assert.match(text, /… and \d+ more/);
    assert.ok(text.split('\n').filter((line) => line.startsWith('| [task')).length <= taskLinesMax);
    assert.ok(text.includes('😀 line\n'));
  });

  it('says spans as people do', () => {
    assert.deepEqual([0, 999, 61_000, 120_000, 3_600_000, 5_025_000].map(spanText), [
      '0s',
      '1s',
      '1m 1s',
      '2m',
      '1h',
      '1h 23m',
    ]);
  });
});

describe('the end of a log', () => {
  it('is its last lines that say something', () => {
    assert.equal(lastLines('a\nb\r\n\u001b[31mc\u001b[0m\n\n\n', 2), 'b\nc');
    assert.equal(lastLines('10%\r20%\rdone', 1), 'done');
    assert.equal(lastLines('a', 0), '');
  });

  it('has findings where the pattern of the settings matches', () => {
    const log =
      './a.go:3:5: bad\nno finding\nb/c.ts:12: worse\n/etc/passwd:1: outside\n:4: no file\nd.c:0: no line\ne.c:7:\n';
    assert.deepEqual(findingsIn(log, settings()), [
      { path: 'a.go', line: 3, message: 'bad', level: 'failure' },
      { path: 'b/c.ts', line: 12, message: 'worse', level: 'failure' },
    ]);
    const logAnnotationPattern = '^(?P<filename>[^:]*[.]ts):(?P<line>[0-9]+):(?P<error>.*)';
    const paths = findingsIn(log, settings({ logAnnotationPattern })).map(({ path }) => path);
    assert.deepEqual(paths, ['b/c.ts']);
    assert.deepEqual(findingsIn(log, settings({ logAnnotations: false })), []);
    assert.deepEqual(findingsIn(log, settings({ logAnnotationPattern: '(' })), []);
  });

  it('is searched no further back than the settings say, and is not asked for too much', () => {
    const log = 'a.c:1:1: x\n'.repeat(200);
    assert.equal(findingsIn(log, settings({ logAnnotationLines: 7 })).length, 7);
    assert.equal(findingsIn(log, settings({ logAnnotationLines: Number.POSITIVE_INFINITY })).length, annotationsMax);
    const pattern = '^(?P<filename>(a+)+):(?P<line>[0-9]+):(?P<error>.*)$';
    assert.deepEqual(findingsIn('a'.repeat(4_000), settings({ logAnnotationPattern: pattern })), []);
  });
});
