/** What every kind of Git host does alike, over real connections to a simulated one (and real repositories of plain Git). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { formatOf } from '../../src/forge/forges.ts';
import { type Forge, ForgeError, type StatusReport, type StatusState, isTerminal } from '../../src/forge/forge.ts';
import type { GitEvent, Project } from '../../src/forge/git-event.ts';
import { isOwnComment } from '../../src/forge/own-comment.ts';
import { settledInTime } from '../support/git-hosts/opened-forge.ts';
import type { HostFault, SentWebhook, SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { type Contestant, contestants, forgeFor } from './contestants.ts';

interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly host: SimulatedHost;
  readonly forge: Forge;
  readonly project: Project;
}

/** A host with one repository, whose maintainer is `ada`; everything done to it must be as its documentation says. */
async function begin(contestant: Contestant): Promise<World> {
  const clock = new VirtualClock();
  const host = await contestant.start(clock);
  const opened = forgeFor(host, clock);
  const project = host.addProject('trade', 'shop', { '.tekton/a.yaml': 'a: 1', 'README.md': '# Shop' });
  host.addUser('ada', { writes: [project] });
  return {
    clock,
    host,
    forge: opened.forge,
    project,
    async [Symbol.asyncDispose]() {
      opened[Symbol.dispose]();
      await host[Symbol.asyncDispose]();
      assert.deepEqual(host.violations, []);
    },
  };
}

function reportOf(project: Project, sha: string, members: Partial<StatusReport> = {}): StatusReport {
  return {
    project,
    sha,
    context: 'Penstock / build / main',
    ref: 'refs/heads/main',
    externalId: 'build-0123456789',
    state: 'running',
    title: 'Running',
    text: 'build has started',
    detailsUrl: 'https://penstock.example.org/runs/1',
    annotations: [],
    ...members,
  };
}

const states: readonly StatusState[] = [
  ...(['queued', 'awaiting_approval', 'running', 'succeeded', 'failed', 'error'] as const),
  ...(['lost', 'timed_out', 'cancelled', 'skipped', 'superseded'] as const),
];

for (const contestant of contestants) {
  describe(`${contestant.name} reads`, () => describeReading(contestant));
  describe(`${contestant.name} shows statuses`, () => describeStatuses(contestant));
  describe(`${contestant.name} sends webhooks`, () => describeWebhooks(contestant));
  if (contestant.hosted) {
    describe(`${contestant.name} has pull requests`, () => describePullRequests(contestant));
    describe(`${contestant.name} fails`, () => describeFailures(contestant));
  }
}

function describeReading(contestant: Contestant): void {
  it('a folder at the very commit, all levels, and nothing beside it', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const files = { '.tekton/a.yaml': 'a: 2', '.tekton/deep/er/b c.yaml': 'b: ü', '.tekton-not/x.yaml': 'x' };
    const old = host.commit(project, 'main', files);
    host.commit(project, 'main', { '.tekton/a.yaml': 'a: 3' });

    const found = await forge.readFolder(project, old, '.tekton');

    assert.deepEqual(Object.fromEntries(found.map(({ path, text }) => [path, text])), {
      '.tekton/a.yaml': 'a: 2',
      '.tekton/deep/er/b c.yaml': 'b: ü',
    });
    assert.deepEqual(await forge.readFolder(project, old, 'nowhere'), []);
  });

  it('files, as they are', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const sha = host.commit(project, 'main', { OWNERS: 'approvers: [ada]\n', 'deep/x.json': '{"a": 1}\n' });

    assert.equal(await forge.readFile(project, sha, 'OWNERS'), 'approvers: [ada]\n');
    assert.equal(await forge.readFile(project, sha, 'deep/x.json'), '{"a": 1}\n');
    assert.equal(await forge.readFile(project, sha, 'deep/none'), undefined);
  });

  it('which commit a branch, a tag or an id is', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const first = host.commit(project, 'feature/one', { x: '1' }, { message: 'Add x\n\nIt was missing.' });
    host.webhooks.tag(project, 'v1', first, 'ada');
    const second = host.commit(project, 'feature/one', { x: '2' });

    for (const ref of ['feature/one', 'refs/heads/feature/one']) {
      assert.equal((await forge.readRevision(project, ref))?.sha, second, ref);
    }
    for (const ref of ['refs/tags/v1', first]) {
      const found = await forge.readRevision(project, ref);
      assert.deepEqual([found?.sha, found?.title], [first, 'Add x'], ref);
      assert.equal(found?.message?.trimEnd(), 'Add x\n\nIt was missing.');
    }
    for (const ref of ['none', 'refs/heads/none', 'refs/tags/none', 'f'.repeat(40)]) {
      assert.equal(await forge.readRevision(project, ref), undefined, ref);
    }
    assert.equal((await forge.readProject(project))?.defaultBranch, 'main');
  });

  it('all files that a push of several commits changed', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const before = host.commit(project, 'main', { a: 'one', b: 'two', c: 'three' });
    host.commit(project, 'main', { a: 'other' });
    host.commit(project, 'main', { b: '', d: 'new' });
    const after = host.commit(project, 'main', { e: 'newer' });

    const changes = await forge.changedFiles(project, { kind: 'push', before, after });

    assert.deepEqual(
      { ...changes, added: changes.added.toSorted() },
      { added: ['d', 'e'], modified: ['a'], deleted: ['b'], renamed: [], truncated: false },
    );
  });

  it('the files of a new branch since it left the default one', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    host.commit(project, 'topic', { x: '1' });
    const after = host.commit(project, 'topic', { y: '1' });
    host.commit(project, 'main', { z: '1' });

    const changes = await forge.changedFiles(project, { kind: 'push', after });

    assert.ok(changes.truncated || changes.added.toSorted().join() === 'x,y', JSON.stringify(changes));
  });
}

