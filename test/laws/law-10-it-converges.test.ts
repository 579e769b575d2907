/**
 * Law 10, with laws 1, 3 and 6, over the whole way from webhooks to statuses: pushes, pull requests and comments come twice and
 * out of order, calls to the API and to the host fail or lose their answers, Penstock is killed again and again. When all that
 * stops, every host shows what became of the newest attempt, and nothing was run twice or told falsely on the way.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import type { StatusTarget } from '../../src/forge/forge.ts';
import { penstockKeys } from '../../src/forge/kinds/run-keys.ts';
import { secrets } from '../../src/kube/core-types.ts';
import type { PipelineRun } from '../../src/tekton/types.ts';
import { CallFaults } from '../support/call-faults.ts';
import type { HostFault, SentWebhook } from '../support/git-hosts/simulated-host.ts';
import { definition } from '../support/git-world/definitions.ts';
import { GitWorld } from '../support/git-world/git-world.ts';
import { type ScenarioHost, type Told, scenarioHosts } from '../support/git-world/hosts.ts';

/** Histories played; each is another one. */
const seeds = 20;
/** Things that happen in one history. */
const deeds = 8;
/** Of a hundred calls to the API server, so many meet a fault. */
const faultPercent = 6;
/** Of a hundred steps, so many fail. */
const failPercent = 25;
/** A history in which a Penstock lives is at most so long, in ms, before the next thing happens. */
const pauseMsMax = 8_000;

const hostFaults: readonly HostFault[] = [
  { kind: 'status', code: 502 },
  { kind: 'status', code: 429, retryAfterSeconds: 3 },
  { kind: 'accepted-but-500' },
  { kind: 'accepted-but-cut' },
  { kind: 'cut' },
];

class History {
  readonly #random: Random;
  readonly #world: GitWorld;
  readonly #sent: SentWebhook[] = [];
  readonly #pulls: number[] = [];
  #commits = 0;

  constructor(world: GitWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** One more thing happens. */
  async go(): Promise<void> {
    const kinds = [
      () => this.#push(),
      () => this.#push(),
      () => this.#pull(),
      () => this.#comment(),
      () => this.#again(),
      () => this.#trouble(),
      () => this.#kill(),
    ];
    await (kinds[this.#random.integer(0, kinds.length - 1)] ?? kinds[0])?.();
    await this.#world.pass(this.#random.integer(0, pauseMsMax));
    await this.revive();
  }

  /** Whoever has died is started again. */
  async revive(): Promise<void> {
    if (!this.#world.isDead) return;
    this.#world.killPenstock();
    await this.#world.startPenstock(this.#random.integer(1, 120));
  }

  /** No more deaths. */
  async heal(): Promise<void> {
    this.#world.killPenstock();
    await this.#world.startPenstock();
    // What nobody answered is sent again by the host.
    for (const webhook of this.#sent) await this.#world.send(webhook);
  }

  async #push(): Promise<void> {
    const branch = this.#random.integer(0, 1) === 0 ? 'main' : 'next';
    this.#commit(branch);
    await this.#send(this.#world.host.webhooks.push(this.#world.project, branch, 'alice'));
  }

  async #pull(): Promise<void> {
    const { host, project } = this.#world;
    const head = `change-${this.#commits}`;
    this.#commit(head);
    const { number, webhook } = host.webhooks.openPullRequest(project, { author: 'alice', head });
    this.#pulls.push(number);
    await this.#send(webhook);
  }

  async #comment(): Promise<void> {
    const number = this.#pulls.at(-1);
    if (number === undefined) return this.#pull();
    const words = ['/test', '/retest', '/cancel', '/test build'];
    const body = words[this.#random.integer(0, words.length - 1)] ?? '';
    await this.#send(this.#world.host.webhooks.comment(this.#world.project, number, body, 'alice'));
  }

  /** An old webhook comes once more. */
  async #again(): Promise<void> {
    const old = this.#sent[this.#random.integer(0, Math.max(0, this.#sent.length - 1))];
    if (old !== undefined) await this.#world.send(old);
  }

  #trouble(): Promise<void> {
    const fault = hostFaults[this.#random.integer(0, hostFaults.length - 1)] ?? hostFaults[0];
    if (fault !== undefined) this.#world.host.faults.next(/./, fault, this.#random.integer(1, 6));
    return Promise.resolve();
  }

  #kill(): Promise<void> {
    this.#world.killPenstock();
    return this.revive();
  }

  #commit(branch: string): void {
    const files = { '.tekton/build.yaml': definition('build'), 'count.txt': `${this.#commits++}` };
    this.#world.host.commit(this.#world.project, branch, files);
  }

