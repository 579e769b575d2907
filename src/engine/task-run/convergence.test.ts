import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, type Random } from '../../base/random.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import type { Pod } from '../../kube/pod.ts';
import { isDone, succeededCondition } from '../../tekton/pipeline-run/children.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import type { TaskRunSpec, TaskRunStatus } from '../../tekton/types.ts';
import { verdictFinalizer } from '../pod/names.ts';
import { TaskRunBench } from './bench.ts';

const seeds = 600;

/** Looks under faults, then looks after they have stopped: the second number is what "bounded time" means here. */
const faultyLooks = 30;
const healthyLooksMax = 120;

const chance = (random: Random, percent: number): boolean => random.integer(1, 100) <= percent;

function drawRun(seed: number): TaskRunSpec {
  const random = seededRandom(seed);
  const steps = Array.from({ length: random.integer(1, 3) }, (_, index) => ({
    name: `s${index}`,
    image: 'x',
    script: 'true',
  }));
  return { taskSpec: { steps }, retries: random.integer(0, 2) };
}

/** How a step ends by itself: depends on nothing but seed, pod name and step, so that histories can be compared. */
function exitOf(seed: number, pod: string, container: string): number {
  const mixed = [...`${pod}/${container}`].reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0,
    seed * 7919,
  );
  return seededRandom(mixed).integer(1, 100) <= 15 ? 3 : 0;
}

/** What truly happened to the pods of one history, which only the test knows. */
class Truth {
  /** Exit codes of containers that ended by themselves, by pod uid. */
  readonly natural = new Map<string, Map<string, number>>();
  /** Pods that somebody deleted, evicted or made vanish, or whose states were withheld. */
  readonly disturbed = new Set<string>();
  readonly uidByName = new Map<string, string>();
  creations = 0;

  note(pod: Pod, container: string, code: number): void {
    const uid = pod.metadata.uid ?? '';
    const codes = this.natural.get(uid) ?? new Map<string, number>();
    this.natural.set(uid, codes.set(container, code));
  }

  /** `succeeded`, `failed` or `open`, by what the containers of the pod did by themselves. */
  endOf(name: string, steps: number): string {
    const codes = [...(this.natural.get(this.uidByName.get(name) ?? '') ?? new Map<string, number>()).values()];
    if (codes.some((code) => code !== 0)) return 'failed';
    return codes.length === steps ? 'succeeded' : 'open';
  }
}

/** A history: a bench, and what disturbs it. */
class History {
  readonly bench: TaskRunBench;
  readonly truth: Truth = new Truth();
  readonly seed: number;
  readonly random: Random;
  readonly spec: TaskRunSpec;
  /** Statuses that the kubelet has not written yet, by pod name. */
  readonly #withheld = new Map<string, Pod['status']>();
  cancelled = false;

  constructor(seed: number) {
    this.seed = seed;
    this.random = seededRandom(seed + 100_000);
    this.spec = drawRun(seed);
    this.bench = new TaskRunBench(this.spec);
    this.bench.kubelet.ends = (pod, container) => {
      const code = exitOf(seed, pod.metadata.name ?? '', container);
      this.truth.note(pod, container, code);
      return code;
    };
    this.bench.api.watch(pods, (previous, pod) => {
      if (previous !== undefined || pod === undefined) return;
      this.truth.creations++;
      const name = pod.metadata.name ?? '';
      assert.ok(!this.truth.uidByName.has(name), `seed ${seed}: ${name} was made twice`);
      this.truth.uidByName.set(name, pod.metadata.uid ?? '');
    });
  }

  get steps(): number {
    return this.spec.taskSpec?.steps?.length ?? 0;
  }

  /** Something happens on the node. */
  movePods(percent: number): void {
    for (const pod of this.bench.api.all(pods)) {
      if (this.#withheld.has(pod.metadata.name ?? '') || !chance(this.random, percent)) continue;
      // A stopped container may trap the signal and exit well, or not.
      if (pod.metadata.deletionTimestamp !== undefined) this.bench.kubelet.kill(pod, chance(this.random, 50) ? 0 : 137);
      else this.bench.kubelet.step(pod);
    }
  }

  /** Somebody interferes with a pod. */
  disturbPods(): void {
    for (const pod of this.bench.api.all(pods)) {
      if (!chance(this.random, 6)) continue;
      this.truth.disturbed.add(pod.metadata.name ?? '');
      const { bench } = this;
      switch (this.random.integer(1, 4)) {
        case 1:
          this.#deleteAsStranger(pod);
          break;
        case 2:
          // Its finalizer ignored. Before the status names the pod, nobody could know that it ever was.
          if (bench.status.podName === pod.metadata.name)
            bench.api.remove(pods, { namespace: 'ns', name: pod.metadata.name ?? '' });
          break;
        case 3:
          this.#evict(pod);
          break;
        default:
          this.#withhold(pod);
      }
    }
  }

  #deleteAsStranger(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const now = new Date(this.bench.clock.now() + 30_000).toISOString().slice(0, 19);
    const metadata = { ...pod.metadata, deletionTimestamp: `${now}Z`, deletionGracePeriodSeconds: 30 };
    this.bench.api.put(pods, { ...pod, metadata });
  }

