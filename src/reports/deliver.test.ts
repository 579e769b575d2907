import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { context, otherSha, project, ReportRig } from '../../test/support/report-rig.ts';
import { ApiStatusError } from '../kube/api-error.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A rig with a Repository and the controllers running. */
async function running(options: ConstructorParameters<typeof ReportRig>[0] = {}): Promise<ReportRig> {
  const rig = new ReportRig(options);
  await rig.repository();
  await rig.start();
  return rig;
}

/** A run that is shown as running. */
async function withRunning(options: ConstructorParameters<typeof ReportRig>[0] = {}): Promise<ReportRig> {
  const rig = await running(options);
  await rig.run('build-1');
  await rig.settle();
  await rig.begin('build-1');
  await rig.settle();
  return rig;
}

describe('showing statuses', () => {
  it('shows queued, running and the end, once each', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.settle();
    await rig.begin('build-1');
    await rig.settle();
    await rig.end('build-1');
    await rig.settle();
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.equal(rig.host.calls.length, 3);
    const status = await rig.only();
    assert.equal(status.status?.acknowledged?.state, 'succeeded');
    assert.deepEqual([rig.delivered(status)?.status, rig.delivered(status)?.reason], ['True', 'Accepted']);
    await rig.settle(24 * hour);
    assert.equal(rig.host.calls.length, 3, 'what is shown is left alone');
  });

  it('asks the API for little: its own writes tell what is newest, and a Secret is read once for statuses that follow closely', async () => {
    const rig = await running();
    const reads: string[] = [];
    rig.observe = ({ method, path }) => {
      if (method === 'GET' && /\/commitstatuses\/[^/]+$/.test(path)) reads.push(path);
    };
    await rig.run('build-1');
    await rig.settle();
    await rig.begin('build-1');
    await rig.settle();
    await rig.end('build-1');
    await rig.settle();
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.deepEqual([reads.length, rig.secretReads], [0, 1]);
  });

  it('reads back a post that was taken and answered 500, and does not repeat it', async () => {
    const rig = await withRunning();
    rig.host.next('post', { kind: 'accepted-but-500' });
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.deepEqual(rig.host.calls.slice(-2), [`post ${context} succeeded`, `read ${context}`]);
    const { status } = await rig.only();
    assert.equal(status?.acknowledged?.evidence, 'read');
    assert.equal(status?.failures, undefined);
  });

  it('repeats a post that was not carried out, after reading', async () => {
    const rig = await withRunning();
    rig.host.next('post', { kind: 'unavailable' });
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    const last = [`post ${context} succeeded`, `read ${context}`, `post ${context} succeeded`];
    assert.deepEqual(rig.host.calls.slice(-3), last);
    assert.equal((await rig.only()).status?.acknowledged?.evidence, 'accepted');
  });

  it('asks for quiet as long as the host wants it, and not sooner', async () => {
    const rig = await withRunning();
    const startMs = rig.clock.now();
    rig.host.next('post', { kind: 'limited', retryAfterMs: 90_000 });
    await rig.end('build-1');
    await rig.settle(89_000);
    assert.equal(rig.host.calls.filter((call) => call.endsWith('succeeded')).length, 1);
    assert.equal(rig.delivered(await rig.only())?.reason, 'RateLimited');
    await rig.settle(5_000);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.ok((rig.host.seen(context)[2]?.atMs ?? 0) - startMs >= 90_000);
  });

  it('outlasts six hours without the host, over the end of the run', async () => {
    const rig = await withRunning();
    rig.host.down = true;
    await rig.settle(hour);
    await rig.end('build-1', 'Failed');
    await rig.settle(5 * hour);
    const before = await rig.only();
    assert.deepEqual([rig.delivered(before)?.status, rig.delivered(before)?.reason], ['False', 'HostUnavailable']);
    assert.deepEqual(rig.events, ['StatusNotDelivered'], 'told once');
    const tries = rig.host.calls.length;
    assert.ok(tries < 5 * 60, `at most a try a minute: ${tries}`);
    assert.match(await rig.metricsText(), /penstock_statuses_undelivered 1\n/);
    rig.host.down = false;
    await rig.settle(6 * minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'failed']);
    assert.equal(rig.delivered(await rig.only())?.status, 'True');
    assert.match(await rig.metricsText(), /penstock_statuses_undelivered 0\n/);
  });

  it('keeps trying while the token is expired, and says so', async () => {
    const rig = await withRunning();
    rig.host.expired = true;
    await rig.end('build-1');
    await rig.settle(hour);
    const status = await rig.only();
    assert.equal(rig.delivered(status)?.reason, 'Unauthorized');
    assert.match(status.status?.lastError ?? '', /the token has expired/);
    const tries = rig.host.calls.length;
    assert.ok(tries < 20, `seldom: ${tries}`);
    rig.host.expired = false;
    await rig.settle(16 * minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
  });

  it('takes a token that was renewed at once, and tells nobody of the old one', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.settle(100);
    rig.host.next('post', { kind: 'unauthorized' });
    await rig.begin('build-1');
    await rig.settle(1_000);
    assert.deepEqual(rig.host.states(context), ['queued', 'running']);
    assert.equal(rig.secretReads, 2, 'its Secret was read again');
    assert.equal(rig.delivered(await rig.only())?.status, 'True');
  });

  it('gives up after a week, until there is something else to say', async () => {
    const rig = await withRunning();
    rig.host.expired = true;
    await rig.end('build-1', 'Failed');
    await rig.settle(hour);
    rig.clock.jump(7 * 24 * hour);
    await rig.settle(hour);
    assert.equal(rig.delivered(await rig.only())?.reason, 'GaveUp');
    const tries = rig.host.calls.length;
    await rig.settle(24 * hour);
    assert.equal(rig.host.calls.length, tries);
    rig.host.expired = false;
    await rig.run('build-2', { attempt: 2 });
    await rig.settle();
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'queued']);
  });

  it('does not give up for time in which nobody tried', async () => {
    const rig = await withRunning();
    rig.host.down = true;
    await rig.end('build-1', 'Failed');
    await rig.settle(hour);
    rig.kill();
    rig.clock.jump(8 * 24 * hour);
    rig.host.down = false;
    await rig.start();
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'failed']);
  });

  it('does not wait for a clock that was set back', async () => {
    const rig = await withRunning();
    rig.host.next('post', { kind: 'unavailable' });
    await rig.end('build-1');
    await rig.settle(500);
    assert.equal(rig.delivered(await rig.only())?.reason, 'HostUnavailable');
    rig.clock.jump(-30 * 24 * hour);
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
  });

  it('says what is missing when the Repository is gone or its secret is', async () => {
    const rig = new ReportRig();
    await rig.start();
    await rig.run('build-1');
    await rig.settle();
    const status = await rig.only();
    assert.equal(rig.delivered(status)?.reason, 'NoAccess');
    assert.match(status.status?.lastError ?? '', /there is no Repository "app"/);
    await rig.repository();
    await rig.settle(16 * minute);
    assert.deepEqual(rig.host.states(context), ['queued']);
  });
});

