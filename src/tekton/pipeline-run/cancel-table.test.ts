/**
 * What `spec.status` does to a run in every state it may be in, together with retries, finally and timeouts
 * (reference: Tekton's own behaviour, and laws 4 and 8).
 *
 * A script is a line of words: `pass` decides and acts, `ask:X` sets `spec.status` (`ask:` clears it), `a=ok` and
 * `a=bad` end the child of task `a`, `obey` ends all that were told to stop, `+5m` lets time pass. Each `pass` adds to
 * the trace what was created (`+a`), what was told to stop (`-a`) and the condition.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineRunSpec, PipelineSpec } from '../types.ts';
import { created, embedded, startMs, stopped, World } from './decision-fixture.ts';

const minuteMs = 60_000;
/** `a`, then `b`; `a` may fail twice before it counts. */
const tasks = [embedded('a', { retries: 2 }), embedded('b', { runAfter: ['a'] })];
const plain: PipelineSpec = { tasks };
const withFinally: PipelineSpec = { tasks, finally: [embedded('f')] };

type Timeouts = NonNullable<PipelineRunSpec['timeouts']>;
interface Case {
  readonly script: string;
  readonly trace: string;
  readonly skips?: string;
  readonly pipeline?: PipelineSpec;
  readonly timeouts?: Timeouts;
}

const b = { cancelled: 'b: PipelineRun was gracefully cancelled', stopped: 'b: PipelineRun was gracefully stopped' };
const both = (reason: string): string => `a: ${reason}, b: ${reason}`;

function play(world: World, script: string): string {
  const trace: string[] = [];
  for (const word of script.split(' ')) {
    if (word === 'pass') {
      const actions = world.pass();
      const changes = [...created(actions).map((name) => `+${name}`), ...stopped(actions).map((name) => `-${name}`)];
      trace.push([...changes, world.verdict].join(' '));
    } else if (word === 'obey') world.obeyCancels();
    else if (word.startsWith('ask:')) world.ask(word.slice(4) as NonNullable<PipelineRunSpec['status']>);
    else if (word.startsWith('+')) world.tick(Number.parseInt(word.slice(1), 10) * minuteMs);
    else {
      const [task = '', outcome] = word.split('=');
      world.end(task, outcome === 'ok');
    }
  }
  return trace.join(' | ');
}

function table(state: string, spec: Partial<PipelineRunSpec>, cases: Readonly<Record<string, Case>>): void {
  describe(state, () => {
    for (const [title, { script, trace, skips, pipeline = withFinally, timeouts }] of Object.entries(cases)) {
      it(title, () => {
        const world = new World({ pipeline, spec: { ...spec, ...(timeouts ? { timeouts } : {}) } });
        assert.equal(play(world, script), trace);
        if (skips !== undefined) assert.equal(world.skips.join(', '), skips);
        const settled = world.status;
        if (settled.completionTime !== undefined) {
          world.tick(minuteMs);
          world.pass();
          assert.deepEqual(world.status, settled, 'a verdict does not change');
        }
      });
    }
  });
}

const pending = { status: 'PipelineRunPending' } as const;

