import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../base/json.ts';
import { mutatedJson } from '../../../test/support/mutated-json.ts';
import type { GitEvent } from '../git-event.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import { bitbucketDatacenterWebhooks } from './webhook-format.ts';

const none = '0'.repeat(40);
const old = '1'.repeat(40);
const tip = '2'.repeat(40);
const host = 'https://git.example.org/bitbucket';

function repositoryOf(place: string, key: string, id: number): JsonObject {
  return {
    slug: 'shop',
    id,
    name: 'Shop',
    project: { key, id: 1, type: 'NORMAL' },
    links: {
      self: [{ href: `${host}/${place}/repos/shop/browse` }],
      clone: [
        { name: 'ssh', href: 'ssh://git@git.example.org:7999/trade/shop.git' },
        { name: 'http', href: `${host}/scm/${key}/shop.git` },
      ],
    },
  };
}

const repository = repositoryOf('projects/TRADE', 'TRADE', 84);
const fork = repositoryOf('users/eve', '~eve', 85);
const ada = { name: 'ada', emailAddress: 'ada@example.org', id: 4, displayName: 'Ada', slug: 'ada', type: 'NORMAL' };
const eve = { ...ada, name: 'eve', id: 5 };
const date = '2026-03-01T12:00:00+0200';

function push(...changes: readonly JsonObject[]): JsonObject {
  return { eventKey: 'repo:refs_changed', date, actor: ada, repository, changes };
}

function change(id: string, fromHash: string, toHash: string): JsonObject {
  return { ref: { id, displayId: id, type: 'BRANCH' }, refId: id, fromHash, toHash, type: 'UPDATE' };
}

function pull(changes: JsonObject = {}, others: JsonObject = {}): JsonObject {
  return {
    date,
    actor: ada,
    pullRequest: {
      id: 7,
      version: 0,
      title: 'Basket',
      state: 'OPEN',
      fromRef: { id: 'refs/heads/feature/basket', displayId: 'x', latestCommit: tip, repository: fork },
      toRef: { id: 'refs/heads/main', displayId: 'main', latestCommit: old, repository },
      author: { user: eve, role: 'AUTHOR' },
      ...changes,
    },
    ...others,
  };
}

const comment = { id: 88, version: 0, text: '/retest', author: ada, createdDate: 1_772_359_200_000 };

function events(name: string, payload: JsonObject): readonly GitEvent[] {
  const said = bitbucketDatacenterWebhooks.normalise({ 'x-event-key': name }, payload);
  assert.ok(said.ok, said.ok ? '' : said.ignored);
  return said.events;
}

function ignored(name: string, payload: JsonObject): string {
  const said = bitbucketDatacenterWebhooks.normalise({ 'x-event-key': name }, payload);
  assert.ok(!said.ok, 'taken');
  return said.ignored;
}

