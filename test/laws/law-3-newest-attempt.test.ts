/**
 * Law 3: the status follows the newest attempt, whatever dies and whenever. Every place between two calls of the process that
 * shows statuses is a place where it may die: each of them is tried.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTerminal } from '../../src/forge/forge.ts';
import { context, project, ReportRig } from '../support/report-rig.ts';

const minute = 60_000;
/** Far more places than there are: a history that never ends is a fault. */
const boundariesMax = 200;

/** What may be shown. What is over before it could be shown may be left out; the last one not. */
const inOrder = ['build-1 queued', 'build-1 running', 'build-2 queued', 'build-2 running', 'build-2 failed'];

interface History {
  /** Number of the boundary at which the process dies; absent = it lives. */
  readonly diesAt?: number;
  readonly likeGitLab: boolean;
}

interface Told {
  readonly rig: ReportRig;
  readonly boundaries: readonly string[];
}

/** Two attempts, the older of which ends last, with a comment on a pull request; a new process whenever one has died. */
async function tell({ diesAt, likeGitLab }: History): Promise<Told> {
  const rig = new ReportRig({ likeGitLab });
  const boundaries: string[] = [];
  rig.dies = (boundary) => boundaries.push(boundary) - 1 === diesAt;
  await rig.repository('app', { forgejo: { comment_strategy: 'update' } });
  await rig.start();
  const pass = async (): Promise<void> => {
    await rig.settle(minute);
    if (!rig.isAlive) await rig.restart();
    await rig.settle(minute);
  };
  const target = { pullRequest: { number: 7, headProject: project } };
  await rig.run('build-1', { target });
  await pass();
  await rig.begin('build-1');
  await pass();
  await rig.run('build-2', { attempt: 2, target });
  await rig.begin('build-2');
  await pass();
  await rig.end('build-2', 'Failed');
  await pass();
  await rig.end('build-1');
  await pass();
  await rig.settle(10 * minute);
  return { rig, boundaries };
}

describe('law 3: the status follows the newest attempt', () => {
  for (const likeGitLab of [false, true]) {
    it(`wherever the process dies (${likeGitLab ? 'a host like GitLab' : 'a host that takes all'})`, async () => {
      const { boundaries } = await tell({ likeGitLab });
      assert.ok(boundaries.length > 20 && boundaries.length < boundariesMax, `${boundaries.length} places`);
      for (const [diesAt, boundary] of boundaries.entries()) {
        const { rig } = await tell({ diesAt, likeGitLab });
        const where = `dies ${boundary} (${diesAt})`;
        const seen = rig.host.seen(context);
        const told = seen.map(({ externalId, state }) => `${externalId} ${state}`);
        assert.deepEqual(told, [...new Set(told)], `${where}: nothing is shown twice`);
        assert.deepEqual(
          told,
          inOrder.filter((state) => told.includes(state)),
          `${where}: in order, and nothing else`,
        );
        assert.equal(told.at(-1), 'build-2 failed', where);
        assert.ok(!seen.some(({ externalId, state }) => externalId === 'build-1' && isTerminal(state)), where);
        assert.equal(rig.host.comments.size, 1, where);
        assert.match([...rig.host.comments.values()][0]?.body ?? '', /\*\*build\*\* failed/, where);
        const status = await rig.only();
        assert.equal(rig.delivered(status)?.status, 'True', where);
        assert.equal(status.status?.acknowledged?.attempt, 2, where);
        assert.equal(status.spec.report.state, 'failed', where);
      }
    });
  }
});
