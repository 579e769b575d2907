import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runKeys } from '../../forge/kinds/run-keys.ts';
import type { ModelPullRequest, ModelRepository } from '../../../test/support/git-hosts/git-model.ts';
import { definition, onPull, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = { '.tekton/pull.yaml': definition('pull', onPull) };

interface Fork {
  readonly rig: PlannerRig;
  readonly fork: ModelRepository;
  readonly pull: ModelPullRequest;
  readonly first: string;
  /** Name of the Delivery that opened it. */
  readonly opening: string;
}

/** A pull request of a stranger, from a fork. */
async function forked(options: Parameters<typeof PlannerRig.create>[1] = {}): Promise<Fork> {
  const rig = await PlannerRig.create(files, options);
  const fork = rig.model.fork(rig.app, 'guest');
  const first = fork.commit('fix', { '.tekton/pull.yaml': definition('pull', onPull, 'echo from the fork') });
  const pull = rig.app.openPullRequest({ author: 'guest', head: 'fix', from: fork });
  const opening = await rig.deliver(rig.pull(pull, { action: 'opened', actor: { login: 'guest' } }));
  await rig.pass(1_000);
  return { rig, fork, pull, first, opening };
}

async function say({ rig, pull }: Fork, author: string, body: string): Promise<string> {
  const name = await rig.deliver(rig.comment(pull, author, body));
  await rig.pass(1_000);
  return name;
}

async function push({ rig, fork, pull }: Fork, more = {}): Promise<string> {
  fork.commit('fix', { a: String(rig.clock.now()) });
  const name = await rig.deliver(rig.pull(pull, { actor: { login: 'guest' }, ...more }));
  await rig.pass(1_000);
  return name;
}

describe("a stranger's pull request", () => {
  it('waits for approval, in the context in which its run will stand', async () => {
    const { rig, opening } = await forked();
    assert.equal((await rig.runs()).length, 0);
    const { notices = [], outcomes = [] } = await rig.status(opening);
    assert.equal(outcomes[0]?.reason, 'AwaitingApproval');
    const [notice] = notices;
    assert.equal(notice?.state, 'awaiting_approval');
    assert.equal(notice.target.context, 'Pipelines as Code CI / pull / #1');
    assert.match(notice.text, /guest may not run pipelines here/);
    assert.match(notice.text, /\/ok-to-test/);
    assert.equal(notice.attempt, 1);
  });

  it('runs once somebody who may push approves it, as the next attempt in the same context', async () => {
    const fork = await forked();
    assert.equal(await fork.rig.reason(await say(fork, 'guest', '/ok-to-test')), 'PermissionDenied');
    const approved = await say(fork, 'org', '/ok-to-test');
    const status = await fork.rig.status(approved);
    assert.equal(status.outcomes?.[0]?.reason, 'Planned');
    assert.equal(status.runs?.[0]?.attempt, 2);
    assert.equal(status.runs?.[0]?.target.context, 'Pipelines as Code CI / pull / #1');
    const [run] = await fork.rig.runs();
    assert.equal(run?.metadata.annotations?.[runKeys.sha], fork.first);
  });

  it('runs when it is approved also where events abbreviate the head, and names the whole commit', async () => {
    const rig = await PlannerRig.create(files);
    const fork = rig.model.fork(rig.app, 'guest');
    const first = fork.commit('fix', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'guest', head: 'fix', from: fork });
    const {
      revision: _whole,
      pullRequest,
      ...event
    } = rig.pull(pull, { action: 'created', actor: { login: 'guest' } });
    const short = pullRequest && { ...pullRequest, headSha: first.slice(0, 12) };
    const opening = await rig.deliver({ ...event, ...(short && { pullRequest: short }) });
    await rig.pass(1_000);
    assert.equal((await rig.status(opening)).notices?.[0]?.target.sha, first);

    const approved = await say({ rig, fork, pull, first, opening }, 'org', '/ok-to-test');

    assert.equal(await rig.reason(approved), 'Planned');
    const [run] = await rig.runs();
    assert.equal(run?.metadata.annotations?.[runKeys.sha], first);
  });

  it('needs approval again for what is pushed later', async () => {
    const fork = await forked();
    await say(fork, 'org', '/ok-to-test');
    assert.equal(await fork.rig.reason(await push(fork)), 'AwaitingApproval');
    assert.equal((await fork.rig.runs()).length, 1);
  });

  it('needs none again where approval is remembered', async () => {
    const fork = await forked({ settings: { 'remember-ok-to-test': 'true' } });
    assert.equal(await fork.rig.reason(await push(fork)), 'AwaitingApproval');
    await say(fork, 'guest', '/ok-to-test');
    assert.equal(await fork.rig.reason(await push(fork)), 'AwaitingApproval');
    await say(fork, 'org', '/ok-to-test');
    assert.equal(await fork.rig.reason(await push(fork)), 'Planned');
  });

  it('is not approved by what a comment of ours quotes', async () => {
    const fork = await forked({ settings: { 'remember-ok-to-test': 'true' } });
    fork.rig.app.addComment(
      fork.pull,
      'org',
      '<!-- penstock-0123abcd -->\n**pull** failed:\n\n```text\n/ok-to-test\n```',
    );
    assert.equal(await fork.rig.reason(await push(fork)), 'AwaitingApproval');
    fork.rig.app.addComment(fork.pull, 'org', '/ok-to-test');
    assert.equal(await fork.rig.reason(await push(fork)), 'Planned');
  });

  it('is not approved by a label that somebody else sets', async () => {
    const fork = await forked();
    const labeled = await fork.rig.deliver(
      fork.rig.pull(fork.pull, { action: 'reopened', occurrence: 'reopened', actor: { login: 'org' } }),
    );
    await fork.rig.pass(1_000);
    assert.equal(await fork.rig.reason(labeled), 'AwaitingApproval');
  });

  it('may be tested again by its author once the commit was approved', async () => {
    const fork = await forked();
    await say(fork, 'org', '/ok-to-test');
    assert.equal(await fork.rig.reason(await say(fork, 'guest', '/test')), 'Planned');
    assert.equal(await fork.rig.reason(await say(fork, 'stranger', '/test')), 'PermissionDenied');
  });

  it('is approved for the commit that is named, and for no other', async () => {
    for (const settings of [{}, { 'require-ok-to-test-sha': 'true' }]) {
      const fork = await forked({ settings });
      const wrong = await say(fork, 'org', `/ok-to-test ${'0'.repeat(40)}`);
      assert.equal(await fork.rig.reason(wrong), 'AwaitingApproval');
      assert.equal(await fork.rig.reason(await say(fork, 'org', `/ok-to-test ${fork.first.slice(0, 9)}`)), 'Planned');
    }
  });

  it('is approved without naming the commit only where that is allowed', async () => {
    const fork = await forked({ settings: { 'require-ok-to-test-sha': 'true' } });
    assert.equal(await fork.rig.reason(await say(fork, 'org', '/ok-to-test')), 'AwaitingApproval');
    assert.equal(await fork.rig.reason(await say(fork, 'org', '/test')), 'AwaitingApproval');
    const { notices = [] } = await fork.rig.status('github-1');
    assert.match(notices[0]?.text ?? '', new RegExp(`/ok-to-test ${fork.first}`));
    assert.equal((await fork.rig.runs()).length, 0);
  });

  it('that moved while the approval was on its way is not run', async () => {
    const fork = await forked();
    const { rig, pull } = fork;
    const approval = rig.comment(pull, 'org', '/ok-to-test');
    const writtenAt = new Date(rig.clock.now()).toISOString();
    await rig.pass(1_000);
    await push(fork);
    const late = await rig.deliver(approval, { receivedAt: writtenAt });
    await rig.pass(1_000);
    assert.equal(await rig.reason(late), 'AwaitingApproval');
    assert.match((await rig.status(late)).outcomes?.[0]?.message ?? '', /has moved/);
    assert.equal((await rig.runs()).length, 0);
  });

  it('is not approved by an old comment that somebody replays', async () => {
    const fork = await forked();
    const { rig, pull } = fork;
    const comment = rig.comment(pull, 'org', '/ok-to-test');
    const original = await rig.deliver(comment);
    await rig.pass(1_000);
    await push(fork);
    await rig.pass(1_000);
    const replay = { ...comment, occurrence: 'replayed' };
    const replayed = await rig.deliver(replay, { replayOf: original });
    const orphan = await rig.deliver({ ...replay, occurrence: 'of what is gone' }, { replayOf: 'github-gone' });
    await rig.pass(1_000);
    assert.equal(await rig.reason(replayed), 'AwaitingApproval');
    assert.equal(await rig.reason(orphan), 'AwaitingApproval');
    assert.equal((await rig.runs()).length, 1);
  });

  it('with nothing to run is told so to who may approve, and to nobody else', async () => {
    const rig = await PlannerRig.create({ 'README.md': 'nothing here' });
    const fork = rig.model.fork(rig.app, 'guest');
    fork.commit('fix', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'guest', head: 'fix', from: fork });
    const of = async (author: string): Promise<readonly (string | undefined)[]> => {
      const name = await rig.deliver(rig.comment(pull, author, '/ok-to-test'));
      await rig.pass(1_000);
      return [await rig.reason(name), (await rig.status(name)).notices?.[0]?.state];
    };
    assert.deepEqual(await of('org'), ['NothingMatched', 'skipped']);
    assert.deepEqual(await of('guest'), ['PermissionDenied', undefined]);
  });

  it('of a bot is left without a word', async () => {
    const rig = await PlannerRig.create(files);
    const fork = rig.model.fork(rig.app, 'robot');
    fork.commit('fix', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'robot', head: 'fix', from: fork });
    const event = rig.pull(pull);
    const actor = { login: 'robot', bot: true } as const;
    const pullRequest = event.pullRequest === undefined ? {} : { pullRequest: { ...event.pullRequest, author: actor } };
    const name = await rig.deliver({ ...event, actor, ...pullRequest });
    await rig.pass();
    assert.equal(await rig.reason(name), 'PermissionDenied');
    assert.equal((await rig.status(name)).notices, undefined);
  });
});