describe('webhooks of Bitbucket Data Center', () => {
  it('tell every ref of a push', () => {
    const payload = push(
      change('refs/heads/main', old, tip),
      change('refs/tags/v1', none, tip),
      change('refs/heads/gone', old, none),
      change('refs/other/x', old, tip),
    );

    const said = events('repo:refs_changed', payload);

    assert.deepEqual(
      said.map(({ trigger, push: pushed, revision }) => [trigger, pushed, revision?.sha]),
      [
        ['push', { ref: 'refs/heads/main', before: old }, tip],
        ['push', { ref: 'refs/tags/v1' }, tip],
        ['ref_deleted', { ref: 'refs/heads/gone', before: old }, undefined],
      ],
    );
    assert.deepEqual(said[0]?.project, {
      url: `${host}/projects/TRADE/repos/shop`,
      owner: 'TRADE',
      name: 'shop',
      id: '84',
      cloneUrl: `${host}/scm/TRADE/shop.git`,
    });
    assert.deepEqual(said[0]?.actor, { login: 'ada', id: '4' });
  });

  it('take what newer versions tell of the commit', () => {
    const commit = {
      id: tip,
      message: 'Add it\n\nnow',
      author: { name: 'Ada' },
      committerTimestamp: 1_772_359_200_000,
    };
    const [event] = events('repo:refs_changed', { ...push(change('refs/heads/main', old, tip)), toCommit: commit });
    assert.deepEqual(event?.revision, {
      sha: tip,
      title: 'Add it',
      message: 'Add it\n\nnow',
      author: 'Ada',
      date: '2026-03-01T10:00:00.000Z',
    });
  });

  it('tell the same two commits apart when they are pushed again', () => {
    const [first] = events('repo:refs_changed', push(change('refs/heads/main', old, tip)));
    const [again] = events('repo:refs_changed', {
      ...push(change('refs/heads/main', old, tip)),
      date: '2026-03-02T12:00:00+0200',
    });
    assert.notEqual(first?.occurrence, again?.occurrence);
  });

  it('tell a pull request of a personal fork in full', () => {
    const [event] = events('pr:opened', pull());
    assert.equal(event?.project.owner, 'TRADE');
    assert.equal(event?.revision?.sha, tip);
    assert.deepEqual(event?.pullRequest, {
      number: 7,
      title: 'Basket',
      url: `${host}/projects/TRADE/repos/shop/pull-requests/7`,
      author: { login: 'eve', id: '5' },
      state: 'open',
      baseBranch: 'main',
      headBranch: 'feature/basket',
      headSha: tip,
      headProject: {
        url: `${host}/users/eve/repos/shop`,
        owner: '~eve',
        name: 'shop',
        id: '85',
        cloneUrl: `${host}/scm/~eve/shop.git`,
      },
      labels: [],
    });
  });

  for (const [name, payload, trigger] of [
    ['pr:from_ref_updated', pull({}, { previousFromHash: old }), 'pull_request'],
    ['pr:reopened', pull(), 'pull_request'],
    ['pr:modified', pull({}, { previousTarget: { id: 'refs/heads/next' } }), 'pull_request'],
    ['pr:merged', pull({ state: 'MERGED' }), 'pull_request_closed'],
    ['pr:declined', pull({ state: 'DECLINED' }), 'pull_request_closed'],
    ['pr:deleted', pull(), 'pull_request_closed'],
    ['pr:comment:added', pull({}, { comment }), 'comment'],
  ] as const) {
    it(`tell ${name} as ${trigger}`, () => assert.equal(events(name, payload)[0]?.trigger, trigger));
  }

  it('tell a comment with its commenter, not with the author', () => {
    const [event] = events('pr:comment:added', pull({}, { comment }));
    assert.deepEqual([event?.actor.login, event?.comment?.body, event?.occurrence], ['ada', '/retest', 'comment 88']);
  });

  for (const [what, name, payload, reason] of [
    ['a new title', 'pr:modified', pull({}, { previousTitle: 'x' }), /neither/],
    ['a comment on a closed one', 'pr:comment:added', pull({ state: 'MERGED' }, { comment }), /closed/],
    ['the test of the connection', 'diagnostics:ping', { test: true }, /diagnostics:ping/],
    ['a push of other refs', 'repo:refs_changed', push(change('refs/notes/x', old, tip)), /no branch or tag/],
  ] as const) {
    it(`leave ${what} alone, and say so`, () => assert.match(ignored(name, payload), reason));
  }

  it('are known by their event, and told from those of Cloud', () => {
    for (const name of ['repo:refs_changed', 'pr:opened', 'pr:comment:added', 'diagnostics:ping']) {
      assert.ok(bitbucketDatacenterWebhooks.recognises({ 'x-event-key': name }), name);
    }
    for (const name of ['repo:push', 'pullrequest:created', '']) {
      assert.ok(!bitbucketDatacenterWebhooks.recognises({ 'x-event-key': name }), name);
    }
  });

  it('do not send anybody elsewhere with our token', () => {
    const links = {
      ...(repository['links'] as JsonObject),
      clone: [{ name: 'http', href: 'https://evil.example.org/x.git' }],
    };
    const [event] = events('repo:refs_changed', {
      ...push(change('refs/heads/main', old, tip)),
      repository: { ...repository, links },
    });
    assert.equal(event?.project.cloneUrl, undefined);
  });

  it('that are mutilated are refused with the place, never otherwise', () => {
    const samples = [
      ['repo:refs_changed', push(change('refs/heads/main', old, tip))],
      ['pr:from_ref_updated', pull()],
      ['pr:comment:added', pull({}, { comment })],
    ] as const;
    for (const [name, payload] of samples) {
      const property = fc.property(mutatedJson(payload), (changed) => {
        try {
          bitbucketDatacenterWebhooks.normalise({ 'x-event-key': name }, changed);
        } catch (error) {
          assert.ok(error instanceof WebhookPayloadError, String(error));
          assert.notEqual(error.field, '');
        }
      });
      fc.assert(property, { numRuns: 300 });
    }
  });
});
