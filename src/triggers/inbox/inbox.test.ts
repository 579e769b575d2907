import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { VirtualClock } from '../../base/virtual-clock.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { InboxRig, gitPush, systemNamespace } from './inbox-rig.ts';
import { payloadCharactersMax } from './new-delivery.ts';
import { payloadDepthMax } from './parse-body.ts';
import { secretMemoryMs, secretRereadMs } from './secret-memory.ts';
import { storeMsMax } from './store-delivery.ts';

function message({ body }: { readonly body: unknown }): string {
  return (body as { message: string }).message;
}

describe('the inbox', () => {
  it('stores what a verified webhook says, and then accepts it', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const payload = gitPush();
    const answer = await rig.push(payload, 'knock', { headers: { authorization: 'Bearer x', 'user-agent': 'git' } });
    const [delivery] = await rig.deliveries();
    assert.deepEqual(answer, {
      status: 202,
      body: { status: 202, message: 'accepted', delivery: delivery?.metadata.name },
    });
    assert.match(delivery?.metadata.name ?? '', /^git-[0-9a-f]{24}$/);
    const { spec } = delivery ?? assert.fail();
    assert.equal(spec.verifiedBy, 'ci/app');
    assert.equal(spec.deliveryId, 'd-1');
    assert.equal(spec.events[0]?.revision?.sha, 'a'.repeat(40));
    assert.deepEqual(spec.headers, { 'x-penstock-delivery': 'd-1', 'user-agent': 'git' });
    const body = gunzipSync(Buffer.from(spec.payload?.data ?? '', 'base64')).toString();
    assert.deepEqual(JSON.parse(body), payload);
    assert.match(await rig.metrics.text(), /penstock_webhooks_total\{source="git",result="accepted"\} 1/);
  });

  it('answers the same webhook with 200, and stores nothing, also under another id', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const first = await rig.push(gitPush());
    const again = await rig.push(gitPush());
    const replayed = await rig.push(gitPush(), 'knock', { headers: { 'x-penstock-delivery': 'other-id' } });
    for (const answer of [again, replayed]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.body['delivery'], first.body['delivery']);
    }
    assert.equal((await rig.deliveries()).length, 1);
    assert.equal((await rig.push(gitPush(undefined, '2026-01-01T00:00:00.001Z'))).status, 202, 'another push');
  });

  it('accepts ten copies at once as one', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const answers = await Promise.all(Array.from({ length: 10 }, () => rig.push(gitPush())));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 200, 200, 200, 200, 200, 200, 200, 202],
    );
    assert.equal((await rig.deliveries()).length, 1);
  });

  it('refuses what no secret verifies, before it parses anything, and says nothing more', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const forged = [
      await rig.push(gitPush(), 'guess'),
      await rig.push('{"not json', 'guess'),
      await rig.push(gitPush(), 'knock', { path: '/hooks/git/ci/unknown' }),
      await rig.push(gitPush(), '', {}),
    ];
    for (const answer of forged) assert.deepEqual(answer, forged[0]);
    assert.equal(forged[0]?.status, 401);
    assert.equal((await rig.deliveries()).length, 0);
    assert.equal(rig.logger.lines.length, 1, 'strangers do not fill the log');
    assert.match(await rig.metrics.text(), /result="forged"\} 4/);
  });

  it('refuses bodies that are not what the host documents, by field', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const whole = JSON.stringify(gitPush());
    const wrong: readonly (readonly [string, string])[] = [
      ['', 'body'],
      [whole.slice(0, -10), 'body'],
      ['[]', 'body'],
      ['null', 'body'],
      [`${'{"a":'.repeat(payloadDepthMax + 1)}1${'}'.repeat(payloadDepthMax + 1)}`, 'body'],
      ['['.repeat(200_000), 'body'],
      [JSON.stringify({ ...gitPush(), refs: [{}] }), 'refs[0].ref'],
    ];
    for (const [body, field] of wrong) {
      const answer = await rig.push(body);
      assert.equal(answer.status, 400, body.slice(0, 50));
      assert.equal(answer.body['field'], field);
      assert.ok(!message(answer).includes('alice'), 'the body is not quoted');
    }
    assert.equal((await rig.deliveries()).length, 0);
  });

  it('reads a form too, as GitHub sends it when it is told to', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const form = `payload=${encodeURIComponent(JSON.stringify(gitPush()))}`;
    assert.equal((await rig.push(form, 'knock', { headers })).status, 202);
    const answer = await rig.push('other=1', 'knock', { headers });
    assert.deepEqual([answer.status, answer.body['field']], [400, 'payload']);
  });

  it('says that it is our fault when it is, so that nobody sends it for ever', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.before = ({ path, method }) => {
      if (method === 'POST' && path.includes('deliveries')) throw new ApiStatusError('Invalid', 'spec: wrong');
    };
    assert.equal((await rig.push(gitPush())).status, 500);
    assert.deepEqual(rig.logger.messages('error'), ['a webhook could not be stored as it is']);
  });

  it('answers 200 with the reason when there is nothing to do', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const answer = await rig.push({ ...gitPush(), refs: [] });
    assert.equal(answer.status, 200);
    assert.equal(message(answer), 'skipped: no branch or tag was pushed');
    assert.equal((await rig.deliveries()).length, 0);
  });

  it('refuses unknown providers and headers of other hosts', async () => {
    const rig = await InboxRig.create();
    for (const path of ['/hooks', '/hooks/', '/hooks/svn', '/hooks/git/ci', '/hooks/git/a/b/c', '/hooks/constructor']) {
      assert.equal((await rig.push(gitPush(), 'knock', { path })).status, 404, path);
    }
    const answer = await rig.push(gitPush(), 'knock', { path: '/hooks/gitlab' });
    assert.equal(answer.status, 400);
    assert.match(message(answer), /not those of a webhook of gitlab/);
  });

  it('keeps the body out when it is too large, and says so', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    const padding = randomBytes(payloadCharactersMax).toString('base64');
    const answer = await rig.push({ ...gitPush(), padding });
    const [delivery] = await rig.deliveries();
    assert.equal(answer.status, 202);
    assert.equal(delivery?.spec.payload, undefined);
    assert.match(delivery?.spec.payloadOmitted ?? '', /too large to keep: \d+ bytes/);
  });
});

