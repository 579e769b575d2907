import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../../base/clock.ts';
import type { ContainerState, ContainerStatus, Pod, PodStatus } from '../../kube/pod.ts';
import type { Verdict } from '../../tekton/task-run/evidence.ts';
import { podAnnotation } from '../pod/names.ts';
import type { PodHistory } from './interruption.ts';
import { isDown, judgePod } from './judge-pod.ts';
import { stepEvidence } from './step-evidence.ts';

/** Seconds after the pods of this table were made. */
const at = (seconds: number): string => toRfc3339(Date.UTC(2026, 10, 21, 5, 30, seconds));
const atMs = (seconds: number): number => Date.UTC(2026, 10, 21, 5, 30, seconds);

const ended = (exitCode: number, second = 10, reason = exitCode === 0 ? 'Completed' : 'Error'): ContainerState => ({
  terminated: { exitCode, reason, startedAt: at(1), finishedAt: at(second) },
});
const running: ContainerState = { running: { startedAt: at(1) } };
const waiting = (reason = 'PodInitializing', message?: string): ContainerState => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});

function statusOf(name: string, state: ContainerState): ContainerStatus {
  return { name, state, ready: false, restartCount: 0, image: 'busybox', imageID: '' };
}

interface Given {
  readonly steps?: readonly string[];
  readonly states?: Readonly<Record<string, ContainerState>>;
  readonly status?: PodStatus;
  readonly metadata?: Pod['metadata'];
  readonly spec?: Partial<Pod['spec']>;
}

function podOf({ steps = ['step-a', 'step-b'], states = {}, status = {}, metadata = {}, spec = {} }: Given): Pod {
  const containers = steps.map((name) => ({ name, image: 'busybox' }));
  const shown = (names: readonly string[]): readonly ContainerStatus[] =>
    names.flatMap((name) => (states[name] === undefined ? [] : [statusOf(name, states[name])]));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u', ...metadata },
    spec: {
      initContainers: containers.slice(0, -1),
      containers: containers.slice(-1),
      terminationGracePeriodSeconds: 5,
      ...spec,
    },
    status: {
      phase: 'Running',
      // Everything in one list, in no good order: names are all that counts.
      containerStatuses: shown(Object.keys(states)).toReversed(),
      ...status,
    },
  };
}

const good = { 'step-a': ended(0, 5), 'step-b': ended(0, 10) };
const disrupted = (reason: string, second?: number): PodStatus => ({
  conditions: [
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason,
      ...(second === undefined ? {} : { lastTransitionTime: at(second) }),
    },
  ],
});
const deleted = (second: number, graceSeconds: number): Pod['metadata'] => ({
  deletionTimestamp: at(second),
  deletionGracePeriodSeconds: graceSeconds,
});

type Row = readonly [name: string, given: Given, expected: string, history?: PodHistory];

