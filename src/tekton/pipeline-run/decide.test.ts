import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { created, embedded, stopped, World } from './decision-fixture.ts';

const guardFalse = [{ input: 'a', operator: 'in', values: ['b'] }] as const;
const guardTrue = [{ input: 'a', operator: 'in', values: ['a'] }] as const;
const minuteMs = 60_000;

describe('a run from start to end', () => {
  it('starts what has no parents, then what follows, and succeeds', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a'), embedded('b', { runAfter: ['a'] }), embedded('c', { runAfter: ['a'] })] },
    });
    assert.deepEqual(created(world.pass()), ['a']);
    assert.equal(world.verdict, 'Unknown/Running');
    assert.equal(world.message, 'Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 3, Skipped: 0');
    assert.deepEqual(world.pass(), []);
    world.end('a', true);
    assert.deepEqual(created(world.pass()), ['b', 'c']);
    world.end('b', true);
    world.end('c', true);
    world.tick(5000);
    world.pass();
    assert.equal(world.verdict, 'True/Succeeded');
    assert.equal(world.message, 'Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0');
    assert.equal(world.status.startTime, '2026-11-21T08:00:00Z');
    assert.equal(world.status.completionTime, '2026-11-21T08:00:05Z');
    assert.deepEqual(
      world.status.childReferences?.map(({ name, pipelineTaskName }) => `${name}=${pipelineTaskName}`),
      ['run-a=a', 'run-b=b', 'run-c=c'],
    );
  });

  it('answers with the same status when nothing changed', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a', { when: guardTrue }), embedded('b', { when: guardFalse })] },
    });
    world.pass();
    const before = world.status;
    world.tick(30_000);
    world.pass();
    assert.deepEqual(world.status, before);
  });

  it('leaves a run alone that another controller manages, or that is being deleted', () => {
    const foreign = new World({ pipeline: { tasks: [embedded('a')] }, spec: { managedBy: 'example.com/other' } });
    assert.deepEqual(foreign.pass(), []);
    assert.deepEqual(foreign.status, {});
    const deleted = new World({ pipeline: { tasks: [embedded('a')] } });
    deleted.run = { ...deleted.run, metadata: { ...deleted.run.metadata, deletionTimestamp: '2026-11-21T08:00:00Z' } };
    assert.deepEqual(deleted.pass(), []);
  });

  it('asks for the next deadline', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a')] },
      spec: { timeouts: { pipeline: '1h', tasks: '10m' } },
    });
    world.pass();
    world.tick(minuteMs);
    const decision = world.decide();
    assert.equal(decision.kind === 'act' && decision.requeueAfterMs, 9 * minuteMs);
  });

  it('names the Tasks and Pipelines that must be read instead of failing on an empty cache', () => {
    const world = new World({ pipeline: { tasks: [{ name: 'a', taskRef: { name: 'build' } }] } });
    world.pass();
    assert.equal(world.verdict, 'False/CouldntGetTask');
    assert.equal(
      world.message,
      '[User error] pipeline task "a" refers to Task "build", which does not exist in namespace "ns"',
    );
  });
});