describe('a host like GitLab', () => {
  it('is believed only after reading when it refuses a transition', async () => {
    const rig = await running({ likeGitLab: true });
    // Queued and waiting for approval are one word there.
    await rig.run('build-1');
    await rig.settle();
    rig.host.next('post', { kind: 'accepted-but-500' });
    await rig.begin('build-1');
    // The answer to the first post of `running` is lost; the process that would read it back is too.
    await rig.clock.advance(100);
    rig.kill();
    await rig.start();
    await rig.settle(minute);
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.deepEqual(rig.host.words(context), ['pending', 'running', 'success']);
  });

  it('is never believed to show what it refused', async () => {
    const rig = await withRunning({ likeGitLab: true });
    // A newer attempt waits while the old one still runs: the host takes no step back.
    await rig.run('build-2', { attempt: 2 });
    await rig.settle(minute);
    const refused = await rig.only();
    assert.deepEqual([rig.delivered(refused)?.status, rig.delivered(refused)?.reason], ['False', 'Refused']);
    assert.match(refused.status?.lastError ?? '', /refused "queued" and shows "running"/);
    assert.equal(refused.status?.acknowledged?.attempt, 1);
    await rig.begin('build-2');
    await rig.end('build-2');
    await rig.settle(minute);
    assert.deepEqual(rig.host.words(context), ['pending', 'running', 'success']);
    assert.equal(rig.host.seen(context)[2]?.externalId, 'build-2');
    assert.equal(rig.delivered(await rig.only())?.status, 'True');
  });

  it('takes a refusal for delivered when what is shown is what was wanted', async () => {
    const rig = await running({ likeGitLab: true });
    await rig.run('build-1', { annotations: { 'penstock.dev/queue': 'position 2' } });
    await rig.settle();
    // Other words for the same state: refused there, and read back as what it is.
    await rig.annotate('build-1', { 'penstock.dev/queue': 'position 1' });
    await rig.settle(2 * minute);
    const { status } = await rig.only();
    assert.equal(status?.acknowledged?.evidence, 'read');
    assert.deepEqual(rig.host.words(context), ['pending']);
  });
});

