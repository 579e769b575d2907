import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineRun, PipelineTask } from '../types.ts';
import { defaultPipelineRunOptions } from './contract.ts';
import { deadlinesOf, runTimeouts, taskRunTimeoutMs } from './timeouts.ts';

type Timeouts = NonNullable<PipelineRun['spec']['timeouts']>;

const minuteMs = 60_000;
const runWith = (timeouts: Timeouts | undefined): PipelineRun => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata: { name: 'run' },
  spec: timeouts === undefined ? {} : { timeouts },
});

describe('runTimeouts', () => {
  const cases: readonly (readonly [
    Timeouts | undefined,
    number | undefined,
    number | undefined,
    number | undefined,
  ])[] = [
    [undefined, 60, undefined, undefined],
    [{}, 60, undefined, undefined],
    [{ pipeline: '2h' }, 120, undefined, undefined],
    [{ pipeline: '0' }, undefined, undefined, undefined],
    [{ tasks: '40m' }, 60, 40, 20],
    [{ finally: '15m' }, 60, 45, 15],
    [{ pipeline: '1h30m', tasks: '1h' }, 90, 60, 30],
    [{ pipeline: '1h', tasks: '30m', finally: '10m' }, 60, 30, 10],
    [{ pipeline: '0', tasks: '30m' }, undefined, 30, undefined],
    [{ pipeline: '0', finally: '30m' }, undefined, undefined, 30],
    [{ pipeline: '0', tasks: '0' }, undefined, undefined, undefined],
    [{ pipeline: '1h', tasks: '1h' }, 60, 60, undefined],
  ];
  for (const [given, pipeline, tasks, final] of cases) {
    it(`${JSON.stringify(given)} gives ${pipeline}, ${tasks}, ${final} minutes`, () => {
      const { pipelineMs, tasksMs, finallyMs } = runTimeouts(runWith(given), defaultPipelineRunOptions);
      const ms = (minutes: number | undefined): number | undefined => minutes && minutes * minuteMs;
      assert.deepEqual([pipelineMs, tasksMs, finallyMs], [ms(pipeline), ms(tasks), ms(final)]);
    });
  }
});

describe('taskRunTimeoutMs', () => {
  const cases: readonly (readonly [
    string,
    Timeouts,
    Partial<PipelineTask>,
    string | undefined,
    'tasks' | 'finally',
    number,
  ])[] = [
    ['the default', {}, {}, undefined, 'tasks', 60],
    ['its own', {}, { timeout: '5m' }, undefined, 'tasks', 5],
    ['its own, none', {}, { timeout: '0' }, undefined, 'tasks', 0],
    ['the override before its own', {}, { timeout: '5m' }, '7m', 'tasks', 7],
    ['a longer limit for tasks', { pipeline: '3h', tasks: '2h' }, {}, undefined, 'tasks', 120],
    ['not a shorter limit for tasks', { tasks: '10m' }, {}, undefined, 'tasks', 60],
    ['a derived longer limit', { pipeline: '3h', tasks: '1h' }, {}, undefined, 'finally', 120],
    ['no limit for tasks', { pipeline: '0', tasks: '0' }, {}, undefined, 'tasks', 0],
  ];
  for (const [name, timeouts, task, override, part, minutes] of cases) {
    it(`takes ${name}`, () => {
      const entry = override === undefined ? undefined : { timeout: override };
      const run = runWith(timeouts);
      const ms = taskRunTimeoutMs(run, { name: 't', ...task }, entry, part, defaultPipelineRunOptions);
      assert.equal(ms, minutes * minuteMs);
    });
  }
});

describe('deadlinesOf', () => {
  it('never acts early on a start that was stored in whole seconds', () => {
    const timeouts = runTimeouts(runWith({ pipeline: '1s' }), defaultPipelineRunOptions);
    const passedAt = (nowMs: number): boolean => deadlinesOf(timeouts, 5_000, undefined, nowMs).pipelinePassed;
    // It may have started at 5.999 s.
    assert.deepEqual([6_000, 6_998, 6_999].map(passedAt), [false, false, true]);
  });
});