describe('skip rules', () => {
  it('a false guard skips its task but not those that only wait for it', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a', { when: guardFalse }), embedded('b', { runAfter: ['a'] })] },
    });
    assert.deepEqual(created(world.pass()), ['b']);
    assert.deepEqual(world.skips, ['a: When Expressions evaluated to false']);
    assert.deepEqual(world.status.skippedTasks?.[0]?.whenExpressions, guardFalse);
    world.end('b', true);
    world.pass();
    assert.equal(world.verdict, 'True/Completed');
    assert.equal(world.message, 'Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 1');
  });

  it('a false guard skips those that need its result, and all of theirs', () => {
    const needs = [{ name: 'p', value: '$(tasks.a.results.r)' }];
    const world = new World({
      pipeline: {
        tasks: [
          embedded('a', { when: guardFalse }, ['r']),
          embedded('b', { params: needs }),
          embedded('c', { runAfter: ['b'] }),
          embedded('d', { runAfter: ['c'] }),
        ],
      },
    });
    assert.deepEqual(world.pass(), []);
    assert.deepEqual(world.skips, [
      'a: When Expressions evaluated to false',
      'b: Results were missing',
      'c: Parent Tasks were skipped',
      'd: Parent Tasks were skipped',
    ]);
    assert.equal(world.verdict, 'True/Completed');
  });

  it('a guard on a missing result counts as a missing result', () => {
    const when = [{ input: '$(tasks.a.results.r)', operator: 'in', values: ['x'] }] as const;
    const world = new World({
      pipeline: { tasks: [embedded('a', { when: guardFalse }, ['r']), embedded('b', { when })] },
    });
    world.pass();
    assert.deepEqual(world.skips, ['a: When Expressions evaluated to false', 'b: Results were missing']);
  });

  it('a guard sees results', () => {
    const when = [{ input: '$(tasks.a.results.r)', operator: 'in', values: ['go'] }] as const;
    for (const [value, expected] of [
      ['go', ['b']],
      ['stay', []],
    ] as const) {
      const world = new World({ pipeline: { tasks: [embedded('a', {}, ['r']), embedded('b', { when })] } });
      world.pass();
      world.end('a', true, { r: value });
      assert.deepEqual(created(world.pass()), expected);
    }
  });

  it('a failure stops what has not started, lets the rest finish, and runs finally', () => {
    const world = new World({
      pipeline: {
        tasks: [embedded('a'), embedded('b'), embedded('c', { runAfter: ['b'] })],
        finally: [embedded('f')],
      },
    });
    world.pass();
    world.end('a', false);
    assert.deepEqual(world.pass(), []);
    assert.equal(world.verdict, 'Unknown/Running');
    assert.deepEqual(world.skips, ['c: PipelineRun was stopping']);
    world.end('b', true);
    assert.deepEqual(created(world.pass()), ['f']);
    assert.ok(world.status.finallyStartTime);
    world.end('f', true);
    world.pass();
    assert.equal(world.verdict, 'False/Failed');
    assert.equal(world.message, 'Tasks Completed: 3 (Failed: 1, Cancelled 0), Skipped: 1');
  });

  it('tells tasks whose end nobody knows from tasks that failed (law 2)', () => {
    const world = new World({ pipeline: { tasks: [embedded('a'), embedded('b')] } });
    world.pass();
    world.end('a', 'EvidenceLost');
    world.end('b', true);
    world.pass();
    assert.equal(world.verdict, 'False/EvidenceLost');
    assert.equal(world.message, 'Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0, Evidence Lost: 1 ("a")');
  });

  it('has failed when one task did, whatever was lost beside it', () => {
    const world = new World({ pipeline: { tasks: [embedded('a'), embedded('b')] } });
    world.pass();
    world.end('a', 'PodEvicted');
    world.end('b', false);
    world.pass();
    assert.equal(world.verdict, 'False/Failed');
    assert.match(world.message, /Failed: 2, .*, Evidence Lost: 1 \("a"\)$/);
  });

  it('onError continue: the failure is counted and ignored', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a', { onError: 'continue' }), embedded('b', { runAfter: ['a'] })] },
    });
    world.pass();
    world.end('a', 'FailureIgnored');
    assert.deepEqual(created(world.pass()), ['b']);
    world.end('b', true);
    world.pass();
    assert.equal(world.verdict, 'True/Succeeded');
    assert.equal(world.message, 'Tasks Completed: 2 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0');
  });

  it('a result that never came fails the run, holds back the whole wave, and runs finally', () => {
    const needs = [{ name: 'p', value: '$(tasks.a.results.r)' }];
    const world = new World({
      pipeline: {
        tasks: [embedded('a', {}, ['r']), embedded('b', { params: needs }), embedded('c', { runAfter: ['a'] })],
        finally: [embedded('f'), embedded('g', { params: needs })],
      },
    });
    world.pass();
    world.end('a', true);
    assert.deepEqual(created(world.pass()), ['f']);
    assert.deepEqual(world.skips, ['c: PipelineRun was stopping', 'g: Results were missing']);
    world.end('f', true);
    world.pass();
    assert.equal(world.verdict, 'False/PipelineValidationFailed');
    assert.equal(
      world.message,
      'Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 2, Failed Validation: 1 ' +
        '(task "b" needs result "r" of task "a", which ended Succeeded without it)',
    );
  });

  it('a task that may fail is skipped when a result it needs never came', () => {
    const needs = [{ name: 'p', value: '$(tasks.a.results.r)' }];
    const world = new World({
      pipeline: { tasks: [embedded('a', {}, ['r']), embedded('b', { params: needs, onError: 'continue' })] },
    });
    world.pass();
    world.end('a', true);
    world.pass();
    assert.deepEqual(world.skips, ['b: Results were missing']);
    assert.equal(world.verdict, 'True/Completed');
  });

  it('a cancelled child stops the run as a failure does, and ends it Cancelled', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a'), embedded('b', { runAfter: ['a'] })], finally: [embedded('f')] },
    });
    world.pass();
    world.end('a', 'TaskRunCancelled');
    assert.deepEqual(created(world.pass()), ['f']);
    assert.equal(world.verdict, 'Unknown/PipelineRunStopping');
    world.end('f', true);
    world.pass();
    assert.equal(world.verdict, 'False/Cancelled');
    assert.equal(world.message, 'Tasks Completed: 2 (Failed: 0, Cancelled 1), Skipped: 1');
  });

  it('a failed final task fails the run; a final guard is shown when it was the reason', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a')], finally: [embedded('f'), embedded('g', { when: guardFalse })] },
    });
    world.pass();
    world.end('a', true);
    world.pass();
    world.end('f', false);
    world.pass();
    assert.equal(world.verdict, 'False/Failed');
    assert.deepEqual(world.status.skippedTasks, [
      { name: 'g', reason: 'When Expressions evaluated to false', whenExpressions: guardFalse },
    ]);
  });
});

