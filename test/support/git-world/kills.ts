/**
 * SIGKILL at every boundary between a webhook and its final status: before and after each call that may change something, at
 * the API server and at the host. All of them, not some.
 */
import assert from 'node:assert/strict';
import { secrets } from '../../../src/kube/core-types.ts';
import { definition } from './definitions.ts';
import type { GitWorld, GitWorldOptions } from './git-world.ts';
import type { ScenarioHost } from './hosts.ts';
import { assertShortened } from './scenarios.ts';

/** Opens a world that meets no other. */
export type OpenWorld = (options: GitWorldOptions) => Promise<GitWorld>;

/** Boundaries that may not come again. */
const missedMax = 6;
/** What a step takes, in ms: long enough to be shown as running. */
const stepMs = 150;

const context = 'CI / build / main';

interface Course {
  /** What was passed by the Penstock that was killed, or by the only one. */
  readonly passed: readonly string[];
  /** What the host was shown, in its words. */
  readonly shown: readonly string[];
}

/** A push and what comes of it; Penstock dies at the boundary `diesAt`, and another one takes over. */
async function course(host: ScenarioHost, open: OpenWorld, diesAt?: number): Promise<Course> {
  await using world = await open({ host: host.start, behaviour: () => ({ durationMs: stepMs }) });
  const mortal = await world.startPenstock(diesAt);
  const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
  const webhook = world.host.webhooks.push(world.project, 'main', 'alice');
  // A host sends again what nobody has answered.
  if ((await world.send(webhook)) === undefined) {
    await revive(world);
    assert.ok([200, 202].includes((await world.send(webhook)) ?? 0));
  }
  await world.settled(async () => {
    if (world.isDead) await revive(world);
  });
  await assertWhole(world);
  const passed = mortal.boundaries.map(({ what, side }) => `${side} ${what}`);
  return { passed, shown: world.sequence(sha, context) };
}

async function revive(world: GitWorld): Promise<void> {
  world.killPenstock();
  await world.startPenstock();
}

/** One run, one success, nothing of another attempt. */
async function assertWhole(world: GitWorld): Promise<void> {
  const runs = await world.runs();
  assert.equal(runs.length, 1, 'one run');
  assert.equal(runs[0]?.status?.conditions?.[0]?.status, 'True', 'it succeeded');
  const [delivery, ...others] = await world.deliveries();
  assert.deepEqual([delivery?.status?.phase, others.length], ['Done', 0]);
  const { items } = await world.client.list(secrets, { namespace: world.runNamespace });
  const stray = items.filter(({ metadata }) => metadata.name !== 'host' && metadata.ownerReferences === undefined);
  assert.deepEqual(stray, [], 'no secret without an owner');
  assert.equal((await world.reports()).length, 1, 'one context');
}

/**
 * Kills Penstock at each boundary in turn, each time in a world of its own. Throws unless everything is in the end as it
 * would have been. In real time the course is not the same every time: a few boundaries may not come.
 */
export async function killEverywhere(host: ScenarioHost, open: OpenWorld): Promise<void> {
  const { words } = host;
  const wanted = [words.queued, words.running, words.succeeded];
  const whole = await course(host, open);
  assertShortened(whole.shown, wanted);
  assert.ok(whole.passed.length > 20, `${whole.passed.length} boundaries`);
  let died = 0;
  for (const [boundary, what] of whole.passed.entries()) {
    const { passed, shown } = await course(host, open, boundary).catch((error: unknown) => {
      throw new Error(`killed ${what} (boundary ${boundary})`, { cause: error });
    });
    if (passed.length > boundary) died++;
    // A doubtful post may be repeated; no other word may stand between, and none may go back.
    assertShortened(shown, wanted);
  }
  assert.ok(died >= whole.passed.length - missedMax, `it died at ${died} of ${whole.passed.length} boundaries`);
}
