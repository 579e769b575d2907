import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../base/clock.ts';
import { nodes, pods } from '../kube/core-types.ts';
import { stateOf } from './run-facts.ts';
import { type ClusterSigns, adapt, lowerEveryMs, raiseEveryMs } from './adapt.ts';
import { GateRig } from './gate-rig.ts';
import { type AdaptiveSpec, type AdaptiveStatus, type GateStatus, gates } from './types.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const calm: ClusterSigns = { unschedulablePods: 0, apiLatencyMs: 0, throttled: false, nodesUnderPressure: [] };
const throttled: ClusterSigns = { ...calm, throttled: true };

function status(limit: number, agoMs: number): AdaptiveStatus {
  return { limit, reason: 'as it was', lastChangeTime: toRfc3339(nowMs - agoMs) };
}

interface Case {
  readonly adaptive?: AdaptiveSpec;
  /** Default 16. */
  readonly fixed?: number;
  /** Default 16. */
  readonly running?: number;
  readonly current?: AdaptiveStatus;
  readonly signs: ClusterSigns;
  /** `limit: reason`, `as it was`, or `none`. */
  readonly expected: string;
}

const cases: Readonly<Record<string, Case>> = {
  'nothing, while all is well': { signs: calm, expected: 'none' },
  'halves at an unschedulable pod': {
    signs: { ...calm, unschedulablePods: 1 },
    expected: '8: lowered to 8: 1 pod is unschedulable',
  },
  'counts unschedulable pods from the number it was told': {
    adaptive: { unschedulablePods: 4 },
    signs: { ...calm, unschedulablePods: 3 },
    expected: 'none',
  },
  'halves at a node under pressure': {
    signs: { ...calm, nodesUnderPressure: ['n1', 'n2'] },
    expected: '8: lowered to 8: node n1 is under pressure',
  },
  'halves at a 429': {
    signs: throttled,
    expected: '8: lowered to 8: the API refuses calls because there are too many',
  },
  'halves at slow calls': {
    signs: { ...calm, apiLatencyMs: 1_234.5 },
    expected: '8: lowered to 8: API calls take 1235 ms',
  },
  'bears calls as slow as it was told': {
    adaptive: { apiLatencyMs: 2_000 },
    signs: { ...calm, apiLatencyMs: 1_234.5 },
    expected: 'none',
  },
  'halves what runs, where the limit was not reached': {
    running: 6,
    signs: throttled,
    expected: '3: lowered to 3: the API refuses calls because there are too many',
  },
  'lowers from no limit to half of what runs': {
    fixed: Number.POSITIVE_INFINITY,
    running: 40,
    signs: throttled,
    expected: '20: lowered to 20: the API refuses calls because there are too many',
  },
  'does not lower again at once': { current: status(8, lowerEveryMs - 1_000), signs: throttled, expected: 'as it was' },
  'lowers again after a while': {
    current: status(8, lowerEveryMs),
    running: 8,
    signs: throttled,
    expected: '4: lowered to 4: the API refuses calls because there are too many',
  },
  'keeps the least, and says why': {
    adaptive: { minRunning: 4 },
    current: status(4, lowerEveryMs),
    running: 4,
    signs: throttled,
    expected: '4: kept at 4: the API refuses calls because there are too many',
  },
  'has nothing to take from a limit of one': { fixed: 1, running: 1, signs: throttled, expected: 'none' },
  'never exceeds a limit that is lower than its least': {
    adaptive: { minRunning: 4 },
    fixed: 2,
    running: 2,
    signs: throttled,
    expected: 'none',
  },
  'follows a limit that was lowered meanwhile': {
    fixed: 3,
    current: status(8, lowerEveryMs),
    running: 8,
    signs: throttled,
    expected: '1: lowered to 1: the API refuses calls because there are too many',
  },
  'does not raise at once': { current: status(8, raiseEveryMs - 1_000), signs: calm, expected: 'as it was' },
  'raises by one': { current: status(8, raiseEveryMs), signs: calm, expected: '9: raised to 9: no distress' },
  'raises by a tenth': {
    fixed: 100,
    current: status(50, raiseEveryMs),
    signs: calm,
    expected: '55: raised to 55: no distress',
  },
  'is back at its own limit': { current: status(15, raiseEveryMs), signs: calm, expected: 'none' },
  'raises towards no limit while that is what holds runs back': {
    fixed: Number.POSITIVE_INFINITY,
    running: 20,
    current: status(20, raiseEveryMs),
    signs: calm,
    expected: '22: raised to 22: no distress',
  },
  'is back at no limit once twice as many might run': {
    fixed: Number.POSITIVE_INFINITY,
    running: 10,
    current: status(19, raiseEveryMs),
    signs: calm,
    expected: 'none',
  },
  'acts on a last change in the future, as after a clock that jumped back': {
    current: status(8, -86_400_000),
    signs: calm,
    expected: '9: raised to 9: no distress',
  },
};

