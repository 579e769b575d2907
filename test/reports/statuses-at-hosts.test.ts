/**
 * Statuses at simulated Git hosts, each a real HTTP server with that host's own rules: the same troubles at each of them, and
 * the whole sequence that the host saw.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { startBitbucketCloud } from '../support/git-hosts/bitbucket-cloud/simulated-bitbucket-cloud.ts';
import { startBitbucketDatacenter } from '../support/git-hosts/bitbucket-datacenter/simulated-bitbucket-datacenter.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGithubHost } from '../support/git-hosts/github/github-host.ts';
import { startGitlab } from '../support/git-hosts/gitlab/simulated-gitlab.ts';
import type { SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { GitWorld } from '../support/git-world/git-world.ts';

const minute = 60_000;
const hour = 60 * minute;
const context = 'CI / build / main';
/** How long a step takes, in ms. */
const stepMs = 5 * minute;

interface HostCase {
  readonly start: (clock: Clock) => Promise<SimulatedHost>;
  /** Requests that show a status. */
  readonly posts: RegExp;
  /** The host's words for queued, running and failed. */
  readonly words: readonly [string, string, string];
  /** Requests that make comments; absent where a status shows its text. */
  readonly comments?: RegExp;
}

const hosts: Readonly<Record<string, HostCase>> = {
  'GitHub, as an App': {
    start: (clock) => startGithubHost({ clock }),
    posts: /^(?:POST|PATCH) .*\/check-runs/,
    words: ['queued', 'in_progress', 'completed/failure'],
  },
  'GitHub, with a token': {
    start: (clock) => startGithubHost({ clock, credential: 'token' }),
    posts: /^POST .*\/statuses\//,
    words: ['pending', 'pending', 'failure'],
    comments: /^POST .*\/issues\/\d+\/comments/,
  },
  GitLab: {
    start: (clock) => startGitlab({ clock }),
    posts: /^POST .*\/statuses\//,
    words: ['pending', 'running', 'failed'],
    comments: /^POST .*\/notes/,
  },
  Gitea: {
    start: (clock) => startGitea({ clock }),
    posts: /^POST .*\/statuses\//,
    words: ['pending', 'pending', 'failure'],
    comments: /^POST .*\/issues\/\d+\/comments/,
  },
  'Bitbucket Cloud': {
    start: (clock) => startBitbucketCloud({ clock }),
    posts: /^(?:POST|PUT) .*\/statuses\/build/,
    words: ['INPROGRESS', 'INPROGRESS', 'FAILED'],
    comments: /^POST .*\/pullrequests\/\d+\/comments/,
  },
  'Bitbucket Data Center': {
    start: (clock) => startBitbucketDatacenter({ clock }),
    posts: /^POST .*\/(?:builds|build-status\/)/,
    words: ['INPROGRESS', 'INPROGRESS', 'FAILED'],
    comments: /^POST .*\/pull-requests\/\d+\/comments/,
  },
};

const files = {
  '.tekton/build.yaml': JSON.stringify({
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name: 'build',
      annotations: {
        'pipelinesascode.tekton.dev/on-event': '[push, pull_request]',
        'pipelinesascode.tekton.dev/on-target-branch': '[main]',
      },
    },
    spec: {
      pipelineSpec: { tasks: [{ name: 'unit', taskSpec: { steps: [{ name: 's', image: 'i', script: 'false' }] } }] },
    },
  }),
};

/** A world in which a push has led to a run that is shown as running; it fails after {@link stepMs}. */
async function running({ start, words }: HostCase): Promise<{ readonly world: GitWorld; readonly sha: string }> {
  const world = await GitWorld.embedded({ host: start, behaviour: () => ({ durationMs: stepMs, exitCode: 1 }) });
  await world.startPenstock();
  world.host.addUser('ada', { writes: [world.project] });
  const sha = world.host.commit(world.project, 'main', files);
  assert.equal(await world.send(world.host.webhooks.push(world.project, 'main', 'ada')), 202);
  await world.until(() => world.shown(sha, context).length === 2, 'it is shown as running');
  assert.deepEqual(world.sequence(sha, context), words.slice(0, 2));
  return { world, sha };
}

