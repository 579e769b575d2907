import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StatusState } from '../../forge/forge.ts';
import type { ContextStatus } from '../../forge/git/commit-statuses.ts';
import { statusList, verdictOf } from './status-view.ts';

function status(state: StatusState, members: Partial<ContextStatus> = {}): ContextStatus {
  return { context: 'CI / build', state, title: '', text: '', externalId: '', updatedAt: '', ...members };
}

describe('the statuses of a commit', () => {
  it('are green only when all have ended and one succeeded', () => {
    const verdicts = (...states: readonly StatusState[]): string => verdictOf(states.map((state) => status(state)));

    assert.equal(verdicts(), 'unknown');
    assert.equal(verdicts('succeeded', 'skipped'), 'succeeded');
    for (const state of ['queued', 'awaiting_approval', 'running'] as const) {
      assert.equal(verdicts('succeeded', state), 'unfinished');
      assert.equal(verdicts('failed', state), 'unfinished');
    }
    for (const state of ['failed', 'error', 'lost', 'timed_out', 'cancelled', 'superseded'] as const) {
      assert.equal(verdicts('succeeded', state), 'failed', state);
    }
  });

  it('are shown as a list with spans, the texts of what is not green, and links', () => {
    const statuses = [
      status('succeeded', {
        title: 'All 3 tasks succeeded',
        text: 'not shown',
        url: 'http://p/1',
        startedAt: '2026-11-21T10:00:00Z',
        completedAt: '2026-11-21T10:03:04Z',
      }),
      status('failed', {
        context: 'CI / test',
        title: 'Failed',
        text: '**test** failed\n| Task | Status |\n| --- | --- |\n| unit | Failed |\n\n\n\u001b[31mboom\u001b[0m\u0007\n',
      }),
      status('running', { context: 'CI / x', title: 'Running', startedAt: '2026-11-21T10:03:00Z' }),
    ];

    const text = statusList(
      { sha: 'a'.repeat(40), title: 'Fix', statuses },
      Date.parse('2026-11-21T10:03:12Z'),
      (_s, t) => t,
    );

    assert.equal(
      text,
      [
        'aaaaaaaaaaaa Fix',
        '  ✓ CI / build   succeeded   3m04s   All 3 tasks succeeded',
        '      http://p/1',
        '  ✗ CI / test    failed           ',
        '      test failed',
        '      Task              Status',
        '      unit              Failed',
        '      ',
        '      boom ',
        '  ● CI / x       running       12s',
        '',
      ]
        .map((line) => line.trimEnd())
        .join('\n'),
    );
  });

  it('claims no tenths of seconds that nobody has measured', () => {
    const startedAt = '2026-11-21T10:00:00Z';
    const list = (completedAt: string): string =>
      statusList(
        { sha: 'a'.repeat(40), title: 'Fix', statuses: [status('succeeded', { startedAt, completedAt })] },
        0,
        (_s, t) => t,
      );
    assert.match(list(startedAt), / <1s/);
    assert.match(list('2026-11-21T10:00:01Z'), / 1s/);
  });

  it('says so when nothing is known', () => {
    assert.match(
      statusList({ sha: 'a'.repeat(40), title: '', statuses: [] }, 0, (_s, t) => t),
      /no status is known/,
    );
  });
});