describe('results and variables', () => {
  it('gives results of tasks to params, of failed tasks too', () => {
    const params = [{ name: 'p', value: 'got $(tasks.a.results.r)' }];
    const world = new World({
      pipeline: { tasks: [embedded('a', { onError: 'continue' }, ['r']), embedded('b', { params })] },
    });
    world.pass();
    world.end('a', 'FailureIgnored', { r: 'it' });
    world.pass();
    assert.deepEqual(world.child('b').spec.params, [{ name: 'p', value: 'got it' }]);
  });

  it('tells finally how the tasks ended', () => {
    const names = [
      'tasks.a.status',
      'tasks.a.reason',
      'tasks.b.status',
      'tasks.c.status',
      'tasks.c.reason',
      'tasks.status',
    ];
    const params = names.map((name, index) => ({ name: `p${index}`, value: `$(${name})` }));
    const world = new World({
      pipeline: {
        tasks: [embedded('a'), embedded('b', { runAfter: ['a'] }), embedded('c')],
        finally: [embedded('f', { params })],
      },
    });
    world.pass();
    world.end('a', 'TaskRunTimeout');
    world.end('c', true);
    world.pass();
    assert.deepEqual(
      world.child('f').spec.params?.map(({ value }) => value),
      ['Failed', 'TaskRunTimeout', 'None', 'Succeeded', 'Succeeded', 'Failed'],
    );
  });

  for (const [outcomes, expected] of [
    [['a', 'b'], 'Succeeded'],
    [['a'], 'Completed'],
  ] as const) {
    it(`tasks.status is ${expected} when ${outcomes.join(' and ')} ran`, () => {
      const params = [{ name: 'p', value: '$(tasks.status)' }];
      const when = outcomes.length === 2 ? guardTrue : guardFalse;
      const world = new World({
        pipeline: { tasks: [embedded('a'), embedded('b', { when })], finally: [embedded('f', { params })] },
      });
      world.pass();
      for (const name of outcomes) world.end(name, true);
      world.pass();
      assert.deepEqual(world.child('f').spec.params, [{ name: 'p', value: expected }]);
    });
  }

  it('tasks.status is Failed also when the failure is ignored, as in Tekton', () => {
    const params = [{ name: 'p', value: '$(tasks.status)' }];
    const world = new World({
      pipeline: { tasks: [embedded('a', { onError: 'continue' })], finally: [embedded('f', { params })] },
    });
    world.pass();
    world.end('a', 'FailureIgnored');
    world.pass();
    assert.deepEqual(world.child('f').spec.params, [{ name: 'p', value: 'Failed' }]);
  });

  it('computes results of the run, leaving out those of skipped tasks', () => {
    const results = [
      { name: 'text', value: 'r is $(tasks.a.results.r)' },
      { name: 'late', value: '$(finally.f.results.x)' },
      { name: 'list', value: '$(tasks.a.results.l[*])' },
      { name: 'gone', value: '$(tasks.b.results.r)' },
    ];
    const world = new World({
      pipeline: {
        tasks: [embedded('a', {}, ['r', 'l']), embedded('b', { when: guardFalse }, ['r'])],
        finally: [embedded('f', {}, ['x'])],
        results,
      },
    });
    world.pass();
    world.end('a', true, { r: '1', l: ['x', 'y'] });
    world.pass();
    world.end('f', true, { x: 'z' });
    world.pass();
    assert.deepEqual(world.status.results, [
      { name: 'text', value: 'r is 1' },
      { name: 'late', value: 'z' },
      { name: 'list', value: ['x', 'y'] },
    ]);
  });

  it('what a task shows while it runs is no result yet: another attempt may follow', () => {
    const world = new World({
      pipeline: {
        tasks: [embedded('a', { onError: 'continue' }, ['r']), embedded('b')],
        results: [{ name: 'out', value: '$(tasks.a.results.r)' }],
      },
      spec: { timeouts: { pipeline: '1m' } },
    });
    world.pass();
    const child = world.child('a');
    const status = {
      results: [{ name: 'r', value: 'half' }],
      conditions: [{ type: 'Succeeded', status: 'Unknown' }],
    } as const;
    world.taskRuns.set(child.metadata.name ?? '', { ...child, status });
    world.end('b', true);
    world.tick(61_000);
    world.pass();
    assert.equal(world.verdict, 'False/PipelineRunTimeout');
    assert.equal(world.status.results, undefined);
  });

  it('a result of which an element or key is missing is named with it', () => {
    const world = new World({
      pipeline: {
        tasks: [
          { name: 'a', taskSpec: { results: [{ name: 'l', type: 'array' }], steps: [{ image: 'x', script: 'true' }] } },
        ],
        results: [{ name: 'out', value: '$(tasks.a.results.l[7])' }],
      },
    });
    world.pass();
    world.end('a', true, { l: ['x'] });
    world.pass();
    assert.equal(world.verdict, 'False/CouldntGetPipelineResult');
    assert.equal(world.message, 'pipeline result "out" needs result "l[7]" of task "a", which succeeded without it');
  });

  it('a succeeded task that owes a result of the run makes it fail, but only a run that would succeed', () => {
    for (const [ok, verdict] of [
      [true, 'False/CouldntGetPipelineResult'],
      [false, 'False/Failed'],
    ] as const) {
      const world = new World({
        pipeline: {
          tasks: [embedded('a', {}, ['r']), embedded('b')],
          results: [{ name: 'out', value: '$(tasks.a.results.r)' }],
        },
      });
      world.pass();
      world.end('a', true);
      world.end('b', ok);
      world.pass();
      assert.equal(world.verdict, verdict);
    }
  });
});

