/** Law 1, call by call: what may pass is asked for again, and nobody is told of a failure. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallFaults } from '../support/call-faults.ts';
import { behaviourOf, drawRun } from '../support/drawn-runs.ts';
import { type ApiFault, ApiFaults } from '../support/git-world/api-faults.ts';
import { PenstockWorld } from '../support/penstock-world.ts';
import { definition, onPush, PlannerRig } from '../support/planner-rig.ts';
import { verdictOf } from '../support/verdicts.ts';
import { type PipelineRun, pipelineRuns } from '../../src/tekton/types.ts';

const refused = (code: number, reason: string, message: string): ApiFault => ({
  kind: 'refuse',
  code,
  reason,
  message,
});

const passing: readonly (readonly [string, ApiFault])[] = [
  ['an overload', refused(429, 'TooManyRequests', 'the server is busy')],
  [
    'a webhook that gives no answer',
    refused(500, 'InternalError', 'failed calling webhook: context deadline exceeded'),
  ],
  ['a gateway without a server', refused(502, 'Unknown', 'bad gateway')],
  ['a server that starts', refused(503, 'ServiceUnavailable', 'apiserver not ready')],
  ['a timeout of the store', refused(504, 'Timeout', 'etcdserver: request timed out')],
  ['a connection that breaks before', { kind: 'lost-call' }],
  ['an answer that is lost', { kind: 'lost-answer' }],
];

/** So often in a row, before the call is let through. */
const times = 3;

const createOfRun = /^POST .*\/pipelineruns$/;

describe('law 1: a run that is to be created', () => {
  for (const [what, fault] of passing) {
    it(`is there after ${what}, once, and no host is told that it could not be`, async () => {
      const rig = await PlannerRig.create({ '.tekton/build.yaml': definition('build', onPush) });
      const faults = new ApiFaults();
      rig.interfere = (request, next) => faults.disturb(next)(request);
      faults.next(createOfRun, fault, times);
      const delivery = await rig.deliver(rig.push());
      await rig.pass(120_000);
      const { phase, notices = [] } = await rig.status(delivery);
      assert.deepEqual([phase, notices], ['Done', []]);
      assert.equal((await rig.runs()).length, 1);
      assert.ok(faults.met.length >= 1, 'the fault was met');
      rig.crash();
    });
  }

  it('that is refused for good is told, with the words of the API', async () => {
    const rig = await PlannerRig.create({ '.tekton/build.yaml': definition('build', onPush) });
    const faults = new ApiFaults();
    rig.interfere = (request, next) => faults.disturb(next)(request);
    faults.next(createOfRun, refused(403, 'Forbidden', 'admission webhook "policy" denied the request: no'), 1_000);
    const delivery = await rig.deliver(rig.push());
    await rig.pass(120_000);
    const { notices = [] } = await rig.status(delivery);
    assert.match(JSON.stringify(notices), /denied the request: no/);
    rig.crash();
  });
});

const seeds = 12;
const runsPerSeed = 3;
const faultsPercent = 50;

/** Runs are cancelled while half of all calls meet faults: how often, and every state of a run that was ever shown. */
async function cancelAmongFaults(seed: number): Promise<{ readonly faults: CallFaults; readonly shown: Set<string> }> {
  await using world = await PenstockWorld.start({ seed, behaviour: behaviourOf(seed) });
  const names = Array.from({ length: runsPerSeed }, (_, index) => `run-${index}`);
  for (const name of names) await world.client.create(pipelineRuns, drawRun(seed, name));
  await world.pass(500);
  world.faults.percent = faultsPercent;
  for (const [index, name] of names.entries()) {
    const status = index % 2 === 0 ? 'Cancelled' : 'CancelledRunFinally';
    const key = { namespace: 'default', name };
    const run = await world.client.get(pipelineRuns, key);
    if (run.status?.completionTime !== undefined) continue;
    await world.client.patch(pipelineRuns, key, { spec: { status } }, { type: 'merge' });
  }
  await world.pass(10_000);
  await world.heal();
  const runs = world.history.filter((object): object is PipelineRun => object.kind === 'PipelineRun');
  return { faults: world.faults, shown: new Set(runs.map((run) => verdictOf(run).join('/'))) };
}

describe('law 1: a run that is to be stopped', () => {
  it(`is never said to resist in ${seeds} histories in which half of all calls meet faults that pass`, async () => {
    let faults = 0;
    const shown = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const played = await cancelAmongFaults(seed);
      assert.ok(!played.shown.has('Unknown/PipelineRunCouldntCancel'), `seed ${seed}: ${[...played.shown].join(', ')}`);
      faults += played.faults.count;
      for (const one of played.shown) shown.add(one);
    }
    assert.ok(shown.has('False/Cancelled'), [...shown].join(', '));
    assert.ok(faults > seeds * 5, `only ${faults} faults`);
  });
});