const rows: readonly Row[] = [
  ['every step ended well', { states: good, status: { phase: 'Succeeded' } }, 'succeeded'],
  ['every step ended well, the phase not yet', { states: good }, 'succeeded'],
  ['the phase is there, no container state', { status: { phase: 'Succeeded' } }, 'unproven'],
  [
    'the phase is there, one state is missing',
    { states: { 'step-b': ended(0) }, status: { phase: 'Succeeded' } },
    'unproven',
  ],
  ['a state is there but empty', { states: { ...good, 'step-b': {} }, status: { phase: 'Succeeded' } }, 'unproven'],
  [
    'the phase failed, one step still runs by its state',
    { states: { 'step-a': running }, status: { phase: 'Failed' } },
    'unproven',
  ],
  ['a shorter list than the spec', { states: { 'step-a': ended(0) } }, 'running'],
  [
    'witnesses of other names prove nothing',
    { states: { 'step-x': ended(0), 'step-y': ended(0) }, status: { phase: 'Succeeded' } },
    'unproven',
  ],
  ['all well, but the pod says it failed', { states: good, status: { phase: 'Failed' } }, 'unproven'],
  [
    'all well, a stranger beside them failed',
    {
      states: { ...good, proxy: ended(1) },
      status: { phase: 'Failed' },
      spec: { containers: [{ name: 'proxy' }, { name: 'step-b' }] },
    },
    'succeeded',
  ],
  ['the pod was not seen by a node yet', { status: { phase: 'Pending' } }, 'pending Pending'],
  ['a step runs', { states: { 'step-a': ended(0), 'step-b': running } }, 'running'],
  [
    'a step failed',
    { states: { 'step-a': ended(3), 'step-b': waiting() }, status: { phase: 'Failed' } },
    'failed StepFailed',
  ],
  ['a step failed, the phase not yet', { states: { 'step-a': ended(3), 'step-b': waiting() } }, 'failed StepFailed'],
  ['a step failed by its own 137', { states: { 'step-a': ended(137), 'step-b': waiting() } }, 'failed StepFailed'],
  ['memory', { states: { 'step-a': ended(137, 5, 'OOMKilled') } }, 'failed StepOOM'],
  [
    'memory, then deleted',
    { states: { 'step-a': ended(137, 5, 'OOMKilled') }, metadata: deleted(20, 0) },
    'failed StepOOM',
  ],
  [
    'the node forgot',
    { states: { 'step-a': ended(137, 5, 'ContainerStatusUnknown') }, status: { phase: 'Failed' } },
    'lost EvidenceLost',
  ],
  [
    'deleted, TERM trapped, exit 0 (kubernetes-facts)',
    {
      states: { 'step-a': ended(0, 5), 'step-b': ended(0, 55) },
      metadata: deleted(56, 0),
      status: { phase: 'Succeeded' },
    },
    'lost EvidenceLost',
  ],
  [
    'deleted in the middle, the rest never ran',
    { states: { 'step-a': ended(0, 30), 'step-b': waiting() }, metadata: deleted(32, 0), status: { phase: 'Failed' } },
    'lost EvidenceLost',
  ],
  [
    'deleted early enough before, the middle step well in time',
    { states: { 'step-a': ended(0, 5), 'step-b': waiting() }, metadata: deleted(50, 0), status: { phase: 'Failed' } },
    'lost EvidenceLost',
  ],
  [
    'deleted, TERM ignored',
    { states: { 'step-a': ended(137, 32) }, metadata: deleted(33, 0), status: { phase: 'Failed' } },
    'lost EvidenceLost',
  ],
  [
    'ended by itself, then deleted',
    { states: good, metadata: deleted(55, 0), status: { phase: 'Succeeded' } },
    'succeeded',
  ],
  [
    'failed by itself, then deleted',
    { states: { 'step-a': ended(2, 5) }, metadata: deleted(55, 0), status: { phase: 'Failed' } },
    'failed StepFailed',
  ],
  [
    'ended by itself shortly before',
    { states: good, metadata: deleted(15, 0), status: { phase: 'Succeeded' } },
    'lost EvidenceLost',
  ],
  [
    'ended before a deletion that was seen when it came',
    { states: good, metadata: deleted(18, 0), status: { phase: 'Succeeded' } },
    'succeeded',
    { deletionRequestedMs: atMs(17) },
  ],
  [
    'ended a second before a deletion that was seen: clocks differ',
    { states: good, metadata: deleted(11, 0), status: { phase: 'Succeeded' } },
    'lost EvidenceLost',
    { deletionRequestedMs: atMs(11) },
  ],
  [
    'ended after a deletion with a long grace that was seen',
    { states: { ...good, 'step-b': ended(0, 40) }, metadata: deleted(50, 0), status: { phase: 'Succeeded' } },
    'lost EvidenceLost',
    { deletionRequestedMs: atMs(20) },
  ],
  ['being deleted, still at work', { states: { 'step-a': running }, metadata: deleted(30, 5) }, 'running'],
  ['deleted before a node took it', { metadata: deleted(3, 0), status: { phase: 'Pending' } }, 'lost EvidenceLost'],
  [
    'evicted through the API, exit 0 (kubernetes-facts)',
    {
      states: { 'step-a': ended(0, 5), 'step-b': ended(0, 55) },
      metadata: deleted(56, 0),
      status: { phase: 'Succeeded', ...disrupted('EvictionByEvictionAPI', 55) },
    },
    'lost PodEvicted',
  ],
  [
    'ended long before the disruption',
    { states: good, status: { phase: 'Succeeded', ...disrupted('PreemptionByScheduler', 50) } },
    'succeeded',
  ],
  [
    'a disruption that does not say when',
    { states: good, status: { phase: 'Succeeded', ...disrupted('DeletionByTaintManager') } },
    'lost EvidenceLost',
  ],
  [
    'a disruption that did not happen',
    { states: good, status: { conditions: [{ type: 'DisruptionTarget', status: 'False' }] } },
    'succeeded',
  ],
  [
    'evicted by the kubelet, states left as they were',
    { states: good, status: { phase: 'Failed', reason: 'Evicted', message: 'low on disk' } },
    'lost PodEvicted',
  ],
  ['evicted by the kubelet, no states', { status: { phase: 'Failed', reason: 'Evicted' } }, 'lost PodEvicted'],
  [
    'our own agent restarted',
    {
      states: { 'step-a': ended(137, 20, 'ContainerStatusUnknown') },
      status: { phase: 'Failed', ...disrupted('PenstockRestarted', 20) },
    },
    'lost EvidenceLost',
  ],
  [
    'the node refused it',
    { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'too little' } },
    'lost EvidenceLost',
  ],
  [
    'the deadline of the pod',
    { states: { 'step-a': ended(137) }, status: { phase: 'Failed', reason: 'DeadlineExceeded' } },
    'failed TaskRunTimeout',
  ],
  [
    'the image cannot be pulled',
    { states: { 'step-a': waiting('ImagePullBackOff') }, status: { phase: 'Pending' } },
    'stuck TaskRunImagePullFailed',
  ],
  [
    'the image name is no name',
    { states: { 'step-a': waiting('InvalidImageName') }, status: { phase: 'Pending' } },
    'stuck TaskRunImagePullFailed',
  ],
  [
    'a first failed pull may pass',
    { states: { 'step-a': waiting('ErrImagePull') }, status: { phase: 'Pending' } },
    'pending PullImageFailed',
  ],
  [
    'a Secret is missing',
    { states: { 'step-a': waiting('CreateContainerConfigError', 'no secret') }, status: { phase: 'Pending' } },
    'stuck CreateContainerConfigError',
  ],
  [
    'the runtime refuses',
    { states: { 'step-a': waiting('CreateContainerError') }, status: { phase: 'Pending' } },
    'stuck PodCreationFailed',
  ],
  [
    'no node has room',
    {
      status: {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes: Insufficient cpu' },
        ],
      },
    },
    'pending ExceededNodeResources',
  ],
  [
    'no node fits',
    {
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no match' }],
      },
    },
    'pending Pending',
  ],
  [
    'the helper failed',
    {
      states: { prepare: ended(2, 3) },
      status: { phase: 'Failed' },
      spec: { initContainers: [{ name: 'prepare' }, { name: 'step-a' }] },
    },
    'failed InitContainerFailed',
  ],
  [
    'the helper ran out of memory',
    {
      states: { prepare: ended(137, 3, 'OOMKilled') },
      status: { phase: 'Failed' },
      spec: { initContainers: [{ name: 'prepare' }, { name: 'step-a' }] },
    },
    'failed InitContainerOOM',
  ],
];

