import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definition, onPull, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = {
  '.tekton/build.yaml': definition('build', onPush),
  '.tekton/test.yaml': definition('test', { ...onPush, 'cancel-in-progress': 'true' }),
  '.tekton/pull.yaml': definition('pull', { ...onPull, 'cancel-in-progress': 'true' }),
};

type Moment = 'before' | 'after';

/** Plays `story`, ending the process at call number `at` (of the API and of the host), before or after it is carried out. */
async function interrupted(
  at: number,
  moment: Moment,
  story: (rig: PlannerRig) => Promise<void>,
): Promise<{ readonly rig: PlannerRig; readonly calls: number }> {
  const rig = await PlannerRig.create(files);
  let calls = 0;
  const never = new Promise<never>(() => undefined);
  const isIt = (): boolean => ++calls === at;
  rig.interfere = async (request, next) => {
    if (request.query['watch'] !== undefined || !isIt()) return next(request);
    if (moment === 'after') await next(request);
    rig.crash();
    return never;
  };
  rig.host.before = () => {
    if (!isIt()) return undefined;
    rig.crash();
    return never;
  };
  await story(rig);
  if (at <= calls) {
    rig.interfere = (request, next) => next(request);
    rig.host.before = () => undefined;
    await rig.start();
  }
  await rig.pass(30_000);
  return { rig, calls };
}

async function twoPushes(rig: PlannerRig): Promise<void> {
  await rig.deliver(rig.push());
  await rig.pass(1_000);
  rig.app.commit('main', { a: '2' });
  await rig.deliver(rig.push());
  await rig.pass(1_000);
}

async function comment(rig: PlannerRig): Promise<void> {
  rig.app.commit('feature', { a: '1' });
  const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
  await rig.deliver(rig.comment(pull, 'org', '/test'));
  await rig.pass(1_000);
}

/** What became of each definition of each push: a run, or a notice in its place. */
async function outcomes(rig: PlannerRig, delivery: string): Promise<readonly string[]> {
  const { runs = [], notices = [] } = await rig.status(delivery);
  const there = await rig.runs();
  return runs
    .map(({ definition: name, uid, attempt, name: runName }) => {
      const run = there.find(({ metadata }) => metadata.uid === uid);
      const notice = notices.find(({ externalId }) => externalId === runName);
      const said = run === undefined ? notice?.state : (run.spec.status ?? 'runs');
      return `${name} ${attempt} ${said}${run !== undefined && notice !== undefined ? ' and a notice' : ''}`;
    })
    .sort();
}

async function checkTwoPushes(rig: PlannerRig, where: string): Promise<void> {
  for (const name of ['github-1', 'github-2']) {
    const status = await rig.status(name);
    assert.equal(status.phase, 'Done', `${where}: ${name} ${JSON.stringify(status)}`);
  }
  // The older one of the second definition was cancelled, or it was known before it was made that it is obsolete.
  const [build, test] = await outcomes(rig, 'github-1');
  assert.equal(build, 'build 1 runs', where);
  assert.ok(test === 'test 1 CancelledRunFinally' || test === 'test 1 superseded', `${where}: ${test}`);
  assert.deepEqual(await outcomes(rig, 'github-2'), ['build 1 runs', 'test 1 runs'], where);
  const runs = await rig.runs();
  assert.equal(runs.length, test === 'test 1 superseded' ? 3 : 4, where);
  assert.deepEqual(
    (await rig.secrets()).map(({ metadata }) => metadata.ownerReferences?.[0]?.name ?? '').sort(),
    runs.map(({ metadata }) => metadata.name ?? '').sort(),
    where,
  );
}

describe('a planner that is killed at any call', () => {
  it('leads two pushes to their runs, once each, and cancels only the older one', async () => {
    const whole = await interrupted(Number.POSITIVE_INFINITY, 'before', twoPushes);
    await checkTwoPushes(whole.rig, 'without a crash');
    assert.ok(whole.calls > 20, `${whole.calls} calls`);
    for (let at = 1; at <= whole.calls; at++) {
      for (const moment of ['before', 'after'] as const) {
        const { rig } = await interrupted(at, moment, twoPushes);
        await checkTwoPushes(rig, `${moment} call ${at}`);
      }
    }
  });

  it('leads a comment to its run, once', async () => {
    const whole = await interrupted(Number.POSITIVE_INFINITY, 'before', comment);
    for (let at = 1; at <= whole.calls; at++) {
      for (const moment of ['before', 'after'] as const) {
        const { rig } = await interrupted(at, moment, comment);
        const where = `${moment} call ${at}`;
        assert.equal((await rig.status('github-1')).phase, 'Done', where);
        assert.equal((await rig.runs()).length, 1, where);
        assert.equal((await rig.secrets())[0]?.metadata.ownerReferences?.length, 1, where);
      }
    }
  });
});
