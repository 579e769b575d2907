import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../base/json.ts';
import { mutatedJson } from '../../../test/support/mutated-json.ts';
import type { GitEvent } from '../git-event.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import { bitbucketCloudWebhooks } from './webhook-format.ts';

const old = '1'.repeat(40);
const tip = '2'.repeat(40);

const repository = {
  type: 'repository',
  uuid: '{r}',
  full_name: 'trade/shop',
  name: 'Shop',
  links: { html: { href: 'https://bitbucket.org/trade/shop' } },
};
const fork = {
  ...repository,
  uuid: '{f}',
  full_name: 'eve/shop',
  links: { html: { href: 'https://bitbucket.org/eve/shop' } },
};
const ada = { type: 'user', uuid: '{ada}', account_id: '557058:ada', nickname: 'ada', display_name: 'Ada' };
const eve = { ...ada, uuid: '{eve}', account_id: '557058:eve' };

function target(hash: string): JsonObject {
  return {
    type: 'commit',
    hash,
    message: 'Add a basket\n\nIt was missing.',
    date: '2026-03-01T12:00:00+02:00',
    author: { raw: 'Ada L. <ada@example.org>' },
    links: { html: { href: `https://bitbucket.org/trade/shop/commits/${hash}` } },
  };
}

function change(type: string, name: string, from: string | null, to: string | null, more: JsonObject = {}): JsonObject {
  const side = (hash: string | null): JsonObject | null =>
    hash === null ? null : { type, name, target: target(hash) };
  return { old: side(from), new: side(to), ...more };
}

function push(...changes: readonly JsonObject[]): JsonObject {
  return { actor: ada, repository, push: { changes } };
}

function pull(changes: JsonObject = {}, others: JsonObject = {}): JsonObject {
  return {
    actor: ada,
    repository,
    pullrequest: {
      type: 'pullrequest',
      id: 7,
      title: 'Basket',
      state: 'OPEN',
      draft: true,
      author: eve,
      source: { branch: { name: 'basket' }, commit: { hash: tip.slice(0, 12) }, repository: fork },
      destination: { branch: { name: 'main' }, commit: { hash: old.slice(0, 12) }, repository },
      links: { html: { href: 'https://bitbucket.org/trade/shop/pull-requests/7' } },
      ...changes,
    },
    ...others,
  };
}

const comment = {
  id: 88,
  content: { raw: '/retest' },
  user: ada,
  links: { html: { href: 'https://bitbucket.org/c/88' } },
};

function events(name: string, payload: JsonObject): readonly GitEvent[] {
  const said = bitbucketCloudWebhooks.normalise({ 'x-event-key': name }, payload);
  assert.ok(said.ok, said.ok ? '' : said.ignored);
  return said.events;
}

function ignored(name: string, payload: JsonObject): string {
  const said = bitbucketCloudWebhooks.normalise({ 'x-event-key': name }, payload);
  assert.ok(!said.ok, 'taken');
  return said.ignored;
}

