import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startGitlab } from '../../../test/support/git-hosts/gitlab/simulated-gitlab.ts';
import type { SimulatedGitlab } from '../../../test/support/git-hosts/gitlab/simulated-gitlab.ts';
import { openForge, settledInTime } from '../../../test/support/git-hosts/opened-forge.ts';
import type { OpenedForge } from '../../../test/support/git-hosts/opened-forge.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ForgeError } from '../forge.ts';
import type { Forge, PostOutcome, RemoteHandle, StatusReport, StatusState } from '../forge.ts';
import type { Project } from '../git-event.ts';

const clock = new VirtualClock();
const context = 'Penstock / build / main';
let gitlab: SimulatedGitlab;
let opened: OpenedForge;
let forge: Forge;
let project: Project;
let sha: string;
let names = 0;

before(async () => {
  gitlab = await startGitlab({ clock });
  opened = openForge(gitlab.access, clock);
  forge = opened.forge;
});

beforeEach(() => {
  gitlab.faults.clear();
  project = gitlab.addProject('trade/web', `app${++names}`);
  sha = gitlab.commit(project, 'main', { x: '1' });
});

after(async () => {
  opened[Symbol.dispose]();
  await gitlab[Symbol.asyncDispose]();
});

after(() => assert.deepEqual(gitlab.violations, []));

function report(state: StatusState, changes: Partial<StatusReport> = {}): StatusReport {
  const attempt = changes.externalId ?? 'run-1';
  return {
    project,
    sha,
    context,
    ref: 'refs/heads/main',
    externalId: attempt,
    state,
    title: `${attempt} is ${state}`,
    text: '',
    detailsUrl: `https://ci.example.org/runs/${attempt}`,
    annotations: [],
    ...changes,
  };
}

async function post(wanted: StatusReport, handle?: RemoteHandle): Promise<RemoteHandle> {
  const outcome = await forge.postStatus(wanted, handle);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.refused);
  return outcome.handle;
}

function states(at: Project = project): readonly string[] {
  return gitlab.statuses(at, sha).map((status) => status.state);
}

function refused(outcome: PostOutcome): string {
  assert.ok(!outcome.ok, 'taken');
  return outcome.refused;
}