describe('a policy', () => {
  const policy = { ok_to_test: ['maintainers'], pull_request: ['members'] };

  it('says by teams who may, with OWNERS as the way around it', async () => {
    const fork = await forked({ repository: { settings: { policy } } });
    const { rig } = fork;
    assert.equal(await rig.reason(await say(fork, 'org', '/ok-to-test')), 'PermissionDenied');
    rig.model.user('ann', ['maintainers']);
    assert.equal(await rig.reason(await say(fork, 'ann', '/ok-to-test')), 'Planned');
    rig.model.user('guest', ['members']);
    assert.equal(await rig.reason(await push(fork)), 'Planned');
    rig.app.commit('main', { OWNERS: 'filters: {".*": {reviewers: [bob]}}\n' });
    assert.equal(await rig.reason(await say(fork, 'bob', '/test')), 'Planned');
  });

  it('holds for pull requests from the repository itself, too; an empty list lets nobody', async () => {
    const rig = await PlannerRig.create(files, { repository: { settings: { policy: { pull_request: [] } } } });
    rig.app.commit('feature', { a: '1' });
    const pull = rig.app.openPullRequest({ author: 'org', head: 'feature' });
    const name = await rig.deliver(rig.pull(pull));
    await rig.pass();
    assert.equal(await rig.reason(name), 'AwaitingApproval');
  });
});
