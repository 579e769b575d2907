/**
 * What must hold between a Git event and the statuses it leads to, whatever fails in between. Each scenario runs on every
 * simulated host with the embedded API server, and on one with a real API server; it asserts all that the host was shown.
 */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/base/json.ts';
import type { ContainerPlan } from '../../../src/executor/runtime/container-runtime.ts';
import type { SimulatedBehaviour } from '../../../src/executor/simulated/simulated-runtime.ts';
import { pipelineRuns } from '../../../src/tekton/types.ts';
import type { SeenStatus, SentWebhook } from '../git-hosts/simulated-host.ts';
import { ApiFaults } from './api-faults.ts';
import { definition } from './definitions.ts';
import { type GitWorld, type GitWorldOptions } from './git-world.ts';
import type { ScenarioHost, Told } from './hosts.ts';

const createRun = /^POST \/apis\/tekton\.dev\/v1\/namespaces\/team[^/]*\/pipelineruns$/;
const patchRun = /^PATCH \/apis\/tekton\.dev\/v1\/namespaces\/team[^/]*\/pipelineruns\//;
const patchSecret = /^PATCH \/api\/v1\/namespaces\/team[^/]*\/secrets\//;
const internal = {
  kind: 'refuse',
  code: 500,
  reason: 'InternalError',
  message: 'etcdserver: request timed out',
} as const;

/** What a scenario works with. */
export interface Stage {
  readonly world: GitWorld;
  readonly host: ScenarioHost;
  readonly faults: ApiFaults;
  /** What the next containers do, first come first served; afterwards each ends well after a second. */
  readonly steps: SimulatedBehaviour[];
}

export interface Scenario {
  readonly name: string;
  readonly options?: Pick<GitWorldOptions, 'repository' | 'settings'>;
  /** Needs time that can be moved, or a host with this ability. */
  readonly virtualOnly?: true;
  readonly run: (stage: Stage) => Promise<void>;
}

/** Opens a world for a scenario, starts Penstock and plays it. */
export async function play(
  scenario: Scenario,
  host: ScenarioHost,
  open: (options: GitWorldOptions) => Promise<GitWorld>,
): Promise<void> {
  const faults = new ApiFaults();
  const steps: SimulatedBehaviour[] = [];
  const behaviour = (_plan: ContainerPlan): SimulatedBehaviour => steps.shift() ?? { durationMs: 1_000 };
  const options = { ...scenario.options, host: host.start, behaviour, disturb: faults.disturb };
  await using world = await open(options);
  await world.startPenstock();
  await scenario.run({ world, host, faults, steps });
}

const context = 'CI / build / main';
export const ended: readonly Told[] = ['queued', 'running', 'succeeded'];

/** Commits a definition to main and announces the push; answers the commit. */
export async function push({ world }: Stage, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const { sha, webhook } = prepare(world, more);
  assert.equal(await world.send(webhook), 202);
  return sha;
}

function prepare(world: GitWorld, more: Readonly<Record<string, string>> = {}): { sha: string; webhook: SentWebhook } {
  const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build'), ...more });
  return { sha, webhook: world.host.webhooks.push(world.project, 'main', 'alice') };
}

/** The host was shown this and nothing else in a context. In real time what lasts for a moment only may not be shown. */
export function expectShown({ world, host }: Stage, sha: string, told: readonly Told[], where: string = context): void {
  const wanted = told.map((state) => host.words[state]);
  const seen = world.sequence(sha, where);
  if (world.virtual !== undefined) assert.deepEqual(seen, wanted);
  else assertShortened(seen, wanted);
}

/** `seen` is `wanted` without some of what came before its end. */
export function assertShortened(seen: readonly string[], wanted: readonly string[]): void {
  let at = 0;
  for (const state of seen) {
    const found = wanted.indexOf(state, at);
    assert.notEqual(found, -1, `${seen.join(', ')} is not a part of ${wanted.join(', ')}`);
    at = found;
  }
  assert.equal(seen.at(-1), wanted.at(-1));
}

export async function expectRuns(world: GitWorld, count: number): Promise<void> {
  const names = (await world.runs()).map(({ metadata }) => metadata.name);
  assert.equal(names.length, count, `runs: ${names.join(', ')}`);
}