describe('statuses of GitLab', () => {
  it('go from queued over running to the end, in one row', async () => {
    const queued = await post(report('queued'));
    await post(report('running'), queued);
    await post(report('succeeded'), queued);
    assert.deepEqual(states(), ['pending', 'running', 'success']);
    assert.equal(gitlab.statusRows.list(gitlab.repositoryOf(project), sha, true).length, 1);
    const shown = await forge.readStatus(report('succeeded'), queued);
    assert.deepEqual(shown, {
      state: 'succeeded',
      hostState: 'success',
      title: 'run-1 is succeeded',
      detailsUrl: 'https://ci.example.org/runs/run-1',
      handle: queued,
    });
    assert.equal(queued['attempt'], 'run-1');
  });

  const words: Readonly<Record<StatusState, string>> = {
    queued: 'pending',
    awaiting_approval: 'pending',
    running: 'running',
    succeeded: 'success',
    failed: 'failed',
    error: 'failed',
    lost: 'failed',
    timed_out: 'failed',
    cancelled: 'canceled',
    superseded: 'canceled',
    skipped: 'skipped',
  };
  for (const [state, word] of Object.entries(words) as [StatusState, string][]) {
    it(`say ${word} for ${state}`, async () => {
      await post(report(state));
      assert.deepEqual(states(), [word]);
      assert.equal(forge.hostState(state), word);
      assert.equal((await forge.readStatus(report(state), undefined))?.hostState, word);
    });
  }

  it('show a retest as running again, and turn from red to green', async () => {
    const handle = await post(report('running'));
    await post(report('failed'), handle);
    const again = { externalId: 'run-2' };
    await post(report('running', again), handle);
    assert.equal((await forge.readStatus(report('running', again), handle))?.state, 'running');
    await post(report('succeeded', again), handle);
    assert.deepEqual(states(), ['running', 'failed', 'running', 'success']);
    const shown = await forge.readStatus(report('succeeded', again), handle);
    assert.deepEqual([shown?.state, shown?.detailsUrl], ['succeeded', 'https://ci.example.org/runs/run-2']);
  });

  it('that are shown already are refused, and can be read back', async () => {
    const handle = await post(report('running'));
    assert.match(
      refused(await forge.postStatus(report('running'), handle)),
      /Cannot transition status via :run from :running/,
    );
    assert.equal((await forge.readStatus(report('running'), handle))?.state, 'running');
    assert.deepEqual(states(), ['running']);
  });

  it('cannot go back to queued, and the refusal is no success', async () => {
    const handle = await post(report('running'));
    assert.match(refused(await forge.postStatus(report('queued'), handle)), /:enqueue from :running/);
    assert.deepEqual(states(), ['running']);
  });

  it('end the open row of an older attempt before they show the newer', async () => {
    const handle = await post(report('running'));
    const newer = { externalId: 'run-2' };
    await post(report('queued', newer), handle);
    await post(report('running', newer), handle);
    assert.deepEqual(states(), ['running', 'canceled', 'pending', 'running']);
    const shown = await forge.readStatus(report('running', newer), handle);
    assert.deepEqual([shown?.state, shown?.detailsUrl], ['running', 'https://ci.example.org/runs/run-2']);
  });

  it('tell attempts apart by the handle where there are no links', async () => {
    const { detailsUrl: _link, ...older } = report('running');
    const { detailsUrl: _other, ...newer } = report('running', { externalId: 'run-2' });
    const handle = await post(older);
    assert.match(refused(await forge.postStatus({ ...older, title: 'half way' }, handle)), /Cannot transition/);
    const again = await post(newer, handle);
    assert.deepEqual(states(), ['running', 'canceled', 'running']);
    assert.match(refused(await forge.postStatus(newer, again)), /Cannot transition/);
    assert.equal((await forge.readStatus(newer, again))?.handle['attempt'], 'run-2');
  });

  it('are skipped even when they ran already', async () => {
    const handle = await post(report('running'));
    await post(report('skipped'), handle);
    assert.deepEqual(states(), ['running', 'canceled', 'skipped']);
    assert.equal((await forge.readStatus(report('skipped'), handle))?.state, 'skipped');
  });

  it('stay in the pipeline they began in, whatever pipelines come later', async () => {
    const handle = await post(report('running', { ref: 'refs/heads/main' }));
    gitlab.addPipeline(project, sha, 'main', 'push');
    await post(report('succeeded'), handle);
    const rows = gitlab.statusRows.list(gitlab.repositoryOf(project), sha, true);
    assert.equal(rows.length, 1);
    assert.equal(String(rows[0]?.pipeline.id), handle['pipeline']);
  });

  it('begin anew when their pipeline is archived, or full', async () => {
    const handle = await post(report('failed'));
    const first = gitlab.statusRows.list(gitlab.repositoryOf(project), sha, true)[0]?.pipeline;
    assert.ok(first);
    first.archived = true;
    const second = await post(report('running', { externalId: 'run-2' }), handle);
    assert.notEqual(second['pipeline'], handle['pipeline']);
    gitlab.statusRows.jobsMax = 1;
    await post(report('failed', { externalId: 'run-2' }), second);
    const third = await post(report('running', { externalId: 'run-3' }), second);
    gitlab.statusRows.jobsMax = 0;
    assert.notEqual(third['pipeline'], second['pipeline']);
  });

  it('are cut to what GitLab takes', async () => {
    await post(
      report('failed', { title: `a\nb ${'x'.repeat(300)}`, detailsUrl: `https://ci.example.org/${'y'.repeat(300)}` }),
    );
    const [row] = gitlab.statusRows.list(gitlab.repositoryOf(project), sha, true);
    assert.equal(row?.description?.length, 255);
    assert.ok(row?.description?.startsWith('a b x'));
    assert.equal(row?.targetUrl, null);
  });

  it('are nothing where nothing was posted', async () => {
    assert.equal(await forge.readStatus(report('running'), undefined), undefined);
    assert.equal(await forge.readStatus(report('running', { sha: 'f'.repeat(40) }), undefined), undefined);
  });
});

