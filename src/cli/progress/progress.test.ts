import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { Screen } from '../environment.ts';
import { LiveRegion } from './live-region.ts';
import type { RunView, TaskView } from './run-view.ts';
import { Stopwatch } from './stopwatch.ts';
import { formatSpan, paintFor } from './style.ts';
import { renderSummary } from './summary.ts';
import { renderTree } from './tree.ts';

const plain = paintFor(false);
const step = { name: 'compile', container: 'step-compile' };
const task = (members: Partial<TaskView> & Pick<TaskView, 'name' | 'phase'>): TaskView => ({
  steps: [],
  finally: false,
  ...members,
});
const view: RunView = {
  kind: 'PipelineRun',
  namespace: 'default',
  name: 'build-x',
  phase: 'failed',
  reason: 'Failed',
  message: 'Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 1',
  startMs: 0,
  endMs: 65_000,
  tasks: [
    task({ name: 'fetch', phase: 'succeeded', startMs: 0, endMs: 1_200, steps: [{ ...step, phase: 'succeeded' }] }),
    task({
      name: 'compile',
      phase: 'failed',
      reason: 'Failed',
      steps: [{ ...step, phase: 'failed', exitCode: 2, startMs: 10, endMs: 310 }],
    }),
    task({ name: 'ship', phase: 'skipped', reason: 'Parent Tasks were skipped' }),
  ],
};

describe('renderTree', () => {
  it('shows steps where something happens, spans and exit codes', () => {
    assert.deepEqual(renderTree(view, { nowMs: 99_000, paint: plain }), [
      '✗ PipelineRun build-x 1m05s',
      '├─ ✓ fetch   1.2s',
      '├─ ✗ compile Failed',
      '│  └─ ✗ compile 0.3s exit 2',
      '└─ – ship    Parent Tasks were skipped',
    ]);
  });

  it('counts on while something runs', () => {
    const running = {
      ...view,
      phase: 'running' as const,
      tasks: [task({ name: 'a', phase: 'running', startMs: 500 })],
      startMs: 0,
    };
    const { endMs: _end, ...open } = running;
    assert.deepEqual(renderTree(open, { nowMs: 2_500, paint: plain }), ['● PipelineRun build-x 2.5s', '└─ ● a 2.0s']);
  });
});

describe('renderSummary', () => {
  it('gives the verdict, its message and the tasks that failed', () => {
    assert.deepEqual(renderSummary(view, plain), [
      '✗ PipelineRun build-x failed in 1m05s',
      '  Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 1',
      '  ✗ compile failed (Failed)',
    ]);
  });
});

describe('formatSpan', () => {
  it('keeps two parts at most', () => {
    const spans = [0, 349, 9_999, 12_400, 184_000, 7_500_000].map(formatSpan);
    assert.deepEqual(spans, ['0.0s', '0.3s', '10.0s', '12s', '3m04s', '2h05m']);
  });
});

describe('Stopwatch', () => {
  const at = (phase: RunView['phase'], stored: Partial<RunView> = {}): RunView => {
    const { startMs: _start, endMs: _end, ...rest } = view;
    return { ...rest, phase, tasks: [], ...stored };
  };

  it('measures from the first sight of running to the first sight of the end', () => {
    const stopwatch = new Stopwatch();
    stopwatch.time(at('waiting'), 0);
    stopwatch.time(at('running', { startMs: 0 }), 130);
    stopwatch.time(at('running', { startMs: 0 }), 150);
    stopwatch.time(at('succeeded', { startMs: 0, endMs: 1000 }), 400);
    const timed = stopwatch.time(at('succeeded', { startMs: 0, endMs: 1000 }), 900);
    assert.deepEqual([timed.startMs, timed.endMs], [130, 400]);
  });

  it('falls back on stored times, unless their span is less than they can tell', () => {
    const stored = new Stopwatch().time(at('failed', { startMs: 1000, endMs: 4000 }), 9_000);
    assert.deepEqual([stored.startMs, stored.endMs], [1000, 4000]);
    for (const endMs of [1000, 2000]) {
      assert.equal('startMs' in new Stopwatch().time(at('failed', { startMs: 1000, endMs }), 9_000), false);
    }
  });
});

describe('LiveRegion', () => {
  function region(rows: number): { screen: Screen; written: string[]; clock: VirtualClock } {
    const written: string[] = [];
    const screen = {
      write: (text: string) => void written.push(text),
      writeError() {},
      live: true,
      colour: false,
      rows: () => rows,
    };
    return { screen, written, clock: new VirtualClock() };
  }

  it('draws over what it drew, and clears lines that are no more', () => {
    const { screen, written, clock } = region(10);
    let lines = ['one', 'two'];
    const live = new LiveRegion(screen, clock, () => lines);
    live.refresh();
    lines = ['three'];
    live.finish();
    const last = written.at(-2) ?? '';
    assert.ok(last.startsWith('\u001b[2A'), 'goes up over both lines');
    assert.ok(last.includes('\u001b[2Kthree\n\u001b[2K\n\u001b[1A'), 'clears the second');
    assert.equal(written.at(-1), '\u001b[?25h', 'gives the cursor back');
  });

  it('lets others write above it', () => {
    const { screen, written, clock } = region(10);
    const live = new LiveRegion(screen, clock, () => ['one', 'two']);
    live.interject(() => void written.push('before'));
    assert.deepEqual(written, ['before'], 'not drawn yet');
    live.refresh();
    live.interject(() => void written.push('a note\n'));
    assert.deepEqual(written.slice(-3, -1), ['\u001b[2A\r\u001b[J', 'a note\n']);
    assert.ok(
      written.at(-1)?.startsWith('\r') && written.at(-1)?.includes('one\n'),
      'drawn anew from where the cursor is',
    );
  });

  it('counts lines that the terminal has no room for, until the end', () => {
    const { screen, written, clock } = region(4);
    const live = new LiveRegion(screen, clock, () => ['1', '2', '3', '4', '5']);
    live.refresh();
    assert.match(written.at(-1) ?? '', /1\n.*2\n.*… 3 more\n/);
    live.finish();
    assert.match(written.at(-2) ?? '', /1\n.*2\n.*3\n.*4\n.*5\n/);
  });
});