/** A fault of the API around the create, after which all must be as if there had been none. */
function harmless(name: string, plan: (faults: ApiFaults) => void, mayBeSaid: readonly Told[] = []): Scenario {
  return {
    name,
    async run(stage) {
      plan(stage.faults);
      const sha = await push(stage);
      await stage.world.settled();
      assert.notEqual(stage.faults.met.length, 0, 'the fault happened');
      const wanted = [...mayBeSaid, ...ended].map((told) => stage.host.words[told]);
      if (mayBeSaid.length > 0) assertShortened(stage.world.sequence(sha, context), wanted);
      else expectShown(stage, sha, ended);
      await expectRuns(stage.world, 1);
    },
  };
}

const noRoom = {
  kind: 'refuse',
  code: 403,
  reason: 'Forbidden',
  message: 'pipelineruns.tekton.dev "x" is forbidden: exceeded quota: runs, requested: 1, used: 5, limited: 5',
} as const;
const unique = 'the server was not able to generate a unique name for the object';

export const creationScenarios: readonly Scenario[] = [
  ...[1, 3, 8].map((times) =>
    harmless(`patches fail ${times} times after the create`, (faults) => {
      faults.next(patchSecret, internal, times);
      faults.next(patchRun, internal, times);
    }),
  ),
  harmless('the create is answered with a timeout after it was carried out', (faults) =>
    faults.next(createRun, { kind: 'lost-answer' }),
  ),
  harmless('the create never arrives', (faults) => faults.next(createRun, { kind: 'lost-call' }, 3)),
  harmless('the create is carried out and answered with already exists', (faults) =>
    faults.next(createRun, { kind: 'done-but-exists' }),
  ),
  harmless('the API server is too busy for a create', (faults) =>
    faults.next(createRun, { kind: 'refuse', code: 429, reason: 'TooManyRequests', message: 'busy' }, 3),
  ),
  {
    ...harmless('a quota has no room at first', (faults) => faults.next(createRun, noRoom, 2), ['queued']),
    // It is tried again after half a minute, and until then the host is told why.
    virtualOnly: true,
  },
  {
    name: 'the name belongs to somebody else: the status leads to the run of the new name',
    async run(stage) {
      const { world, faults } = stage;
      faults.beforeNext(createRun, async (request) => {
        const { metadata } = request.body as { metadata: JsonObject };
        const foreign = { name: String(metadata['name']), namespace: world.runNamespace };
        const spec = { pipelineSpec: { tasks: [] }, status: 'PipelineRunPending' };
        const pipelineSpec = {
          tasks: [{ name: 'a', taskSpec: { steps: [{ name: 's', image: 'x', script: 'true' }] } }],
        };
        await world.client.create(pipelineRuns, {
          apiVersion: 'tekton.dev/v1',
          kind: 'PipelineRun',
          metadata: foreign,
          spec: { ...spec, pipelineSpec },
        } as never);
      });
      const sha = await push(stage);
      await world.until(
        async () => (await world.reports()).some(({ spec }) => spec.report.state === 'succeeded'),
        'success',
      );
      await world.until(() => world.sequence(sha, context).at(-1) === stage.host.words.succeeded, 'shown');
      assert.equal(faults.met.length, 1);
      expectShown(stage, sha, ended);
      const [report] = await world.reports();
      const ours = (await world.runs()).find(({ metadata }) => metadata.name === report?.spec.run?.name);
      assert.equal(ours?.metadata.annotations?.['penstock.dev/status-target'] !== undefined, true);
    },
  },
  ...(
    [
      [422, 'Invalid', 'PipelineRun.tekton.dev "x" is invalid: spec.timeouts: Invalid value: "-1s"'],
      [403, 'Forbidden', 'User "penstock" cannot create resource "pipelineruns" in the namespace "team"'],
      [400, 'BadRequest', 'admission webhook "policy.example.org" denied the request: images must be signed'],
    ] as const
  ).map(([code, reason, message]): Scenario => ({
    name: `a create that is refused for good (${code}) is told with the API server's own words`,
    async run(stage) {
      stage.faults.next(createRun, { kind: 'refuse', code, reason, message }, 1_000);
      const sha = await push(stage);
      await stage.world.settled();
      expectShown(stage, sha, ['error']);
      await expectRuns(stage.world, 0);
      const [report] = await stage.world.reports();
      assert.match(report?.spec.report.text ?? '', new RegExp(RegExp.escape(message)));
    },
  })),
  {
    name: `a create that is answered with "${unique}" again and again leads to one run`,
    async run(stage) {
      const message = `pipelineruns.tekton.dev "x" already exists, ${unique}`;
      stage.faults.next(createRun, { kind: 'refuse', code: 409, reason: 'AlreadyExists', message }, 3);
      const sha = await push(stage);
      await stage.world.settled();
      expectShown(stage, sha, ended);
      await expectRuns(stage.world, 1);
    },
  },
];