describe('whom a secret speaks for', () => {
  it('is the Repository that the event is about, also when others share the secret', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository('app', 'shared');
    await rig.push(gitPush('file:///srv/git/app.git'), 'shared');
    await rig.gitRepository('web', 'shared', 'other');
    await rig.push(gitPush('file:///srv/git/web.git'), 'shared');
    const stored = await rig.deliveries();
    assert.deepEqual(new Set(stored.map(({ spec }) => spec.verifiedBy)), new Set(['ci/app', 'other/web']));
  });

  it('is never another one', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository('app', 'of-app');
    await rig.gitRepository('web', 'of-web');
    await rig.push(gitPush('file:///srv/git/app.git'), 'of-web');
    const [delivery] = await rig.deliveries();
    assert.equal(delivery?.spec.verifiedBy, 'ci/web');
    assert.equal(delivery.spec.events[0]?.project.url, 'file:///srv/git/app');
    const narrowed = { path: '/hooks/git/ci/app' };
    assert.equal((await rig.push(gitPush(), 'of-web', narrowed)).status, 401);
    assert.equal((await rig.push(gitPush(), 'of-app', narrowed)).status, 202);
  });

  it('may come from the global Repository', async () => {
    const rig = await InboxRig.create();
    await rig.secret('hook', { 'webhook.secret': 'for-all' }, systemNamespace);
    const provider = { type: 'git', webhook_secret: { name: 'hook' } } as const;
    rig.repository('pipelines-as-code', { git_provider: provider }, systemNamespace);
    rig.repository('app', { url: 'file:///srv/git/app', git_provider: { type: 'git' } });
    assert.equal((await rig.push(gitPush(), 'for-all')).status, 202);
    assert.equal((await rig.deliveries())[0]?.spec.verifiedBy, 'ci/app');
  });

  it('does not verify webhooks of another kind of host', async () => {
    const rig = await InboxRig.create();
    await rig.secret('hook', { 'webhook.secret': 'knock' });
    const provider = { type: 'gitlab', webhook_secret: { name: 'hook' } } as const;
    rig.repository('app', { url: 'https://gitlab.com/a/b', git_provider: provider });
    assert.equal((await rig.push(gitPush())).status, 401);
  });
});

