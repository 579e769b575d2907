import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isTerminal, type StatusState } from '../forge/forge.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import { newest, orderOf } from './order.ts';
import { shows, showsDespiteRefusal } from './shown.ts';

const states: readonly StatusState[] = [
  'queued',
  'awaiting_approval',
  'running',
  'succeeded',
  'failed',
  'error',
  'lost',
  'cancelled',
];

function spec(attempt: number, state: StatusState, uid?: string): CommitStatusSpec {
  return {
    repository: 'app',
    attempt,
    report: {
      project: { url: 'https://git.test/a/b', owner: 'a', name: 'b' },
      sha: '1',
      context: 'c',
      externalId: `run-${attempt}`,
      state,
      title: state,
      text: '',
      annotations: [],
    },
    ...(uid === undefined ? {} : { run: { namespace: 'n', name: uid, uid } }),
  };
}

describe('the order of attempts', () => {
  it('lets what is newer pass, and nothing else', () => {
    assert.equal(orderOf(undefined, spec(1, 'queued')), 'write');
    assert.equal(orderOf(spec(1, 'succeeded'), spec(2, 'queued')), 'write');
    assert.equal(orderOf(spec(2, 'queued'), spec(1, 'failed')), 'stale');
    assert.equal(orderOf(spec(1, 'succeeded'), spec(1, 'running')), 'stale');
    assert.equal(orderOf(spec(1, 'running'), spec(1, 'failed')), 'write');
    assert.equal(
      orderOf(spec(1, 'failed'), { ...spec(1, 'failed'), report: { ...spec(1, 'failed').report, text: 'x' } }),
      'same',
    );
    assert.equal(orderOf(spec(1, 'error'), spec(1, 'running', 'u')), 'write', 'a run that was thought not to be there');
  });

  it('whatever comes in whatever order, the greatest attempt is shown, and its end stays an end', () => {
    const arriving = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(...states)), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(arriving, (candidates) => {
        let shown: CommitStatusSpec | undefined;
        for (const [attempt, state] of candidates) {
          const before = shown;
          const candidate = spec(attempt, state, `u${attempt}`);
          if (orderOf(shown, candidate) === 'write') shown = candidate;
          assert.ok(shown !== undefined && shown.attempt >= (before?.attempt ?? 0));
          const sameAttempt = before !== undefined && shown.attempt === before.attempt;
          if (sameAttempt && isTerminal(before.report.state)) assert.ok(isTerminal(shown.report.state));
        }
        assert.equal(shown?.attempt, Math.max(...candidates.map(([attempt]) => attempt)));
      }),
    );
  });

  it('of equal attempts shows a run, and of several always the same one', () => {
    const candidates = [
      { attempt: 2 },
      { attempt: 2, run: { name: 'b', uid: '1' } },
      { attempt: 1, run: { name: 'z', uid: '3' } },
      { attempt: 2, run: { name: 'a', uid: '2' } },
    ];
    for (const some of [candidates, candidates.toReversed()]) assert.equal(newest(some)?.run?.name, 'a');
    assert.equal(newest([]), undefined);
  });
});

describe('what a host shows', () => {
  const { report } = spec(2, 'failed');
  const handle = {};

  it('is the report only with the same word and the same attempt', () => {
    assert.ok(!shows(undefined, report, 'failed'));
    assert.ok(!shows({ state: 'succeeded', hostState: 'success', externalId: 'run-2', handle }, report, 'failed'));
    assert.ok(shows({ state: 'failed', hostState: 'failed', externalId: 'run-2', handle }, report, 'failed'));
    assert.ok(!shows({ state: 'failed', hostState: 'failed', externalId: 'run-1', handle }, report, 'failed'));
  });

  it('is told by its link and its title where the host keeps no more', () => {
    const linked = { ...report, detailsUrl: 'https://p.test/2' };
    const shown = { state: 'failed', hostState: 'failed', handle } as const;
    assert.ok(shows({ ...shown, detailsUrl: 'https://p.test/2' }, linked, 'failed'));
    assert.ok(!shows({ ...shown, detailsUrl: 'https://p.test/1' }, linked, 'failed'));
    const titled = { ...report, title: `${'x'.repeat(50)} and more` };
    assert.ok(shows({ ...shown, title: 'x'.repeat(45) }, titled, 'failed'));
    assert.ok(!shows({ ...shown, title: 'y' }, titled, 'failed'));
    assert.ok(
      !shows({ ...shown, externalId: 'run-2', title: 'y' }, titled, 'failed'),
      'one word may stand for two states',
    );
  });

  it('is the report in other words when the host refused these, and the attempt is known to be shown', () => {
    const shown = { state: 'failed', hostState: 'failed', title: 'y', handle } as const;
    assert.ok(showsDespiteRefusal(shown, report, 'failed', true));
    assert.ok(!showsDespiteRefusal(shown, report, 'failed', false));
    assert.ok(showsDespiteRefusal({ ...shown, title: report.title }, report, 'failed', false));
    assert.ok(showsDespiteRefusal({ ...shown, externalId: 'run-2' }, report, 'failed', false));
    assert.ok(!showsDespiteRefusal({ ...shown, externalId: 'run-1' }, report, 'failed', true));
    assert.ok(!showsDespiteRefusal(shown, report, 'success', true));
  });
});