function shortOf(verdict: Verdict): string {
  return 'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
}

describe('judgePod', () => {
  for (const [name, given, expected, history] of rows) {
    it(`${name}: ${expected}`, () => assert.equal(shortOf(judgePod(podOf(given), history)), expected));
  }

  it('says which step failed, how, and why evidence is lost', () => {
    const failed = judgePod(podOf({ states: { 'step-a': ended(3) } }));
    assert.deepEqual(failed, { kind: 'failed', reason: 'StepFailed', message: '"step-a" exited with code 3' });
    const killed = judgePod(podOf({ states: { 'step-a': ended(137), 'step-b': waiting() } }));
    const words = 'that of SIGKILL: not sent by Penstock; a lack of memory is a likely cause';
    assert.deepEqual(killed, {
      kind: 'failed',
      reason: 'StepFailed',
      message: `"step-a" exited with code 137, ${words}`,
    });
    const lost = judgePod(
      podOf({ states: { 'step-a': ended(0, 30) }, metadata: deleted(31, 0), status: { phase: 'Failed' } }),
    );
    const message =
      'evidence lost: the pod was deleted: "step-a" ended with exit code 0 when the pod was being stopped';
    assert.equal(lost.kind === 'lost' && lost.message, message);
  });
});

describe('judgePod on wrapped steps', () => {
  const wrapped = (message: string, exitCode = 0): Verdict => {
    const state: ContainerState = { terminated: { exitCode, finishedAt: at(5), message } };
    const annotations = { [podAnnotation.wrapped]: 'step-a' };
    return judgePod(podOf({ steps: ['step-a'], states: { 'step-a': state }, metadata: { annotations } }));
  };

  it('believes a complete report', () => {
    assert.equal(shortOf(wrapped('penstock/1 exited 0\n.\n')), 'succeeded');
    assert.equal(shortOf(wrapped('penstock/1 exited 9\n.\n')), 'succeeded');
    assert.equal(shortOf(wrapped('penstock/1 exited 9\n.\n', 9)), 'failed StepFailed');
  });

  it('is not green without one', () => {
    assert.equal(shortOf(wrapped('')), 'failed TaskRunValidationFailed');
    assert.equal(shortOf(wrapped('penstock/1 exited 0\nresult a 5000\nxxx')), 'failed TaskRunValidationFailed');
  });

  it('knows a timeout and results that are too large', () => {
    const late = wrapped('penstock/1 timed-out 143\n.\n', 1);
    assert.match(late.kind === 'failed' ? late.message : '', /exceeded the specified timeout limit/);
    assert.equal(
      shortOf(wrapped('penstock/1 too-large 0 a 9000\n.\n', 1)),
      'failed TaskRunResultLargerThanAllowedLimit',
    );
  });
});