  #evict(pod: Pod): void {
    const now = `${new Date(this.bench.clock.now()).toISOString().slice(0, 19)}Z`;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      lastTransitionTime: now,
    } as const;
    this.bench.api.put(pods, { ...pod, status: { ...pod.status, conditions: [condition] } });
    this.bench.kubelet.kill(this.bench.pod(pod.metadata.name), chance(this.random, 50) ? 0 : 137);
  }

  /** The phase is written, the containers are not. */
  #withhold(pod: Pod): void {
    if (pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed') return;
    this.#withheld.set(pod.metadata.name ?? '', pod.status);
    this.bench.api.put(pods, { ...pod, status: { phase: pod.status.phase } });
  }

  /** The kubelet writes what it has withheld. */
  reveal(percent: number): void {
    for (const [name, status] of this.#withheld) {
      if (!chance(this.random, percent)) continue;
      this.#withheld.delete(name);
      const pod = this.bench.api.read(pods, { namespace: 'ns', name });
      if (pod !== undefined && status !== undefined) this.bench.api.put(pods, { ...pod, status });
    }
  }

  disturbCalls(): void {
    const { random } = this;
    const fail = (percent: number) => (): void => {
      if (chance(random, percent))
        throw random.integer(0, 1) ? new Error('socket hang up') : new ApiStatusError('ServiceUnavailable', 'busy');
    };
    this.bench.api.before = fail(15);
    this.bench.api.after = fail(10);
  }

  healCalls(): void {
    this.bench.api.before = () => undefined;
    this.bench.api.after = () => undefined;
  }

  cancel(): void {
    if (this.cancelled || isDone(this.bench.run)) return;
    this.bench.cancel();
    this.cancelled = true;
  }

  catchUpSometimes(): void {
    if (chance(this.random, 50)) this.bench.runs.sync();
    if (chance(this.random, 50)) this.bench.syncPods();
  }
}

interface Weather {
  readonly cancels: boolean;
  readonly losses: boolean;
}

async function play(seed: number, weather: Weather): Promise<History> {
  const history = new History(seed);
  const { bench, random } = history;
  const wantsCancel = weather.cancels && chance(random, 40);
  for (let look = 0; look < faultyLooks; look++) {
    history.disturbCalls();
    history.catchUpSometimes();
    if (chance(random, 10)) bench.restart();
    await bench.look().catch(() => undefined);
    history.movePods(50);
    if (weather.losses) history.disturbPods();
    history.reveal(30);
    if (wantsCancel && chance(random, 5)) history.cancel();
    await bench.clock.advance(random.integer(1, 3000));
  }
  history.healCalls();
  await heal(history);
  return history;
}

/** Without faults everything must come to rest: the run done, its pods let go and ended, nothing more to say. */
async function heal(history: History): Promise<void> {
  const { bench, seed } = history;
  for (let look = 0; look < healthyLooksMax; look++) {
    bench.calls();
    await bench.pass();
    if (bench.calls().length === 0 && isDone(bench.run) && bench.api.all(pods).every(isLetGo)) return;
    history.movePods(100);
    history.reveal(100);
    await bench.clock.advance(1000);
  }
  assert.fail(`seed ${seed}: no rest after ${healthyLooksMax} looks: ${bench.verdict} ${bench.message}`);
}

function isLetGo({ metadata, status }: Pod): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return ended && !metadata.finalizers?.includes(verdictFinalizer);
}

async function verdictWithoutFaults(seed: number): Promise<string> {
  const history = new History(seed);
  await heal(history);
  return history.bench.verdict;
}

const lostReasons: ReadonlySet<string> = new Set([taskRunReason.evidenceLost, taskRunReason.podEvicted]);

/** Every attempt says what its pod truly did, or that this is not known, and the latter only where somebody interfered. */
function checkAttempts({ bench, truth, steps, seed }: History): void {
  const { retriesStatus = [], ...last } = bench.status;
  for (const attempt of [...retriesStatus, last] as readonly TaskRunStatus[]) {
    const { status, reason = '' } = succeededCondition(attempt) ?? {};
    const name = attempt.podName ?? '';
    const note = `seed ${seed}: ${name} ${status ?? ''}/${reason}: ${succeededCondition(attempt)?.message ?? ''}`;
    const real = truth.endOf(name, steps);
    if (status === 'True') assert.equal(real, 'succeeded', note);
    else if (reason === taskRunReason.stepFailed) assert.equal(real, 'failed', note);
    else if (lostReasons.has(reason)) assert.ok(truth.disturbed.has(name) || name === '', note);
    else assert.equal(reason, taskRunReason.cancelled, note);
  }
}

describe('lost calls, lost answers, lagging caches and crashes', () => {
  it(`change no verdict in ${seeds} histories, also with cancels, and make no pod twice (laws 1, 8, 10)`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const history = await play(seed, { cancels: true, losses: false });
      const { bench } = history;
      const expected = history.cancelled ? 'False/TaskRunCancelled' : await verdictWithoutFaults(seed);
      assert.equal(bench.verdict, expected, `seed ${seed}: ${bench.message}`);
      checkAttempts(history);
      seen.add(bench.verdict);
    }
    assert.deepEqual([...seen].sort(), ['False/StepFailed', 'False/TaskRunCancelled', 'True/Succeeded']);
  });

  it(`let no attempt say what is not true in ${seeds} histories with lost pods (law 2)`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const history = await play(seed, { cancels: true, losses: true });
      checkAttempts(history);
      if (history.cancelled) assert.equal(history.bench.verdict, 'False/TaskRunCancelled', `seed ${seed}`);
      seen.add(history.bench.verdict);
    }
    const all = [
      'False/EvidenceLost',
      'False/PodEvicted',
      'False/StepFailed',
      'False/TaskRunCancelled',
      'True/Succeeded',
    ];
    assert.deepEqual([...seen].sort(), all);
  });
});