describe('cancel, stop and pending', () => {
  const pipeline = {
    tasks: [embedded('a', { retries: 2 }), embedded('b', { runAfter: ['a'] })],
    finally: [embedded('f')],
  };

  it('Cancelled: children are told at once, nothing starts, the run ends without waiting', () => {
    const world = new World({ pipeline });
    world.pass();
    world.ask('Cancelled');
    const actions = world.pass();
    assert.deepEqual(stopped(actions), ['a']);
    assert.deepEqual(created(actions), []);
    assert.equal(world.verdict, 'False/Cancelled');
    assert.equal(world.message, 'PipelineRun "run" was cancelled');
    assert.ok(world.status.completionTime);
    assert.deepEqual(world.skips, []);
    assert.equal(
      world.child('a').spec.statusMessage,
      'TaskRun cancelled as the PipelineRun it belongs to has been cancelled.',
    );
    assert.deepEqual(world.pass(), []);
  });

  it('Cancelled says by whom when the run carries that', () => {
    const world = new World({ pipeline });
    world.run = {
      ...world.run,
      metadata: { ...world.run.metadata, annotations: { 'penstock.dev/cancelled-by': 'ada' } },
    };
    world.ask('Cancelled');
    world.pass();
    assert.equal(world.message, 'PipelineRun "run" was cancelled by ada');
  });

  it('a child that appears after the run was cancelled is told to stop too', () => {
    const late = new World({ pipeline });
    late.pass();
    const child = late.child('a');
    late.taskRuns.clear();
    late.ask('Cancelled');
    late.pass();
    late.taskRuns.set('run-a', child);
    assert.deepEqual(stopped(late.pass()), ['a']);
    assert.deepEqual(late.pass(), []);
    assert.equal(late.verdict, 'False/Cancelled');
  });

  it('CancelledRunFinally: stops the tasks, runs finally, ends Cancelled', () => {
    const world = new World({ pipeline });
    world.pass();
    world.ask('CancelledRunFinally');
    assert.deepEqual(stopped(world.pass()), ['a']);
    assert.equal(world.verdict, 'Unknown/CancelledRunningFinally');
    assert.deepEqual(world.skips, ['b: PipelineRun was gracefully cancelled']);
    world.obeyCancels();
    assert.deepEqual(created(world.pass()), ['f']);
    assert.deepEqual(stopped(world.pass()), []);
    world.end('f', true);
    world.pass();
    assert.equal(world.verdict, 'False/Cancelled');
    assert.equal(world.message, 'PipelineRun "run" was cancelled');
  });

  it('StoppedRunFinally: lets a task exhaust its retries, runs finally, Cancelled if all went well', () => {
    for (const [outcome, verdict] of [
      [true, 'False/Cancelled'],
      [false, 'False/Failed'],
    ] as const) {
      const world = new World({ pipeline });
      world.pass();
      world.ask('StoppedRunFinally');
      assert.deepEqual(world.pass(), []);
      assert.equal(world.verdict, 'Unknown/StoppedRunningFinally');
      assert.equal(world.child('a').spec.retries, 2);
      world.end('a', outcome);
      assert.deepEqual(created(world.pass()), ['f']);
      world.end('f', true);
      world.pass();
      assert.equal(world.verdict, verdict);
    }
  });

  it('Cancelled after StoppedRunFinally stops finally too', () => {
    const world = new World({ pipeline });
    world.pass();
    world.ask('StoppedRunFinally');
    world.end('a', true);
    world.pass();
    world.ask('Cancelled');
    assert.deepEqual(stopped(world.pass()), ['f']);
    assert.equal(world.verdict, 'False/Cancelled');
  });

  it('pending: no start, no children, no look at the pipeline; cleared, it starts and time counts from there', () => {
    const world = new World({
      pipeline: { tasks: [{ name: 'a', taskRef: { name: 'unknown' } }] },
      spec: { status: 'PipelineRunPending' },
    });
    assert.deepEqual(world.pass(), []);
    assert.equal(world.verdict, 'Unknown/PipelineRunPending');
    assert.equal(world.message, 'PipelineRun "run" is pending');
    assert.equal(world.status.startTime, undefined);
    const before = world.status;
    world.tick(120 * minuteMs);
    world.pass();
    assert.deepEqual(world.status, before);

    const started = new World({ pipeline, spec: { status: 'PipelineRunPending' } });
    started.pass();
    started.tick(120 * minuteMs);
    started.ask('');
    assert.deepEqual(created(started.pass()), ['a']);
    assert.equal(started.status.startTime, '2026-11-21T10:00:00Z');
    assert.equal(started.verdict, 'Unknown/Running');
  });

  it('pending, then Cancelled: ends without ever having started', () => {
    const world = new World({ pipeline, spec: { status: 'PipelineRunPending' } });
    world.pass();
    world.ask('Cancelled');
    assert.deepEqual(world.pass(), []);
    assert.equal(world.verdict, 'False/Cancelled');
    assert.equal(world.status.startTime, undefined);
    assert.ok(world.status.completionTime);
  });

  for (const [ask, reason] of [
    ['CancelledRunFinally', 'PipelineRun was gracefully cancelled'],
    ['StoppedRunFinally', 'PipelineRun was gracefully stopped'],
  ] as const) {
    it(`pending, then ${ask}: only finally runs`, () => {
      const world = new World({ pipeline, spec: { status: 'PipelineRunPending' } });
      world.pass();
      world.ask(ask);
      assert.deepEqual(created(world.pass()), ['f']);
      assert.deepEqual(world.skips, [`a: ${reason}`, `b: ${reason}`]);
      world.end('f', true);
      world.pass();
      assert.equal(world.verdict, 'False/Cancelled');
    });
  }
});

