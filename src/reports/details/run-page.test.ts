import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StatusReport } from '../../forge/forge.ts';
import type { CommitStatus, CommitStatusStatus } from '../../forge/kinds/commit-status.ts';
import { digestOf } from '../delivery-step.ts';
import { acknowledgedText } from './run-page.ts';

const report: StatusReport = {
  project: { url: 'https://git.test/a/b', owner: 'a', name: 'b' },
  sha: 'c'.repeat(40),
  context: 'CI / build',
  externalId: 'build-2',
  state: 'failed',
  title: 'Task "b" failed',
  text: '',
  annotations: [],
};

function shown(status: CommitStatusStatus): CommitStatus {
  const spec = { repository: 'b', attempt: 2, report };
  return { apiVersion: 'penstock.dev/v1alpha1', kind: 'CommitStatus', metadata: { name: 's' }, spec, status };
}

const at = '2026-01-01T00:00:00Z';

describe('what a page says of the Git host', () => {
  it('is that it shows a status only when it was seen to take this very one', () => {
    const taken = { attempt: 2, state: 'failed', digest: digestOf(report), at, evidence: 'accepted' } as const;
    assert.equal(acknowledgedText(shown({ acknowledged: taken })), `Failed, seen there ${at}`);
    // An older attempt that failed too is not this one.
    const older = { acknowledged: { ...taken, attempt: 1, digest: 'another' } };
    const before = `(before it: Failed, seen there ${at}, attempt 1)`;
    assert.equal(acknowledgedText(shown(older)), `Failed, on its way ${before}`);
    const stale = { ...older, failedDigest: 'of another report', lastError: 'the host is down' };
    assert.equal(acknowledgedText(shown(stale)), `Failed, on its way ${before}`);
    const failing = { ...stale, failedDigest: digestOf(report), nextTryAt: at };
    const why = 'the host is down';
    assert.equal(acknowledgedText(shown(failing)), `Failed, not taken so far: ${why}; next try ${at} ${before}`);
    const conditions = [{ type: 'Delivered', status: 'False', reason: 'GaveUp', message: '' } as const];
    const given = { failedDigest: digestOf(report), lastError: why, conditions };
    assert.equal(acknowledgedText(shown(given)), `Failed, not taken, and given up: ${why}`);
  });
});