table('a pending run', pending, {
  'waits for as long as it is pending, and times out never': {
    script: 'pass +120m pass',
    trace: 'Unknown/PipelineRunPending | Unknown/PipelineRunPending',
    timeouts: { pipeline: '10m' },
  },
  'starts when it is cleared, and its time counts from there': {
    script: 'pass +120m ask: pass +9m pass +1m pass',
    trace: 'Unknown/PipelineRunPending | +a Unknown/Running | Unknown/Running | -a False/PipelineRunTimeout',
    timeouts: { pipeline: '10m' },
  },
  'has the whole of its tasks timeout left': {
    script: 'pass +120m ask: pass +5m pass obey pass f=ok pass',
    trace:
      'Unknown/PipelineRunPending | +a Unknown/Running | -a Unknown/PipelineRunTimeoutRunningFinally | ' +
      '+f Unknown/PipelineRunTimeoutRunningFinally | False/PipelineRunTimeout',
    timeouts: { pipeline: '10m', tasks: '5m' },
  },
  'Cancelled ends at once': {
    script: 'pass ask:Cancelled pass',
    trace: 'Unknown/PipelineRunPending | False/Cancelled',
    skips: '',
  },
  'Cancelled ends at once, also before anyone has looked': {
    script: 'ask:Cancelled pass',
    trace: 'False/Cancelled',
    skips: '',
  },
  'CancelledRunFinally runs finally and nothing else': {
    script: 'pass ask:CancelledRunFinally pass f=ok pass',
    trace: 'Unknown/PipelineRunPending | +f Unknown/CancelledRunningFinally | False/Cancelled',
    skips: both('PipelineRun was gracefully cancelled'),
  },
  'StoppedRunFinally runs finally and nothing else': {
    script: 'pass ask:StoppedRunFinally pass f=ok pass',
    trace: 'Unknown/PipelineRunPending | +f Unknown/StoppedRunningFinally | False/Cancelled',
    skips: both('PipelineRun was gracefully stopped'),
  },
  'CancelledRunFinally whose finally fails is Failed': {
    script: 'pass ask:CancelledRunFinally pass f=bad pass',
    trace: 'Unknown/PipelineRunPending | +f Unknown/CancelledRunningFinally | False/Failed',
  },
  'CancelledRunFinally without finally ends at once': {
    script: 'pass ask:CancelledRunFinally pass',
    trace: 'Unknown/PipelineRunPending | False/Cancelled',
    skips: both('PipelineRun was gracefully cancelled'),
    pipeline: plain,
  },
  'StoppedRunFinally without finally ends at once': {
    script: 'pass ask:StoppedRunFinally pass',
    trace: 'Unknown/PipelineRunPending | False/Cancelled',
    skips: both('PipelineRun was gracefully stopped'),
    pipeline: plain,
  },
  'CancelledRunFinally gives finally its own time, from its start': {
    script: 'pass +60m ask:CancelledRunFinally pass +3m pass obey pass',
    trace:
      'Unknown/PipelineRunPending | +f Unknown/CancelledRunningFinally | -f Unknown/CancelledRunningFinally | False/Failed',
    timeouts: { pipeline: '10m', finally: '3m' },
  },
  'CancelledRunFinally is bound by the time of the whole run, from its start': {
    script: 'pass +60m ask:CancelledRunFinally pass +10m pass',
    trace: 'Unknown/PipelineRunPending | +f Unknown/CancelledRunningFinally | -f False/PipelineRunTimeout',
    timeouts: { pipeline: '10m' },
  },
  'CancelledRunFinally, then Cancelled: finally stops too': {
    script: 'pass ask:CancelledRunFinally pass ask:Cancelled pass',
    trace: 'Unknown/PipelineRunPending | +f Unknown/CancelledRunningFinally | -f False/Cancelled',
  },
});