/** Why the only status is not shown. */
async function reasonIn(world: GitWorld): Promise<string | undefined> {
  const [report] = await world.reports();
  const delivered = report?.status?.conditions?.find(({ type }) => type === 'Delivered');
  assert.equal(delivered?.status, 'False');
  return delivered.reason;
}

for (const [name, host] of Object.entries(hosts)) {
  describe(name, () => {
    /** What the host is to have seen in all, whatever happened. */
    const check = (world: GitWorld, sha: string): void => {
      assert.deepEqual(world.sequence(sha, context), host.words);
      const last = world.shown(sha, context).at(-1);
      assert.match(last?.description ?? '', /Task "unit" failed: step "s" exited with code 1/);
    };

    it('is shown a failure with its words', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      await world.settled();
      check(world, sha);
    });

    it('is asked after it took a post and answered 500', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      world.host.faults.next(host.posts, { kind: 'accepted-but-500' });
      await world.settled();
      check(world, sha);
      const [report] = await world.reports();
      assert.equal(report?.status?.acknowledged?.evidence, 'read');
    });

    it('is asked by the next process when one died over a post', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      world.host.faults.next(host.posts, { kind: 'accepted-but-cut' });
      await world.until(() => world.shown(sha, context).length === 3, 'it was taken');
      world.killPenstock();
      await world.startPenstock();
      await world.settled();
      check(world, sha);
    });

    it('gets the quiet it asks for', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      world.host.faults.next(host.posts, { kind: 'status', code: 429, retryAfterSeconds: 600 });
      await world.until(
        async () => (await world.runs()).every(({ status }) => status?.completionTime !== undefined),
        'it ends',
      );
      await world.pass(10_000);
      const asked = world.host.requests.length;
      await world.pass(9 * minute);
      assert.equal(world.host.requests.length, asked, 'not a word');
      assert.equal(world.shown(sha, context).length, 2);
      await world.settled();
      check(world, sha);
    });

    it('is away for six hours', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      const outage = world.host.faults.outage();
      await world.pass(6 * hour);
      assert.equal(await reasonIn(world), 'HostUnavailable');
      outage.end();
      await world.pass(6 * minute);
      await world.settled();
      check(world, sha);
    });

    it('does not know the token for an hour', async () => {
      const { world, sha } = await running(host);
      await using _world = world;
      world.host.faults.next(/./, { kind: 'expired-token' }, 100_000);
      await world.pass(hour);
      assert.equal(await reasonIn(world), 'Unauthorized');
      world.host.faults.clear();
      await world.pass(16 * minute);
      await world.settled();
      check(world, sha);
    });

    const { comments } = host;
    it(
      'gets the text as a comment where a status is a line only',
      { skip: comments === undefined && 'an App shows the text' },
      async () => {
        await using world = await GitWorld.embedded({
          host: host.start,
          behaviour: () => ({ durationMs: 1_000, exitCode: 1 }),
        });
        await world.startPenstock();
        world.host.addUser('ada', { writes: [world.project] });
        world.host.commit(world.project, 'main', { 'README.md': 'x' });
        world.host.commit(world.project, 'feature', files);
        const { number, webhook } = world.host.webhooks.openPullRequest(world.project, {
          author: 'ada',
          head: 'feature',
        });
        world.host.faults.next(comments ?? /^$/, { kind: 'accepted-but-500' });
        assert.equal(await world.send(webhook), 202);
        await world.settled();
        await world.pass(minute);
        const made = world.host
          .comments(world.project, number)
          .filter(({ body }) => body.includes('| unit | Failed |'));
        assert.equal(made.length, 1, 'the answer to the first was lost, and it was found again');
      },
    );
  });
}