function describeStatuses(contestant: Contestant): void {
  it('of every kind, and tells them again', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const sha = host.commit(project, 'main', { x: '1' });
    for (const state of states) {
      const report = reportOf(project, sha, { context: `Penstock / ${state}`, state, title: `now ${state}` });
      assert.equal(await forge.readStatus(report, undefined), undefined);

      const outcome = await forge.postStatus(report, undefined);
      assert.ok(outcome.ok, `${state}: ${outcome.ok ? '' : outcome.refused}`);
      const shown = await forge.readStatus(report, outcome.handle);

      assert.ok(shown, state);
      assert.equal(shown.title, `now ${state}`);
      assert.equal(shown.hostState, forge.hostState(state));
      assert.equal(shown.detailsUrl, report.detailsUrl);
      // Several of our states may be one at a host, but what has ended is never shown as going on, nor the reverse.
      if (shown.state !== 'unknown') assert.equal(isTerminal(shown.state), isTerminal(state), state);
      // Some hosts have no other word for what was rightly left out.
      if (shown.state === 'succeeded') assert.ok(state === 'succeeded' || state === 'skipped', state);
      if (state === 'succeeded') assert.equal(shown.state, 'succeeded');
      assert.equal(shown.externalId ?? report.externalId, report.externalId);
    }
  });

  it('anew in each attempt, in the same place', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const sha = host.commit(project, 'main', { x: '1' });
    const link = (number: number): string => `https://penstock.example.org/runs/${number}`;
    let handle: Awaited<ReturnType<Forge['readStatus']>>;
    for (const [attempt, state] of [
      [1, 'running'],
      [1, 'failed'],
      [2, 'queued'],
      [2, 'running'],
      [2, 'succeeded'],
    ] as const) {
      const report = reportOf(project, sha, { state, detailsUrl: link(attempt), externalId: `attempt-${attempt}` });
      const outcome = await forge.postStatus(report, handle?.handle);
      assert.ok(outcome.ok, `${attempt} ${state}: ${outcome.ok ? '' : outcome.refused}`);
      handle = await forge.readStatus(report, outcome.handle);
    }

    assert.deepEqual([handle?.state, handle?.detailsUrl], ['succeeded', link(2)]);
    const shown = host.statuses(project, sha);
    assert.equal(new Set(shown.map(({ context }) => context)).size, 1);
    assert.equal(shown.at(-1)?.url, link(2));
  });

  it('once when they are sent twice', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const sha = host.commit(project, 'main', { x: '1' });
    const report = reportOf(project, sha, { state: 'failed' });
    await forge.postStatus(report, undefined);
    const before = await forge.readStatus(report, undefined);

    const again = await forge.postStatus(report, before?.handle);

    assert.ok(again.ok || /\w/.test(again.refused));
    assert.deepEqual({ ...(await forge.readStatus(report, undefined)), handle: {} }, { ...before, handle: {} });
  });

  it('with long contexts and texts in any script, and keeps them apart', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const sha = host.commit(project, 'main', { x: '1' });
    const long = 'Penstock / prüfung 検査 🚀 / '.padEnd(254, 'x');
    const title = `Fertig ✓ ${'viele Wörter 🚀 '.repeat(200)}\nand another line`;
    for (const [end, state] of [
      ['1', 'succeeded'],
      ['2', 'failed'],
    ] as const) {
      const outcome = await forge.postStatus(reportOf(project, sha, { context: long + end, state, title }), undefined);
      assert.ok(outcome.ok, outcome.ok ? '' : outcome.refused);
    }

    const shown = [];
    for (const end of ['1', '2'])
      shown.push(await forge.readStatus(reportOf(project, sha, { context: long + end }), undefined));
    assert.deepEqual(
      shown.map((status) => status?.state),
      ['succeeded', 'failed'],
    );
    assert.match(shown[0]?.title ?? '', /^Fertig ✓ viele Wörter 🚀/);
    assert.ok(shown[0]?.title?.isWellFormed());
  });
}