export const deliveryScenarios: readonly Scenario[] = [
  {
    name: 'a webhook that comes again leads to nothing new',
    async run(stage) {
      const { sha, webhook } = prepare(stage.world);
      assert.equal(await stage.world.send(webhook), 202);
      assert.equal(await stage.world.send(webhook), 200);
      await stage.world.settled();
      assert.equal(await stage.world.send(webhook), 200);
      await stage.world.settled();
      expectShown(stage, sha, ended);
      await expectRuns(stage.world, 1);
    },
  },
  {
    name: 'copies that come at once lead to one run',
    async run(stage) {
      const { sha, webhook } = prepare(stage.world);
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => stage.world.send(webhook)));
      assert.deepEqual(
        [answers.filter((code) => code === 202).length, answers.filter((code) => code === 200).length],
        [1, 4],
      );
      await stage.world.settled();
      expectShown(stage, sha, ended);
      await expectRuns(stage.world, 1);
    },
  },
  {
    name: 'two pushes told in the wrong order both end with their own status',
    async run(stage) {
      const older = prepare(stage.world);
      const newer = prepare(stage.world, { 'README.md': 'second' });
      assert.equal(await stage.world.send(newer.webhook), 202);
      assert.equal(await stage.world.send(older.webhook), 202);
      await stage.world.settled();
      for (const { sha } of [older, newer]) expectShown(stage, sha, ended);
      await expectRuns(stage.world, 2);
    },
  },
];

export const outcomeScenarios: readonly Scenario[] = [
  {
    name: 'a step that fails is a failure, with its last words',
    async run(stage) {
      stage.steps.push({ durationMs: 1_000, exitCode: 3, output: 'expected 3, got 4\n' });
      const sha = await push(stage);
      await stage.world.settled();
      expectShown(stage, sha, ['queued', 'running', 'failed']);
      const [report] = await stage.world.reports();
      assert.match(report?.spec.report.text ?? '', /exited with code 3/);
    },
  },
  {
    name: 'a definition that cannot be read is an error of its own; the others run',
    async run(stage) {
      const sha = await push(stage, {
        '.tekton/bad.yaml': definition('bad').replace('on-event: "[push', 'on-event: "['),
      });
      await stage.world.settled();
      expectShown(stage, sha, ended);
      await expectRuns(stage.world, 1);
    },
  },
  {
    name: 'a message that says [skip ci] runs nothing',
    async run(stage) {
      const { world } = stage;
      const files = { '.tekton/build.yaml': definition('build') };
      world.host.commit(world.project, 'main', files, { message: 'docs [skip ci]' });
      assert.equal(await world.send(world.host.webhooks.push(world.project, 'main', 'alice')), 202);
      await world.settled();
      await expectRuns(world, 0);
    },
  },
];