describe('order', () => {
  it('never lets an older attempt that ends later be shown', async () => {
    const rig = await withRunning();
    await rig.run('build-2', { attempt: 2 });
    await rig.settle();
    await rig.end('build-2', 'Failed');
    await rig.settle();
    await rig.end('build-1');
    await rig.settle(hour);
    const shown = rig.host.seen(context).map(({ state, externalId }) => `${externalId} ${state}`);
    assert.deepEqual(shown, ['build-1 queued', 'build-1 running', 'build-2 queued', 'build-2 failed']);
    assert.match(await rig.metricsText(), /penstock_status_superseded_total [1-9]/);
  });

  it('shows only the newest of what came while the host was away', async () => {
    const rig = await running();
    rig.host.down = true;
    for (const attempt of [1, 2, 3]) {
      await rig.run(`build-${attempt}`, { attempt });
      await rig.begin(`build-${attempt}`);
      await rig.settle(minute);
      await rig.end(`build-${attempt}`, attempt === 3 ? 'Succeeded' : 'Failed');
      await rig.settle(minute);
    }
    rig.host.down = false;
    await rig.settle(6 * minute);
    assert.deepEqual(rig.host.states(context), ['succeeded']);
    assert.equal(rig.host.seen(context)[0]?.externalId, 'build-3');
  });

  it('changes words alone at most once a minute', async () => {
    const rig = await running();
    await rig.run('build-1');
    for (let position = 20; position > 0; position--) {
      await rig.annotate('build-1', { 'penstock.dev/queue': `position ${position}` });
      await rig.settle(5_000);
    }
    assert.ok(rig.host.seen(context).length <= 3, `${rig.host.seen(context).length}`);
    await rig.settle(2 * minute);
    assert.equal(rig.host.seen(context).at(-1)?.title, 'position 1');
  });

  it('does not count a status as shown when the write that says so meets another one', async () => {
    const rig = await withRunning();
    let conflicts = 3;
    rig.refuses = (method, path) =>
      method === 'PUT' && path.endsWith('/status') && conflicts-- > 0
        ? new ApiStatusError('Conflict', 'it changed')
        : undefined;
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.equal((await rig.only()).status?.acknowledged?.state, 'succeeded');
  });

  it('survives an API that takes no statuses for an hour', async () => {
    const rig = await withRunning();
    let broken = true;
    rig.refuses = (method, path) =>
      broken && method === 'PUT' && path.endsWith('/status')
        ? new ApiStatusError('InternalError', 'no disk')
        : undefined;
    await rig.end('build-1');
    await rig.settle(hour);
    broken = false;
    await rig.settle(hour);
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded'], 'posted once, read back ever after');
    assert.equal((await rig.only()).status?.acknowledged?.evidence, 'read');
  });
});