table(
  'a run whose first task runs',
  {},
  {
    'Cancelled stops it, runs no finally, and ends without waiting': {
      script: 'pass ask:Cancelled pass',
      trace: '+a Unknown/Running | -a False/Cancelled',
      skips: '',
    },
    'Cancelled beats a timeout that has passed as well': {
      script: 'pass +10m ask:Cancelled pass',
      trace: '+a Unknown/Running | -a False/Cancelled',
      timeouts: { pipeline: '10m' },
    },
    'CancelledRunFinally stops it, waits for its end, runs finally': {
      script: 'pass ask:CancelledRunFinally pass pass obey pass f=ok pass',
      trace:
        '+a Unknown/Running | -a Unknown/CancelledRunningFinally | Unknown/CancelledRunningFinally | ' +
        '+f Unknown/CancelledRunningFinally | False/Cancelled',
      // A cancelled task counts as one that failed, and that reason comes first, as in Tekton.
      skips: 'b: PipelineRun was stopping',
    },
    'CancelledRunFinally, and the task succeeds all the same': {
      script: 'pass ask:CancelledRunFinally pass a=ok pass f=ok pass',
      trace:
        '+a Unknown/Running | -a Unknown/CancelledRunningFinally | +f Unknown/CancelledRunningFinally | False/Cancelled',
      skips: b.cancelled,
    },
    'CancelledRunFinally, and the task had failed already': {
      script: 'pass a=bad ask:CancelledRunFinally pass f=ok pass',
      trace: '+a Unknown/Running | +f Unknown/CancelledRunningFinally | False/Failed',
      skips: 'b: PipelineRun was stopping',
    },
    'CancelledRunFinally without finally ends when the task has': {
      script: 'pass ask:CancelledRunFinally pass obey pass',
      trace: '+a Unknown/Running | -a Unknown/CancelledRunningFinally | False/Cancelled',
      pipeline: plain,
    },
    'StoppedRunFinally lets it exhaust its retries and succeed': {
      script: 'pass ask:StoppedRunFinally pass a=ok pass f=ok pass',
      trace: '+a Unknown/Running | Unknown/StoppedRunningFinally | +f Unknown/StoppedRunningFinally | False/Cancelled',
      skips: b.stopped,
    },
    'StoppedRunFinally lets it exhaust its retries and fail': {
      script: 'pass ask:StoppedRunFinally pass a=bad pass f=ok pass',
      trace: '+a Unknown/Running | Unknown/StoppedRunningFinally | +f Unknown/StoppedRunningFinally | False/Failed',
    },
    'StoppedRunFinally without finally ends when the task has': {
      script: 'pass ask:StoppedRunFinally pass a=ok pass',
      trace: '+a Unknown/Running | Unknown/StoppedRunningFinally | False/Cancelled',
      pipeline: plain,
    },
    'StoppedRunFinally, then CancelledRunFinally: the task is stopped after all': {
      script: 'pass ask:StoppedRunFinally pass ask:CancelledRunFinally pass obey pass f=ok pass',
      trace:
        '+a Unknown/Running | Unknown/StoppedRunningFinally | -a Unknown/CancelledRunningFinally | ' +
        '+f Unknown/CancelledRunningFinally | False/Cancelled',
    },
    'StoppedRunFinally, then Cancelled: everything is stopped': {
      script: 'pass ask:StoppedRunFinally pass ask:Cancelled pass',
      trace: '+a Unknown/Running | Unknown/StoppedRunningFinally | -a False/Cancelled',
    },
    'CancelledRunFinally, then Cancelled: nobody is told twice': {
      script: 'pass ask:CancelledRunFinally pass ask:Cancelled pass',
      trace: '+a Unknown/Running | -a Unknown/CancelledRunningFinally | False/Cancelled',
    },
    'StoppedRunFinally that is taken back: the run goes on': {
      script: 'pass ask:StoppedRunFinally pass ask: a=ok pass',
      trace: '+a Unknown/Running | Unknown/StoppedRunningFinally | +b Unknown/Running',
      skips: '',
    },
    'StoppedRunFinally does not stop the clock of the tasks': {
      script: 'pass ask:StoppedRunFinally pass +5m pass obey pass f=ok pass',
      trace:
        '+a Unknown/Running | Unknown/StoppedRunningFinally | -a Unknown/PipelineRunTimeoutRunningFinally | ' +
        '+f Unknown/PipelineRunTimeoutRunningFinally | False/PipelineRunTimeout',
      timeouts: { pipeline: '10m', tasks: '5m' },
    },
    'CancelledRunFinally in time: a tasks timeout that passes during finally changes nothing': {
      script: 'pass +4m ask:CancelledRunFinally pass obey pass +2m pass f=ok pass',
      trace:
        '+a Unknown/Running | -a Unknown/CancelledRunningFinally | +f Unknown/CancelledRunningFinally | ' +
        'Unknown/CancelledRunningFinally | False/Cancelled',
      timeouts: { pipeline: '10m', tasks: '5m' },
    },
    'CancelledRunFinally: the time of the whole run ends finally': {
      script: 'pass ask:CancelledRunFinally pass obey pass +10m pass',
      trace:
        '+a Unknown/Running | -a Unknown/CancelledRunningFinally | +f Unknown/CancelledRunningFinally | ' +
        '-f False/PipelineRunTimeout',
      timeouts: { pipeline: '10m' },
    },
  },
);