export const hostScenarios: readonly Scenario[] = [
  {
    name: 'the host is down for six hours around the end of a run',
    virtualOnly: true,
    async run(stage) {
      const { world } = stage;
      stage.steps.push({ durationMs: 60_000 });
      const sha = await push(stage);
      await world.until(async () => (await world.runs()).length === 1, 'a run');
      await world.pass(10_000);
      const outage = world.host.faults.outage();
      await world.pass(6 * 60 * 60_000);
      expectShown(stage, sha, ['queued', 'running']);
      outage.end();
      await world.settled();
      expectShown(stage, sha, ended);
    },
  },
  {
    name: 'an older attempt that ends after the newer one changes nothing',
    async run(stage) {
      const { world, host } = stage;
      stage.steps.push({ durationMs: 20_000, exitCode: 1 });
      const pull = await openPull(stage);
      await world.shownAsRunning('the first attempt runs');
      const again = world.host.webhooks.comment(world.project, pull.number, '/test build', 'alice');
      assert.equal(await world.send(again), 202);
      await world.settled();
      await expectRuns(world, 2);
      const seen = world.sequence(pull.sha, pull.context);
      assert.equal(seen.at(-1), host.words.succeeded);
      assert.equal(seen.includes(host.words.failed) && host.words.failed !== host.words.cancelled, false, seen.join());
    },
  },
];

/** Opens a pull request of somebody who may write. */
export async function openPull(
  stage: Stage,
  annotations: Readonly<Record<string, string>> = {},
): Promise<{ number: number; sha: string; context: string }> {
  const { world } = stage;
  world.host.addUser('alice', { writes: [world.project] });
  world.host.commit(world.project, 'main', { 'README.md': 'first' });
  const sha = world.host.commit(world.project, 'change', {
    '.tekton/build.yaml': definition('build', { annotations }),
  });
  const { number, webhook } = world.host.webhooks.openPullRequest(world.project, { author: 'alice', head: 'change' });
  assert.equal(await world.send(webhook), 202);
  return { number, sha, context: `CI / build / #${number}` };
}

export const pullRequestScenarios: readonly Scenario[] = [
  {
    name: 'a pull request has a context of its own',
    async run(stage) {
      const pull = await openPull(stage);
      await stage.world.settled();
      expectShown(stage, pull.sha, ended, pull.context);
      await expectRuns(stage.world, 1);
    },
  },
  {
    name: 'a cancel wins, and says by whom',
    async run(stage) {
      const { world } = stage;
      stage.steps.push({ durationMs: 3_600_000 });
      const pull = await openPull(stage);
      await world.shownAsRunning('it runs');
      assert.equal(await world.send(world.host.webhooks.comment(world.project, pull.number, '/cancel', 'alice')), 202);
      await world.settled();
      expectShown(stage, pull.sha, ['queued', 'running', 'cancelled'], pull.context);
      const [report] = await world.reports();
      assert.match(`${report?.spec.report.title} ${report?.spec.report.text}`, /alice/);
    },
  },
  {
    name: 'what a stranger asks for waits for somebody who may write',
    async run(stage) {
      const { world, host } = stage;
      world.host.addUser('alice', { writes: [world.project] });
      world.host.addUser('mallory');
      world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
      const fork = world.host.fork(world.project, 'mallory');
      const sha = world.host.commit(fork, 'change', { '.tekton/evil.yaml': definition('evil') });
      const options = { author: 'mallory', head: 'change', from: fork };
      const { number, webhook } = world.host.webhooks.openPullRequest(world.project, options);
      assert.equal(await world.send(webhook), 202);
      await world.settled();
      await expectRuns(world, 0);
      // Some hosts show them where the commit lives, which is the fork.
      const shown = (): readonly SeenStatus[] => [world.project, fork].flatMap((at) => world.host.statuses(at, sha));
      assert.equal(shown().at(-1)?.state, host.words['awaiting approval']);
      // The stranger cannot approve.
      assert.equal(await world.send(world.host.webhooks.comment(world.project, number, '/ok-to-test', 'mallory')), 202);
      await world.settled();
      await expectRuns(world, 0);
      assert.equal(await world.send(world.host.webhooks.comment(world.project, number, '/ok-to-test', 'alice')), 202);
      await world.settled();
      await expectRuns(world, 2);
      const told = ended.map((state) => host.words[state]);
      const where = `CI / build / #${number}`;
      const waited = [host.words['awaiting approval'], ...host.replaced];
      const seen = shown().filter((status) => status.context === where);
      assertShortened(
        seen.map(({ state }) => state),
        [...waited, ...told],
      );
    },
  },
];

export const allScenarios: readonly Scenario[] = [
  ...creationScenarios,
  ...deliveryScenarios,
  ...outcomeScenarios,
  ...hostScenarios,
  ...pullRequestScenarios,
];