describe('many contexts', () => {
  it('share the quiet that the host asked one of them for', async () => {
    const rig = await running();
    rig.host.next('post', { kind: 'limited', retryAfterMs: 10 * minute });
    await rig.run('build-1');
    await rig.settle(100);
    await rig.run('build-2', { target: { context: 'other' } });
    await rig.settle(9 * minute);
    assert.equal(rig.host.calls.length, 1, 'one was told, all are quiet');
    const waiting = (await rig.statuses()).map((status) => rig.delivered(status)?.reason);
    assert.deepEqual(new Set(waiting), new Set(['RateLimited', 'Waiting']));
    await rig.settle(2 * minute);
    assert.deepEqual([rig.host.states(context), rig.host.states('other')], [['queued'], ['queued']]);
  });
});

describe('comments', () => {
  const pullRequest = { number: 7, headProject: project };

  it('are made at the end where the host shows no text, once, with the text', async () => {
    const rig = await running();
    await rig.run('build-1', { target: { pullRequest } });
    await rig.begin('build-1');
    await rig.settle();
    assert.equal(rig.host.comments.size, 0);
    rig.host.next('comment', { kind: 'accepted-but-500' });
    await rig.end('build-1');
    await rig.settle(minute);
    assert.equal(rig.host.comments.size, 1, 'found again by its marker');
    const [comment] = rig.host.comments.values();
    assert.match(comment?.body ?? '', /\*\*build\*\* succeeded/);
    assert.equal(comment?.pullRequest, 7);
    assert.equal(rig.delivered(await rig.only())?.status, 'True');
    await rig.restart();
    await rig.settle(hour);
    assert.equal(rig.host.commentChanges.length, 2);
  });

  it('follow the strategy of the Repository', async () => {
    for (const [strategy, expected] of [
      ['', 2],
      ['update', 1],
      ['disable_all', 0],
    ] as const) {
      const rig = new ReportRig();
      await rig.repository('app', { forgejo: { comment_strategy: strategy } });
      await rig.start();
      for (const attempt of [1, 2]) {
        await rig.run(`build-${attempt}`, { attempt, target: { pullRequest } });
        await rig.end(`build-${attempt}`);
        await rig.settle(minute);
      }
      assert.equal(rig.host.comments.size, expected, strategy);
    }
  });

  it('that are kept up to date are those of the newest commit', async () => {
    const rig = new ReportRig();
    await rig.repository('app', { forgejo: { comment_strategy: 'update' } });
    await rig.start();
    await rig.run('old', { target: { pullRequest } });
    await rig.settle();
    await rig.run('new', { target: { pullRequest, sha: otherSha } });
    await rig.end('new');
    await rig.settle();
    await rig.end('old', 'Failed');
    await rig.settle(minute);
    assert.equal(rig.host.comments.size, 1);
    assert.match([...rig.host.comments.values()][0]?.body ?? '', /succeeded/);
  });

  it('are made instead of a status for notices that ask for it', async () => {
    const rig = await running();
    await rig.notice({
      target: { project, sha: otherSha, context: 'CI', pullRequest },
      namespace: 'default',
      repository: 'app',
      attempt: 1,
      externalId: 'd-1',
      state: 'error',
      title: 'bad templates',
      text: 'line 3 is wrong; the token is hunter2-token',
      comment: { marker: 'templates' },
    });
    await rig.settle(minute);
    assert.deepEqual(rig.host.states('CI'), []);
    assert.match(rig.host.comments.get('templates')?.body ?? '', /line 3 is wrong; the token is \*\*\*/);
  });
});