/** What a webhook says, after its signature was verified. */
function eventOf(host: SimulatedHost, { headers, body }: SentWebhook): GitEvent {
  const format = formatOf(headers);
  assert.equal(format?.kind, host.kind);
  const request = { headers, body: Buffer.from(body) };
  assert.equal(format.verify(request, ['other', host.webhookSecret]), host.webhookSecret);
  assert.equal(format.verify(request, ['other']), undefined, 'a wrong secret');
  assert.equal(format.verify(request, ['']), undefined, 'an empty secret');
  assert.equal(format.verify(request, []), undefined, 'no secret');
  assert.ok(format.deliveryId(headers), 'the delivery has an id');
  const said = format.normalise(headers, JSON.parse(body) as JsonObject);
  assert.ok(said.ok, said.ok ? '' : said.ignored);
  assert.equal(said.events.length, 1);
  return said.events[0] as GitEvent;
}

function describeWebhooks(contestant: Contestant): void {
  it('that are forged when their body is cut', async () => {
    await using world = await begin(contestant);
    const { host, project } = world;
    // GitLab sends its secret as it is: whoever cuts a body is not found out by it.
    if (host.kind === 'gitlab') return;
    const { headers, body } = host.webhooks.push(project, 'main', 'ada');
    const request = { headers, body: Buffer.from(body).subarray(0, -1) };

    assert.equal(formatOf(headers)?.verify(request, [host.webhookSecret]), undefined);
  });

  it('of pushes, tags and deleted branches in one shape', async () => {
    await using world = await begin(contestant);
    const { host, project } = world;
    const before = host.commit(project, 'main', { x: '1' });
    const after = host.commit(project, 'main', { x: '2' });
    host.commit(project, 'topic', { y: '1' });

    const push = eventOf(host, host.webhooks.push(project, 'main', 'ada'));
    const tag = eventOf(host, host.webhooks.tag(project, 'v1', after, 'ada'));
    const deleted = eventOf(host, host.webhooks.deleteBranch(project, 'topic', 'ada'));

    assert.deepEqual(
      [push.trigger, push.revision?.sha, push.push],
      ['push', after, { ref: 'refs/heads/main', before }],
    );
    assert.deepEqual([tag.trigger, tag.revision?.sha, tag.push], ['push', after, { ref: 'refs/tags/v1' }]);
    assert.deepEqual([deleted.trigger, deleted.push?.ref], ['ref_deleted', 'refs/heads/topic']);
    assert.equal(deleted.revision, undefined);
    for (const event of [push, tag, deleted]) {
      assert.equal(event.project.url, project.url);
      assert.equal(event.project.name, 'shop');
      assert.equal(event.actor.login, 'ada');
    }
    const again = eventOf(host, host.webhooks.push(project, 'main', 'ada'));
    assert.equal(again.occurrence, push.occurrence, 'the same push, told once more');
  });

  if (!contestant.hosted) return;
  it('of pull requests in one shape, with who did it', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const fork = host.fork(project, 'guest');
    const first = host.commit(fork, 'fix', { x: '1' });
    const opened = host.webhooks.openPullRequest(project, { author: 'guest', head: 'fix', from: fork, title: 'Fix x' });
    const { number } = opened;

    const openedEvent = eventOf(host, opened.webhook);
    const second = host.commit(fork, 'fix', { x: '2' });
    const changed = eventOf(host, host.webhooks.synchronize(project, number, 'guest'));
    const comment = eventOf(host, host.webhooks.comment(project, number, '/test build', 'carl'));
    const closed = eventOf(host, host.webhooks.close(project, number, 'ada'));

    assert.deepEqual(
      [openedEvent, changed].map(({ trigger }) => trigger),
      ['pull_request', 'pull_request'],
    );
    assert.deepEqual(
      [openedEvent, changed].map(({ actor }) => actor.login),
      ['guest', 'guest'],
    );
    for (const [event, sha] of [
      [openedEvent, first],
      [changed, second],
    ] as const) {
      assert.equal(event.project.url, project.url);
      assert.equal(event.pullRequest?.number, number);
      assert.ok(event.pullRequest && sha.startsWith(event.pullRequest.headSha));
      assert.equal((await forge.readRevision(event.pullRequest.headProject, event.pullRequest.headSha))?.sha, sha);
      assert.equal(event.pullRequest.headProject.url, fork.url);
      assert.deepEqual([event.pullRequest.baseBranch, event.pullRequest.headBranch], ['main', 'fix']);
      assert.equal(event.pullRequest.author.login, 'guest');
    }
    assert.notEqual(openedEvent.occurrence, changed.occurrence);
    assert.deepEqual([comment.trigger, comment.actor.login, comment.comment?.body], ['comment', 'carl', '/test build']);
    assert.equal(comment.pullRequest?.number ?? comment.pullRequestNumber, number);
    assert.deepEqual([closed.trigger, closed.actor.login], ['pull_request_closed', 'ada']);
    assert.equal(closed.pullRequest?.number ?? closed.pullRequestNumber, number);
  });

  it('of labels, where there are any', { skip: contestant.labels ? false : 'it has no labels' }, async () => {
    await using world = await begin(contestant);
    const { host, project } = world;
    host.commit(project, 'fix', { x: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });

    const event = eventOf(host, host.webhooks.label(project, number, 'fast', 'carl'));

    assert.deepEqual([event.trigger, event.actor.login], ['pull_request', 'carl']);
    assert.deepEqual(event.pullRequest?.labels, ['fast']);
  });
}