describe('timeouts', () => {
  const pipeline = { tasks: [embedded('a'), embedded('b', { runAfter: ['a'] })], finally: [embedded('f')] };

  it('pipeline: everything stops, finally does not run, the run ends at once', () => {
    const world = new World({ pipeline, spec: { timeouts: { pipeline: '10m' } } });
    world.pass();
    world.tick(10 * minuteMs);
    const actions = world.pass();
    assert.deepEqual([stopped(actions), created(actions)], [['a'], []]);
    assert.equal(world.verdict, 'False/PipelineRunTimeout');
    assert.equal(world.message, 'PipelineRun "run" failed to finish within "10m0s"');
    assert.deepEqual(world.skips, ['b: PipelineRun timeout has been reached']);
    assert.equal(
      world.child('a').spec.statusMessage,
      'TaskRun cancelled as the PipelineRun it belongs to has timed out.',
    );
  });

  it('tasks: the tasks stop, finally runs, the run ends timed out', () => {
    const world = new World({ pipeline, spec: { timeouts: { pipeline: '1h', tasks: '10m' } } });
    world.pass();
    world.tick(10 * minuteMs);
    assert.deepEqual(stopped(world.pass()), ['a']);
    assert.equal(world.verdict, 'Unknown/PipelineRunTimeoutRunningFinally');
    assert.deepEqual(world.skips, ['b: PipelineRun Tasks timeout has been reached']);
    world.obeyCancels();
    assert.deepEqual(created(world.pass()), ['f']);
    world.end('f', true);
    world.pass();
    assert.equal(world.verdict, 'False/PipelineRunTimeout');
    assert.equal(world.message, 'PipelineRun "run" failed due to tasks failed to finish within "10m0s"');
  });

  it('finally: final tasks stop when their time is up, which fails the run', () => {
    const world = new World({ pipeline, spec: { timeouts: { pipeline: '1h', finally: '5m' } } });
    world.pass();
    world.end('a', true);
    world.pass();
    world.end('b', true);
    world.tick(minuteMs);
    assert.deepEqual(created(world.pass()), ['f']);
    world.tick(2 * minuteMs);
    const decision = world.decide();
    assert.equal(decision.kind === 'act' && decision.requeueAfterMs, 3 * minuteMs);
    world.tick(3 * minuteMs);
    assert.deepEqual(stopped(world.pass()), ['f']);
    world.obeyCancels();
    world.pass();
    assert.equal(world.verdict, 'False/Failed');
  });

  it('law 1: a deadline that passes after the work has ended is not a timeout', () => {
    const tasks = new World({ pipeline, spec: { timeouts: { pipeline: '1h', tasks: '10m' } } });
    tasks.pass();
    tasks.end('a', true);
    tasks.pass();
    tasks.end('b', true);
    tasks.pass();
    tasks.tick(20 * minuteMs);
    tasks.end('f', true);
    tasks.pass();
    assert.equal(tasks.verdict, 'True/Succeeded');

    const down = new World({ pipeline: { tasks: [embedded('a')] }, spec: { timeouts: { pipeline: '10m' } } });
    down.pass();
    down.tick(minuteMs);
    down.end('a', true);
    down.tick(60 * minuteMs);
    down.pass();
    assert.equal(down.verdict, 'True/Succeeded');
  });

  it('but work that ended after the deadline is, whenever we look', () => {
    const world = new World({ pipeline: { tasks: [embedded('a')] }, spec: { timeouts: { pipeline: '10m' } } });
    world.pass();
    world.tick(11 * minuteMs);
    world.end('a', true);
    world.pass();
    assert.equal(world.verdict, 'False/PipelineRunTimeout');
  });

  it('without finally a tasks timeout ends the run at once', () => {
    const world = new World({
      pipeline: { tasks: [embedded('a')] },
      spec: { timeouts: { pipeline: '1h', tasks: '10m' } },
    });
    world.pass();
    world.tick(10 * minuteMs);
    assert.deepEqual(stopped(world.pass()), ['a']);
    assert.equal(world.verdict, 'False/PipelineRunTimeout');
  });

  it('a timeout of 0 never passes', () => {
    const world = new World({ pipeline: { tasks: [embedded('a')] }, spec: { timeouts: { pipeline: '0' } } });
    world.pass();
    world.tick(1000 * 60 * minuteMs);
    assert.deepEqual(world.pass(), []);
    assert.equal(world.verdict, 'Unknown/Running');
  });
});