describe('statuses of GitLab, doubtful answers', () => {
  for (const fault of ['accepted-but-500', 'accepted-but-cut'] as const) {
    it(`${fault}: is an error that may pass, sent once, and read back`, async () => {
      gitlab.faults.next(/POST .*statuses/, { kind: fault });
      const sent = gitlab.requests.length;
      await assert.rejects(forge.postStatus(report('succeeded'), undefined), (error) => {
        return error instanceof ForgeError && error.problem === 'unavailable' && error.passing;
      });
      assert.equal(gitlab.requests.slice(sent).filter((line) => line.startsWith('POST')).length, 1);
      assert.equal((await forge.readStatus(report('succeeded'), undefined))?.state, 'succeeded');
      assert.deepEqual(states(), ['success']);
    });
  }

  it('409: another post is under way, which passes', async () => {
    gitlab.faults.next(/POST .*statuses/, { kind: 'status', code: 409 });
    await assert.rejects(forge.postStatus(report('running'), undefined), { problem: 'unavailable', status: 409 });
  });

  it('403 is no success and leads nowhere else', async () => {
    gitlab.faults.next(/POST .*statuses/, { kind: 'status', code: 403 });
    await assert.rejects(forge.postStatus(report('running'), undefined), { problem: 'forbidden' });
    assert.deepEqual(states(), []);
  });

  it('429: waits for as long as GitLab says, and posts once', async () => {
    gitlab.faults.next(/POST .*statuses/, { kind: 'status', code: 429, retryAfterSeconds: 7 });
    const start = clock.monotonicMs();
    const result = await settledInTime(clock, forge.postStatus(report('running'), undefined));
    assert.equal(result.status, 'fulfilled');
    assert.ok(clock.monotonicMs() - start >= 7000);
    assert.deepEqual(states(), ['running']);
  });
});

describe('statuses of merge requests at GitLab', () => {
  function fromFork(): { readonly fork: Project; readonly target: Partial<StatusReport> } {
    const fork = gitlab.fork(project, 'eve');
    sha = gitlab.commit(fork, 'fix', { y: String(names) });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'eve', head: 'fix', from: fork });
    return { fork, target: { pullRequest: { number, headProject: fork }, ref: '' } };
  }

  it('of a fork that the token may not write to are shown in the target project, all of them', async () => {
    const { fork, target } = fromFork();
    const handle = await post(report('running', target));
    await post(report('succeeded', target), handle);
    assert.deepEqual(states(), ['running', 'success']);
    assert.deepEqual(states(fork), []);
    const [row] = gitlab.statusRows.list(gitlab.repositoryOf(project), sha, true);
    assert.equal(row?.pipeline.ref, `refs/merge-requests/${target.pullRequest?.number}/head`);
  });

  for (const right of ['Developer', 'administrator'] as const) {
    it(`of a fork that the token may write to (${right}) are shown in the fork, all of them`, async () => {
      const { fork, target } = fromFork();
      if (right === 'Developer') gitlab.setLevel(fork, gitlab.ownLogin, 30);
      else gitlab.makeAdministrator();
      using other = openForge({ ...gitlab.access, userAgent: right }, clock);
      const outcome = await other.forge.postStatus(report('running', target), undefined);
      assert.ok(outcome.ok);
      await other.forge.postStatus(report('failed', target), outcome.handle);
      assert.deepEqual(states(fork), ['running', 'failed']);
      assert.deepEqual(states(), []);
    });
  }

  it('never move to another project because a post failed', async () => {
    const { fork, target } = fromFork();
    gitlab.setLevel(fork, gitlab.ownLogin, 30);
    const handle = await post(report('running', target));
    for (const code of [500, 403, 404, 400]) {
      gitlab.faults.next(/POST .*statuses/, { kind: 'status', code }, 2);
      await forge
        .postStatus(report('failed', target), handle)
        .catch((error: unknown) => assert.ok(error instanceof ForgeError));
      gitlab.faults.clear();
    }
    assert.deepEqual(states(), []);
    await post(report('failed', target), handle);
    assert.deepEqual(states(fork), ['running', 'failed']);
  });

  it('that cannot be placed now are not placed', async () => {
    const { target } = fromFork();
    gitlab.faults.next(/GET .*members/, { kind: 'status', code: 500 }, 3);
    const result = await settledInTime(clock, forge.postStatus(report('running', target), undefined));
    assert.equal(result.status, 'rejected');
    assert.deepEqual(states(), []);
  });

  it('go to the pipeline that the merge request shows', async () => {
    sha = gitlab.commit(project, 'fix', { y: '1' });
    gitlab.commit(project, 'a-branch-on-top', { y: '1' });
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const target = { pullRequest: { number, headProject: project }, ref: '' };
    const pipeline = gitlab.addPipeline(project, sha, `refs/merge-requests/${number}/head`, 'merge_request_event');
    const handle = await post(report('running', target));
    assert.equal(handle['pipeline'], String(pipeline));
  });

  it('make a pipeline of the source branch when there is none, not of the first branch with the commit', async () => {
    sha = gitlab.commit(project, 'fix', { y: '1' });
    const repository = gitlab.repositoryOf(project);
    repository.branches.set('a-branch-with-it', sha);
    const { number } = gitlab.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    await post(report('running', { pullRequest: { number, headProject: project }, ref: '' }));
    assert.equal(gitlab.statusRows.list(repository, sha, true)[0]?.pipeline.ref, 'fix');
  });
});
