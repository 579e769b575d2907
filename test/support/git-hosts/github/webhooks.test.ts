import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { VirtualClock } from '../../../../src/base/virtual-clock.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { GitEvent } from '../../../../src/forge/git-event.ts';
import { githubWebhooks } from '../../../../src/forge/github/webhook-format.ts';
import type { SentWebhook } from '../simulated-host.ts';
import { startGithubHost, type GithubHost } from './github-host.ts';

async function setup(context: TestContext) {
  const clock = new VirtualClock();
  const host = await startGithubHost({ clock, compared: false });
  context.after(() => host[Symbol.asyncDispose]());
  const project = host.addProject('org', 'app');
  const sha = host.model.repository('org', 'app')?.branches.get('main') ?? assert.fail('no main');
  return { clock, host, project, sha };
}

function eventOf(host: GithubHost, { headers, body }: SentWebhook): GitEvent {
  const secret = githubWebhooks.verify({ headers, body: Buffer.from(body) }, ['other', host.webhookSecret]);
  assert.equal(secret, host.webhookSecret);
  const result = githubWebhooks.normalise(headers, JSON.parse(body) as JsonObject);
  return (result.ok ? result.events[0] : undefined) ?? assert.fail('it was ignored');
}

describe('webhooks of the simulated GitHub', () => {
  it('tell pushes one after another', async (context) => {
    const { host, project, sha } = await setup(context);
    const first = host.commit(project, 'main', { a: '1' }, { message: 'Add a' });
    const push = eventOf(host, host.webhooks.push(project, 'main', 'ada'));
    assert.deepEqual([push.trigger, push.push?.before, push.revision?.sha], ['push', sha, first]);
    assert.deepEqual([push.actor.login, push.revision?.title, push.installationId], ['ada', 'Add a', 815]);
    assert.deepEqual(push.project, project);
    const second = host.commit(project, 'main', { a: '2' });
    const next = eventOf(host, host.webhooks.push(project, 'main', 'ada'));
    assert.deepEqual([next.push?.before, next.revision?.sha], [first, second]);
  });

  it('tell of tags, new branches and deleted ones', async (context) => {
    const { host, project, sha } = await setup(context);
    const tag = eventOf(host, host.webhooks.tag(project, 'v1', sha, 'ada'));
    assert.deepEqual([tag.push, tag.revision?.sha], [{ ref: 'refs/tags/v1' }, sha]);
    const tip = host.commit(project, 'topic', { a: '1' });
    assert.deepEqual(eventOf(host, host.webhooks.push(project, 'topic', 'ada')).push, { ref: 'refs/heads/topic' });
    const gone = eventOf(host, host.webhooks.deleteBranch(project, 'topic', 'ada'));
    assert.deepEqual([gone.trigger, gone.push], ['ref_deleted', { ref: 'refs/heads/topic', before: tip }]);
  });

  it('tell the life of a pull request', async (context) => {
    const { host, project } = await setup(context);
    const fork = host.fork(project, 'guest');
    const tip = host.commit(fork, 'fix', { a: '1' });
    const { number, webhook } = host.webhooks.openPullRequest(project, { author: 'guest', head: 'fix', from: fork });
    const opened = eventOf(host, webhook);
    assert.deepEqual([opened.trigger, opened.action, opened.revision?.sha], ['pull_request', 'opened', tip]);
    assert.equal(opened.pullRequest?.headProject.url, fork.url);
    const next = host.commit(fork, 'fix', { a: '2' });
    const moved = eventOf(host, host.webhooks.synchronize(project, number, 'guest'));
    assert.deepEqual([moved.action, moved.revision?.sha], ['synchronize', next]);
    const labeled = eventOf(host, host.webhooks.label(project, number, 'ready', 'org'));
    assert.deepEqual([labeled.eventType, labeled.pullRequest?.labels], ['pull_request_labeled', ['ready']]);
    const comment = eventOf(host, host.webhooks.comment(project, number, '/retest', 'org'));
    assert.deepEqual(
      [comment.comment?.body, comment.pullRequestNumber, comment.actor.login],
      ['/retest', number, 'org'],
    );
    const closed = eventOf(host, host.webhooks.close(project, number, 'guest'));
    assert.deepEqual([closed.trigger, closed.pullRequest?.state], ['pull_request_closed', 'closed']);
  });

  it('tell of buttons at checks, comments on commits, and merge queues', async (context) => {
    const { host, project, sha } = await setup(context);
    const repository = host.model.repository('org', 'app') ?? assert.fail('no repository');
    host.checks.create(repository, { name: 'CI', head_sha: sha, external_id: 'run-1' });
    const rerun = eventOf(host, host.webhooks.rerunCheck(project, sha, 'CI', 'ada'));
    assert.deepEqual(
      [rerun.rerun?.context, rerun.rerun?.externalId, rerun.rerun?.branch, rerun.revision?.sha],
      ['CI', 'run-1', 'main', sha],
    );
    assert.equal(eventOf(host, host.webhooks.rerunSuite(project, sha, 'ada')).rerun?.scope, 'suite');
    const comment = eventOf(host, host.webhooks.commentOnCommit(project, sha, '/test', 'ada'));
    assert.deepEqual([comment.comment?.on, comment.revision?.sha], ['commit', sha]);
    host.commit(project, 'topic', { a: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'topic' });
    const group = eventOf(host, host.webhooks.mergeGroup(project, number, 'ada'));
    assert.deepEqual([group.trigger, group.push?.baseBranch, group.push?.before], ['merge_group', 'main', sha]);
  });

  it('differ when a button is pressed again after the check ended, and not before', async (context) => {
    const { clock, host, project, sha } = await setup(context);
    const repository = host.model.repository('org', 'app') ?? assert.fail('no repository');
    const made = host.checks.create(repository, { name: 'CI', head_sha: sha }).json as JsonObject;
    const press = (): string => eventOf(host, host.webhooks.rerunCheck(project, sha, 'CI', 'ada')).occurrence;
    const first = press();
    assert.equal(press(), first);
    await clock.advance(5000);
    host.checks.update(repository, made['id'] as number, { conclusion: 'failure' });
    assert.notEqual(press(), first);
  });
});