describe('webhooks of Bitbucket Cloud', () => {
  it('tell every ref of a push', () => {
    const payload = push(
      change('branch', 'main', old, tip, { forced: true }),
      change('tag', 'v1', null, tip),
      change('branch', 'gone', old, null),
    );

    const said = events('repo:push', payload);

    assert.deepEqual(
      said.map(({ trigger, push: pushed, revision }) => [trigger, pushed, revision?.sha]),
      [
        ['push', { ref: 'refs/heads/main', before: old, forced: true }, tip],
        ['push', { ref: 'refs/tags/v1' }, tip],
        ['ref_deleted', { ref: 'refs/heads/gone', before: old }, undefined],
      ],
    );
    assert.deepEqual(said[0]?.project, {
      url: 'https://bitbucket.org/trade/shop',
      owner: 'trade',
      name: 'shop',
      id: '{r}',
    });
    assert.deepEqual(said[0]?.revision, {
      sha: tip,
      title: 'Add a basket',
      message: 'Add a basket\n\nIt was missing.',
      url: `https://bitbucket.org/trade/shop/commits/${tip}`,
      author: 'Ada L.',
      date: '2026-03-01T10:00:00.000Z',
    });
  });

  it('name people by what nobody can take from another', () => {
    const [event] = events('repo:push', {
      ...push(change('branch', 'main', old, tip)),
      actor: { ...eve, nickname: 'ada' },
    });
    assert.deepEqual(event?.actor, { login: '557058:eve', id: '{eve}' });
    const app = { type: 'app_user', uuid: '{app}', nickname: 'ada' };
    const [byApp] = events('repo:push', { ...push(change('branch', 'main', old, tip)), actor: app });
    assert.deepEqual(byApp?.actor, { login: '{app}', id: '{app}', bot: true });
  });

  it('tell a pull request in full, but for the whole id of its head', () => {
    const [event] = events('pullrequest:created', pull());
    assert.equal(event?.revision, undefined);
    assert.deepEqual(event?.pullRequest, {
      number: 7,
      title: 'Basket',
      url: 'https://bitbucket.org/trade/shop/pull-requests/7',
      author: { login: '557058:eve', id: '{eve}' },
      state: 'open',
      draft: true,
      baseBranch: 'main',
      headBranch: 'basket',
      headSha: tip.slice(0, 12),
      headProject: { url: 'https://bitbucket.org/eve/shop', owner: 'eve', name: 'shop', id: '{f}' },
      labels: [],
    });
  });

  it('tell apart what changes the commits of a pull request, and nothing else', () => {
    const [opened] = events('pullrequest:created', pull());
    const [renamed] = events('pullrequest:updated', pull({ title: 'The basket' }));
    const [pushed] = events(
      'pullrequest:updated',
      pull({ source: { branch: { name: 'basket' }, commit: { hash: old }, repository: fork } }),
    );
    const [moved] = events(
      'pullrequest:updated',
      pull({ destination: { branch: { name: 'next' }, commit: { hash: old }, repository } }),
    );

    assert.equal(renamed?.occurrence, opened?.occurrence);
    assert.equal(new Set([opened, pushed, moved].map((event) => event?.occurrence)).size, 3);
  });

  it('tell a comment with its commenter, not with the author', () => {
    const [event] = events('pullrequest:comment_created', pull({}, { comment }));
    assert.deepEqual([event?.trigger, event?.actor.login, event?.pullRequestNumber], ['comment', '557058:ada', 7]);
    assert.deepEqual(event?.comment, {
      id: '88',
      body: '/retest',
      on: 'pull_request',
      url: 'https://bitbucket.org/c/88',
    });
    const [onCommit] = events('repo:commit_comment_created', {
      actor: ada,
      repository,
      commit: { hash: tip },
      comment,
    });
    assert.deepEqual([onCommit?.comment?.on, onCommit?.revision?.sha], ['commit', tip]);
  });

  it('tell how a pull request ended, also when its branch is gone', () => {
    const [merged] = events('pullrequest:fulfilled', pull({ state: 'MERGED' }));
    const [declined] = events('pullrequest:rejected', pull({ state: 'DECLINED', source: { repository: null } }));
    assert.deepEqual([merged?.trigger, merged?.pullRequest?.state], ['pull_request_closed', 'merged']);
    assert.deepEqual([declined?.trigger, declined?.pullRequestNumber], ['pull_request_closed', 7]);
  });

  for (const [what, name, payload, reason] of [
    ['a comment on a closed one', 'pullrequest:comment_created', pull({ state: 'MERGED' }, { comment }), /closed/],
    ['an edited comment', 'pullrequest:comment_updated', pull({}, { comment }), /comment_updated/],
    ['an approval', 'pullrequest:approved', pull(), /approved/],
    ['a pull request without branch', 'pullrequest:updated', pull({ source: { repository: null } }), /gone/],
    ['a push of nothing', 'repo:push', push(), /no branch or tag/],
    ['a push of something else', 'repo:push', push(change('bookmark', 'x', old, tip)), /no branch or tag/],
  ] as const) {
    it(`leave ${what} alone, and say so`, () => assert.match(ignored(name, payload), reason));
  }

  it('are known by their event, and told from those of Data Center', () => {
    for (const name of ['repo:push', 'pullrequest:created', 'repo:fork']) {
      assert.ok(bitbucketCloudWebhooks.recognises({ 'x-event-key': name }), name);
    }
    for (const name of ['repo:refs_changed', 'pr:opened', 'diagnostics:ping', '']) {
      assert.ok(!bitbucketCloudWebhooks.recognises({ 'x-event-key': name }), name);
    }
    assert.ok(!bitbucketCloudWebhooks.recognises({}));
  });

  it('without a signature are forged, wherever they come from', () => {
    const headers = { 'x-event-key': 'repo:push', 'x-forwarded-for': '104.192.136.1', 'x-hook-uuid': '{h}' };
    assert.equal(bitbucketCloudWebhooks.verify({ headers, body: Buffer.from('{}') }, ['secret']), undefined);
  });

  it('that are mutilated are refused with the place, never otherwise', () => {
    const samples = [
      ['repo:push', push(change('branch', 'main', old, tip))],
      ['pullrequest:updated', pull()],
      ['pullrequest:rejected', pull()],
      ['pullrequest:comment_created', pull({}, { comment })],
      ['repo:commit_comment_created', { actor: ada, repository, commit: { hash: tip }, comment }],
    ] as const;
    for (const [name, payload] of samples) {
      const property = fc.property(mutatedJson(payload), (changed) => {
        try {
          bitbucketCloudWebhooks.normalise({ 'x-event-key': name }, changed);
        } catch (error) {
          assert.ok(error instanceof WebhookPayloadError, String(error));
          assert.notEqual(error.field, '');
        }
      });
      fc.assert(property, { numRuns: 300 });
    }
  });
});