  async #send(webhook: SentWebhook): Promise<void> {
    this.#sent.push(webhook);
    await this.#world.send(webhook);
    if (this.#random.integer(0, 3) === 0) await this.#world.send(webhook);
  }
}

/** Plays one history to its end and checks what is left. */
async function play(host: ScenarioHost, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const calls: { faults?: CallFaults } = {};
  const behaviour = (): SimulatedBehaviour => ({
    durationMs: random.integer(200, 9_000),
    exitCode: random.integer(1, 100) <= failPercent ? 1 : 0,
  });
  const options = {
    host: host.start,
    behaviour,
    disturb: (transport: Parameters<CallFaults['disturb']>[0]) => {
      calls.faults ??= new CallFaults(seededRandom(seed * 31 + 7), clockOf(world));
      calls.faults.percent = faultPercent;
      return calls.faults.disturb(transport);
    },
  };
  await using world = await GitWorld.embedded(options);
  world.host.addUser('alice', { writes: [world.project] });
  await world.startPenstock();
  const history = new History(world, random);
  for (let deed = 0; deed < deeds; deed++) await history.go();
  if (calls.faults) calls.faults.percent = 0;
  world.host.faults.clear();
  await history.heal();
  if (calls.faults) calls.faults.percent = 0;
  await world.settled();
  await check(world, host);
}

function clockOf(world: GitWorld): NonNullable<GitWorld['virtual']> {
  return world.virtual ?? assert.fail('this world has no virtual time');
}

async function check(world: GitWorld, host: ScenarioHost): Promise<void> {
  const runs = await world.runs();
  const occurrences = runs.map(({ metadata }) => metadata.annotations?.[penstockKeys.occurrence]);
  assert.equal(new Set(occurrences).size, runs.length, 'nothing was run twice');
  for (const attempts of byContext(await attemptsOf(world)).values()) checkContext(world, host, attempts);
  const { items } = await world.client.list(secrets, { namespace: world.runNamespace });
  const stray = items.filter(({ metadata }) => metadata.name !== 'host' && metadata.ownerReferences === undefined);
  assert.deepEqual(stray, [], 'no secret without an owner');
}

/** What became of one attempt: a run, or what was planned and ended before there was one. */
interface Attempt {
  readonly target: StatusTarget;
  readonly number: number;
  readonly verdict: Told;
}

async function attemptsOf(world: GitWorld): Promise<readonly Attempt[]> {
  const runs = (await world.runs()).map((run) => ({
    target: JSON.parse(run.metadata.annotations?.[penstockKeys.statusTarget] ?? '{}') as StatusTarget,
    number: Number(run.metadata.annotations?.[penstockKeys.attempt]),
    verdict: verdictOf(run),
  }));
  const notices = (await world.deliveries()).flatMap(({ status }) => status?.notices ?? []);
  const cancelled = notices.filter(({ state }) => state === 'cancelled');
  const planned = cancelled.map(({ target, attempt }) => ({ target, number: attempt, verdict: 'cancelled' }) as const);
  return [...runs, ...planned];
}

/** By where they are shown, the newest last. */
function byContext(attempts: readonly Attempt[]): ReadonlyMap<string, readonly Attempt[]> {
  const sorted = attempts.toSorted((a, b) => a.number - b.number);
  return Map.groupBy(sorted, ({ target }) => `${target.sha} ${target.context}`);
}

function checkContext(world: GitWorld, { words }: ScenarioHost, attempts: readonly Attempt[]): void {
  const newest = attempts.at(-1) ?? assert.fail('a context has an attempt');
  const { sha, context } = newest.target;
  const seen = world.sequence(sha, context);
  const told = `${sha} ${context}: ${seen.join(', ')}`;
  assert.equal(seen.at(-1), words[newest.verdict], told);
  for (const verdict of ['failed', 'succeeded'] as const) {
    const hasShown = seen.includes(words[verdict]) && words[verdict] !== words.cancelled;
    const hasBeen = attempts.some((attempt) => attempt.verdict === verdict);
    assert.ok(!hasShown || hasBeen, `${told}: it never was ${verdict}`);
  }
}

function verdictOf(run: PipelineRun): 'succeeded' | 'failed' | 'cancelled' {
  const { status, reason = '' } = run.status?.conditions?.[0] ?? {};
  if (status === 'True') return 'succeeded';
  return reason.startsWith('Cancelled') ? 'cancelled' : 'failed';
}

describe('law 10: it converges', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const host = scenarioHosts[seed % scenarioHosts.length] ?? assert.fail('a host');
    it(`history ${seed}, at ${host.name}`, () => play(host, seed));
  }
});