table(
  'a run whose second task runs',
  {},
  {
    'Cancelled stops that one only': {
      script: 'pass a=ok pass ask:Cancelled pass',
      trace: '+a Unknown/Running | +b Unknown/Running | -b False/Cancelled',
    },
    'CancelledRunFinally stops that one only': {
      script: 'pass a=ok pass ask:CancelledRunFinally pass obey pass f=ok pass',
      trace:
        '+a Unknown/Running | +b Unknown/Running | -b Unknown/CancelledRunningFinally | ' +
        '+f Unknown/CancelledRunningFinally | False/Cancelled',
      skips: '',
    },
    'StoppedRunFinally ends Cancelled even when every task has succeeded': {
      script: 'pass a=ok pass ask:StoppedRunFinally b=ok pass f=ok pass',
      trace: '+a Unknown/Running | +b Unknown/Running | +f Unknown/StoppedRunningFinally | False/Cancelled',
      skips: '',
    },
  },
);

table(
  'a run whose finally runs',
  {},
  {
    'Cancelled stops finally': {
      script: 'pass a=bad pass ask:Cancelled pass',
      trace: '+a Unknown/Running | +f Unknown/Running | -f False/Cancelled',
    },
    'CancelledRunFinally lets finally end; what had failed has failed': {
      script: 'pass a=bad pass ask:CancelledRunFinally pass f=ok pass',
      trace: '+a Unknown/Running | +f Unknown/Running | Unknown/CancelledRunningFinally | False/Failed',
    },
    'StoppedRunFinally lets finally end; what had failed has failed': {
      script: 'pass a=bad pass ask:StoppedRunFinally pass f=ok pass',
      trace: '+a Unknown/Running | +f Unknown/Running | Unknown/StoppedRunningFinally | False/Failed',
    },
    'CancelledRunFinally after every task succeeded ends Cancelled': {
      script: 'pass a=ok pass b=ok pass ask:CancelledRunFinally pass f=ok pass',
      trace:
        '+a Unknown/Running | +b Unknown/Running | +f Unknown/Running | Unknown/CancelledRunningFinally | False/Cancelled',
    },
  },
);

table(
  'a run that is over',
  {},
  {
    'stays what it is, whatever is asked': {
      script: 'pass a=ok pass ask:Cancelled pass ask:CancelledRunFinally pass ask: pass',
      trace: '+a Unknown/Running | True/Succeeded | True/Succeeded | True/Succeeded | True/Succeeded',
      pipeline: { tasks: tasks.slice(0, 1) },
    },
  },
);

describe('the start of a pending run', () => {
  it('is the moment at which it was cleared, and no earlier status shows one', () => {
    const world = new World({ pipeline: withFinally, spec: pending });
    world.pass();
    assert.deepEqual(Object.keys(world.status), ['conditions']);
    assert.equal(world.message, 'PipelineRun "run" is pending');
    world.tick(90 * minuteMs);
    world.ask('');
    world.pass();
    assert.equal(Date.parse(world.status.startTime ?? ''), startMs + 90 * minuteMs);
  });

  it('never comes for a run that is cancelled before', () => {
    const world = new World({ pipeline: withFinally, spec: pending });
    assert.equal(
      play(world, 'pass ask:Cancelled pass +1m ask: pass'),
      'Unknown/PipelineRunPending | False/Cancelled | False/Cancelled',
    );
    assert.equal(world.status.startTime, undefined);
  });
});