describe('secrets that change', () => {
  it('work soon, and the old ones not for long', async () => {
    const rig = await InboxRig.create();
    const clock = rig.clock as VirtualClock;
    await rig.gitRepository('app', 'old');
    assert.equal((await rig.push(gitPush(undefined, '2026-01-01T00:00:01Z'), 'old')).status, 202);
    await rig.secret('app-hook', { 'webhook.secret': 'new' });
    await clock.advance(secretRereadMs);
    assert.equal((await rig.push(gitPush(undefined, '2026-01-01T00:00:02Z'), 'new')).status, 202);
    assert.equal((await rig.push(gitPush(undefined, '2026-01-01T00:00:03Z'), 'old')).status, 401);
    await clock.advance(secretMemoryMs);
    assert.equal((await rig.push(gitPush(undefined, '2026-01-01T00:00:04Z'), 'new')).status, 202);
  });

  it('are not read for each webhook, nor for each forged one', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    await rig.push(gitPush());
    const reads = rig.secretReads;
    for (let count = 0; count < 20; count++) {
      await rig.push(gitPush(undefined, `2026-01-01T00:01:${10 + count}Z`));
      await rig.push(gitPush(), 'guess');
    }
    assert.equal(rig.secretReads, reads);
  });
});

describe('when the API fails', () => {
  const isCreate = ({ method, path }: { method: string; path: string }): boolean =>
    method === 'POST' && path.includes('deliveries');

  it('hosts are told to send again, and nothing is promised', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.before = (request) => {
      if (isCreate(request)) throw new ApiStatusError('ServiceUnavailable', 'no');
    };
    const answer = await rig.push(gitPush());
    assert.equal(answer.status, 503);
    assert.equal(answer.headers?.['retry-after'], '10');
    rig.before = () => undefined;
    assert.equal((await rig.push(gitPush())).status, 202);
  });

  it('an answer that got lost is found again', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.after = (request) => {
      if (isCreate(request)) throw new Error('the answer was lost');
    };
    assert.equal((await rig.push(gitPush())).status, 503);
    rig.after = () => undefined;
    assert.equal((await rig.push(gitPush())).status, 200);
    assert.equal((await rig.deliveries()).length, 1);
  });

  it('an answer that takes too long is not waited for', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.before = (request) => (isCreate(request) ? new Promise<never>(() => undefined) : undefined);
    const answer = rig.push(gitPush());
    while ((rig.clock as VirtualClock).nextTimerMs() === undefined) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await (rig.clock as VirtualClock).advance(storeMsMax);
    assert.equal((await answer).status, 503);
  });

  it('secrets that cannot be read make nobody a forger', async () => {
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.before = ({ path }) => {
      if (path.includes('/secrets/')) throw new ApiStatusError('InternalError', 'no');
    };
    assert.equal((await rig.push(gitPush())).status, 503);
    rig.before = () => undefined;
    assert.equal((await rig.push(gitPush())).status, 202);
  });

  it('nothing is judged before the Repositories are known', async () => {
    const rig = await InboxRig.create();
    rig.unsynced();
    assert.equal((await rig.push(gitPush())).status, 503);
  });
});