describe('judgePod on a pod whose results are collected', () => {
  const annotations = { [podAnnotation.wrapped]: 'collect-results' };
  const collected = (state: ContainerState, phase: NonNullable<PodStatus['phase']>): string =>
    shortOf(
      judgePod(
        podOf({
          steps: ['step-a', 'collect-results'],
          states: { 'step-a': ended(0, 5), 'collect-results': state },
          metadata: { annotations },
          status: { phase },
        }),
      ),
    );

  it('needs the collector as a witness too', () => {
    assert.equal(collected(waiting(), 'Succeeded'), 'unproven');
    assert.equal(collected(ended(0, 6), 'Succeeded'), 'failed TaskRunValidationFailed');
    const state = { terminated: { exitCode: 0, finishedAt: at(6), message: 'penstock/1 exited 0\n.\n' } };
    assert.equal(collected(state, 'Succeeded'), 'succeeded');
  });
});

describe('isDown', () => {
  it('is true once nothing runs any more', () => {
    assert.equal(isDown(podOf({ states: { 'step-a': running } })), false);
    assert.equal(isDown(podOf({ states: { 'step-a': running }, metadata: deleted(30, 5) })), false);
    assert.equal(isDown(podOf({ states: { 'step-a': running }, metadata: deleted(30, 0) })), false);
    assert.equal(isDown(podOf({ metadata: deleted(3, 0), status: { phase: 'Pending' } })), true);
    assert.equal(isDown(podOf({ states: { 'step-a': ended(137) }, status: { phase: 'Failed' } })), true);
  });
});

describe('stepEvidence', () => {
  it('keeps the order of the spec and leaves out what is no step', () => {
    const pod = podOf({
      states: { ...good, prepare: ended(0) },
      spec: { initContainers: [{ name: 'prepare' }, { name: 'step-a' }] },
    });
    assert.deepEqual(
      stepEvidence(pod).map(({ name, state }) => [name, state.terminated?.exitCode]),
      [
        ['a', 0],
        ['b', 0],
      ],
    );
  });
});