function describePullRequests(contestant: Contestant): void {
  it('that can be read, with their changed files', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    const fork = host.fork(project, 'guest');
    host.commit(fork, 'fix', { x: '1' });
    const headSha = host.commit(fork, 'fix', { 'README.md': '# The shop' });
    host.commit(project, 'main', { y: '1' });
    const { number } = host.webhooks.openPullRequest(project, {
      author: 'guest',
      head: 'fix',
      from: fork,
      title: 'Fix',
    });

    const pull = await forge.readPullRequest(project, number);

    assert.deepEqual(
      {
        number: pull?.number,
        title: pull?.title,
        state: pull?.state,
        author: pull?.author.login,
        headSha: pull?.headSha,
      },
      { number, title: 'Fix', state: 'open', author: 'guest', headSha },
    );
    assert.equal(pull?.headProject.url, fork.url);
    assert.deepEqual(
      (await forge.pullRequestsOf(project, headSha)).map((found) => found.number),
      [number],
    );
    assert.deepEqual(await forge.changedFiles(project, { kind: 'pull_request', number, headSha }), {
      added: ['x'],
      modified: ['README.md'],
      deleted: [],
      renamed: [],
      truncated: false,
    });
    host.webhooks.close(project, number, 'ada');
    assert.equal((await forge.readPullRequest(project, number))?.state, 'closed');
    assert.deepEqual(await forge.pullRequestsOf(project, headSha), []);
    assert.equal(await forge.readPullRequest(project, 999), undefined);
  });

  it('on which a comment is made once and then changed', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    host.commit(project, 'fix', { x: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    host.webhooks.comment(project, number, 'Looks **good** ✓', 'carl');
    const put = (marker: string, body: string): Promise<void> =>
      forge.putComment({ project, pullRequest: number, marker, body });

    await put('penstock (build)', 'running');
    await put('penstock (test)', 'other');
    await put('penstock (build)', 'failed: `exit 1`');
    await put('penstock (build)', 'failed: `exit 1`');

    const bodies = host.comments(project, number).map(({ body }) => body);
    assert.equal(bodies.length, 3, bodies.join('\n---\n'));
    assert.match(bodies[1] ?? '', /failed: `exit 1`/);
    assert.match(bodies[2] ?? '', /other/);
    const read = await forge.readComments(project, number);
    assert.equal(read.length, 3);
    assert.deepEqual([read[0]?.author.login, read[0]?.body], ['carl', 'Looks **good** ✓']);
  });

  it('on which a comment is made however long it is, with its end', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    host.commit(project, 'fix', { x: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    const log = Array.from({ length: 8_000 }, (_, index) => `ligne à ${index}`).join('\n');
    const body = `It failed:\n\n\`\`\`text\n${log}\n\`\`\`\n\n[Details](https://ci.example.org/runs/1)`;

    await forge.putComment({ project, pullRequest: number, marker: 'penstock-long', body });

    const [made = '', ...more] = host.comments(project, number).map((comment) => comment.body);
    assert.equal(more.length, 0);
    assert.match(made, /ligne à 7999\n```\n\n\[Details\]\(https:\/\/ci\.example\.org\/runs\/1\)/);
    assert.ok(isOwnComment(made));
  });

  it('and people, of whom it knows what they may do', async () => {
    await using world = await begin(contestant);
    const { host, forge, project } = world;
    host.addUser('eve');
    host.addUser('adam');
    host.commit(project, 'fix', { x: '1' });
    const actorOf = (login: string): GitEvent['actor'] =>
      eventOf(host, host.webhooks.push(project, 'fix', login)).actor;

    assert.equal(await forge.standing(project, actorOf('ada')), 'write');
    assert.notEqual(await forge.standing(project, actorOf('eve')), 'write');
    assert.notEqual(await forge.standing(project, actorOf('adam')), 'write');
  });
}

function describeFailures(contestant: Contestant): void {
  /** What a read comes to when every request meets the fault. */
  async function meeting(fault: HostFault): Promise<unknown> {
    await using world = await begin(contestant);
    const { clock, host, forge, project } = world;
    host.faults.next(/./, fault, 20);
    const outcome = await settledInTime(clock, forge.readRevision(project, 'refs/heads/main'));
    return outcome.status === 'rejected' ? outcome.reason : outcome.value;
  }

  for (const [fault, problem] of [
    [{ kind: 'status', code: 401 }, 'unauthorized'],
    [{ kind: 'expired-token' }, 'unauthorized'],
    [{ kind: 'status', code: 403 }, 'forbidden'],
    [{ kind: 'status', code: 500 }, 'unavailable'],
    [{ kind: 'status', code: 503 }, 'unavailable'],
    [{ kind: 'cut' }, 'unavailable'],
    [{ kind: 'status', code: 429, retryAfterSeconds: 3600 }, 'rate-limited'],
  ] as const satisfies readonly (readonly [HostFault, string])[]) {
    it(`with ${JSON.stringify(fault)} as ${problem}`, async () => {
      const reason = await meeting(fault);
      assert.ok(reason instanceof ForgeError, String(reason));
      assert.equal(reason.problem, problem, reason.message);
      assert.equal(reason.passing, problem === 'unavailable' || problem === 'rate-limited');
      if (problem === 'rate-limited') assert.ok((reason.retryAfterMs ?? 0) > 3_500_000, String(reason.retryAfterMs));
    });
  }

  it('with 404 as nothing there', async () => assert.equal(await meeting({ kind: 'status', code: 404 }), undefined));

  it('once, and a read is asked again', async () => {
    await using world = await begin(contestant);
    const { clock, host, forge, project } = world;
    await forge.readProject(project); // An App has its token by then.
    host.faults.next(/./, { kind: 'status', code: 502 });

    const outcome = await settledInTime(clock, forge.readRevision(project, 'refs/heads/main'));

    assert.equal(outcome.status, 'fulfilled');
    assert.ok(outcome.status === 'fulfilled' && outcome.value?.sha);
  });

  for (const kind of ['accepted-but-500', 'accepted-but-cut'] as const) {
    it(`with ${kind} of a post, which is not repeated, and reading finds what was carried out`, async () => {
      await using world = await begin(contestant);
      const { clock, host, forge, project } = world;
      const sha = host.commit(project, 'main', { x: '1' });
      const report = reportOf(project, sha, { state: 'succeeded' });
      await forge.readProject(project); // An App has its token by then.
      const before = host.requests.length;
      host.faults.next(/^POST /, { kind });

      const outcome = await settledInTime(clock, forge.postStatus(report, undefined));

      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof ForgeError);
      assert.equal(outcome.reason.problem, 'unavailable');
      assert.equal(host.requests.slice(before).filter((request) => request.startsWith('POST ')).length, 1);
      assert.equal((await forge.readStatus(report, undefined))?.state, 'succeeded');
      assert.equal(host.statuses(project, sha).length, 1);
    });
  }

  it('without telling the token', async () => {
    const reason = await meeting({ kind: 'status', code: 400 });
    assert.ok(reason instanceof ForgeError);
    await using world = await begin(contestant);
    const { credential } = world.host.access;
    assert.ok(credential.type !== 'token' || !reason.message.includes(credential.token));
  });
}