describe('adapt', () => {
  for (const [title, { adaptive = {}, fixed = 16, running = 16, current, signs, expected }] of Object.entries(cases)) {
    it(title, () => {
      const next = adapt({ adaptive }, fixed, running, current, signs, nowMs);
      const text = next === undefined ? 'none' : next === current ? next.reason : `${next.limit}: ${next.reason}`;
      assert.equal(text, expected);
      if (next && next !== current) assert.equal(next.lastChangeTime, toRfc3339(nowMs));
    });
  }

  it('does nothing for a gate that does not ask for it', () => {
    assert.equal(adapt({}, 16, 16, status(8, 0), throttled, nowMs), undefined);
  });
});

describe('an adaptive gate', () => {
  async function loaded(): Promise<GateRig> {
    const rig = new GateRig(1);
    await rig.gate('default', { maxRunning: 8, adaptive: { minRunning: 2 } });
    await rig.start(0);
    for (let index = 0; index < 40; index++) await rig.create(`run-${String(index).padStart(2, '0')}`);
    await rig.clock.advance(1_000);
    return rig;
  }

  async function statusOf(rig: GateRig): Promise<GateStatus> {
    return (await rig.client.get(gates, { namespace: '', name: 'default' })).status ?? {};
  }

  /** Ends what runs, and lets time pass. */
  async function turnOver(rig: GateRig, spanMs: number): Promise<number> {
    for (const run of await rig.runs()) if (stateOf(run) === 'running') await rig.finish(run);
    await rig.clock.advance(spanMs);
    return (await rig.counts()).running;
  }

  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'big', labels: { 'tekton.dev/taskRun': 'x' } },
    spec: { containers: [{ name: 'step-a', image: 'i' }] },
  };
  const unschedulable = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] as const;

  it('lowers its limit while pods find no node, and raises it again', async () => {
    const rig = await loaded();
    assert.equal((await rig.counts()).running, 8);
    const created = await rig.client.create(pods, pod);
    await rig.client.updateStatus(pods, { ...created, status: { phase: 'Pending', conditions: unschedulable } });
    await rig.clock.advance(11_000);
    assert.deepEqual(
      [(await statusOf(rig)).limit, (await statusOf(rig)).limitReason],
      [4, 'lowered to 4: 1 pod is unschedulable'],
    );
    assert.equal((await rig.counts()).running, 8, 'what runs goes on');
    assert.equal(await turnOver(rig, 5_000), 4);
    await rig.clock.advance(60_000);
    assert.equal((await statusOf(rig)).limit, 2, 'not below its least');
    assert.equal(await turnOver(rig, 5_000), 2);
    await rig.client.delete(pods, { namespace: 'default', name: 'big' }, { gracePeriodSeconds: 0 });
    await rig.clock.advance(raiseEveryMs + 20_000);
    assert.deepEqual([(await statusOf(rig)).limit, (await statusOf(rig)).limitReason], [3, 'raised to 3: no distress']);
    await rig.clock.advance(10 * raiseEveryMs);
    const recovered = await statusOf(rig);
    assert.deepEqual([recovered.limit, recovered.limitReason, recovered.adaptive], [8, 'maxRunning is 8', undefined]);
  });

  it('lowers its limit for a node under pressure, for 429s and for slow calls', async () => {
    const rig = await loaded();
    const node = await rig.client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    const conditions = [{ type: 'MemoryPressure', status: 'True', reason: 'Low' }] as const;
    await rig.client.updateStatus(nodes, { ...node, status: { conditions } });
    await rig.clock.advance(11_000);
    assert.equal((await statusOf(rig)).limitReason, 'lowered to 4: node n1 is under pressure');
    for (const [api, reason] of [
      [{ latencyMs: () => 0, throttled: () => true }, 'lowered to 4: the API refuses calls because there are too many'],
      [{ latencyMs: () => 5_000, throttled: () => false }, 'lowered to 4: API calls take 5000 ms'],
    ] as const) {
      const other = await loaded();
      other.api = api;
      await other.clock.advance(11_000);
      assert.equal((await statusOf(other)).limitReason, reason);
    }
  });

  it('does not take a pause or a clock that jumps back for recovery', async () => {
    const rig = await loaded();
    rig.api = { latencyMs: () => 0, throttled: () => true };
    await rig.clock.advance(11_000);
    assert.equal((await statusOf(rig)).limit, 4);
    rig.clock.jump(-3_600_000);
    await rig.clock.advance(61_000);
    assert.equal((await statusOf(rig)).limit, 2, 'it goes on to look, though its last change lies in the future');
    const pause = { spec: { paused: true } };
    await rig.client.patch(gates, { namespace: '', name: 'default' }, pause, { type: 'merge' });
    rig.api = { latencyMs: () => 0, throttled: () => false };
    await rig.clock.advance(10 * raiseEveryMs);
    const paused = await statusOf(rig);
    assert.deepEqual([paused.limit, paused.adaptive?.limit], [0, 2]);
  });
});
