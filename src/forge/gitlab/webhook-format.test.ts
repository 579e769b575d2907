import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mutatedJson } from '../../../test/support/mutated-json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { GitEvent } from '../git-event.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import { gitlabWebhooks } from './webhook-format.ts';

const none = '0'.repeat(40);
const old = '1'.repeat(40);
const tip = '2'.repeat(40);
const tagObject = '3'.repeat(40);

const project = {
  id: 15,
  name: 'Web shop',
  web_url: 'https://git.example.org/trade/web/shop',
  git_http_url: 'https://git.example.org/trade/web/shop.git',
  path_with_namespace: 'trade/web/shop',
  default_branch: 'main',
};
const fork = { ...project, id: 99, web_url: 'https://git.example.org/eve/shop', path_with_namespace: 'eve/shop' };
const commit = {
  id: tip,
  message: 'Add a basket\n\nIt holds things.',
  title: 'Add a basket',
  timestamp: '2026-03-01T10:00:00+02:00',
  url: 'https://git.example.org/trade/web/shop/-/commit/2',
  author: { name: 'Ada', email: 'ada@example.org' },
};
const user = { id: 4, username: 'ada', name: 'Ada' };

function push(changes: JsonObject = {}): JsonObject {
  return {
    object_kind: 'push',
    before: old,
    after: tip,
    ref: 'refs/heads/main',
    checkout_sha: tip,
    user_id: 4,
    user_name: 'Ada Smith',
    user_username: 'ada',
    project,
    commits: [{ ...commit, id: old }, commit],
    total_commits_count: 2,
    ...changes,
  };
}

function mergeRequest(attributes: JsonObject = {}, others: JsonObject = {}): JsonObject {
  return {
    object_kind: 'merge_request',
    user,
    project,
    object_attributes: {
      iid: 7,
      title: 'Basket',
      url: 'https://git.example.org/trade/web/shop/-/merge_requests/7',
      author_id: 4,
      state: 'opened',
      draft: false,
      source_branch: 'basket',
      target_branch: 'main',
      source_project_id: 99,
      target_project_id: 15,
      source: fork,
      target: project,
      last_commit: commit,
      updated_at: '2026-03-01 10:00:00 UTC',
      action: 'open',
      ...attributes,
    },
    labels: [{ id: 206, title: 'fast' }],
    changes: {},
    ...others,
  };
}

function note(attributes: JsonObject = {}, others: JsonObject = {}): JsonObject {
  const { object_attributes: request } = mergeRequest();
  return {
    object_kind: 'note',
    user: { id: 5, username: 'bob' },
    project,
    object_attributes: {
      id: 1244,
      note: '/test all',
      noteable_type: 'MergeRequest',
      system: false,
      action: 'create',
      url: 'https://git.example.org/trade/web/shop/-/merge_requests/7#note_1244',
      ...attributes,
    },
    merge_request: { ...(request as JsonObject), labels: [{ id: 1, title: 'slow' }] },
    ...others,
  };
}

function normalise(name: string, payload: JsonObject): GitEvent {
  const result = gitlabWebhooks.normalise({ 'x-gitlab-event': name }, payload);
  assert.ok(result.ok, `ignored: ${result.ok ? '' : result.ignored}`);
  assert.equal(result.events.length, 1);
  return result.events[0] as GitEvent;
}

function ignored(name: string, payload: JsonObject): string {
  const result = gitlabWebhooks.normalise({ 'x-gitlab-event': name }, payload);
  assert.ok(!result.ok, 'taken');
  return result.ignored;
}

describe('webhooks of GitLab: pushes', () => {
  it('are told in full', () => {
    assert.deepEqual(normalise('Push Hook', push()), {
      trigger: 'push',
      forge: 'gitlab',
      eventType: 'push',
      occurrence: `${old}..${tip}`,
      project: {
        url: 'https://git.example.org/trade/web/shop',
        owner: 'trade/web',
        name: 'shop',
        id: '15',
        defaultBranch: 'main',
        cloneUrl: 'https://git.example.org/trade/web/shop.git',
      },
      actor: { login: 'ada', id: '4' },
      revision: {
        sha: tip,
        title: 'Add a basket',
        message: 'Add a basket\n\nIt holds things.',
        url: 'https://git.example.org/trade/web/shop/-/commit/2',
        author: 'Ada',
        date: '2026-03-01T08:00:00.000Z',
      },
      push: { ref: 'refs/heads/main', before: old },
    });
  });

  it('count without commits too: a branch made of a commit that was there', () => {
    const event = normalise('Push Hook', push({ before: none, commits: [], total_commits_count: 0 }));
    assert.equal(event.trigger, 'push');
    assert.deepEqual(event.revision, { sha: tip });
    assert.deepEqual(event.push, { ref: 'refs/heads/main' });
  });

  it('of an annotated tag mean the commit, not the tag object', () => {
    const event = normalise(
      'Tag Push Hook',
      push({ ref: 'refs/tags/v1', before: none, after: tagObject, commits: [] }),
    );
    assert.equal(event.eventType, 'Tag Push');
    assert.equal(event.revision?.sha, tip);
    assert.equal(event.push?.ref, 'refs/tags/v1');
  });

  it('to nothing delete', () => {
    const event = normalise('Push Hook', push({ after: none, checkout_sha: null, commits: [] }));
    assert.equal(event.trigger, 'ref_deleted');
    assert.equal(event.revision, undefined);
    assert.equal(event.push?.before, old);
  });

  it('of a token are those of a bot', () => {
    assert.equal(normalise('Push Hook', push({ user_username: 'project_15_bot_a1' })).actor.bot, true);
  });

  it('never send anybody with our token to another host', () => {
    const elsewhere = { ...project, git_http_url: 'https://evil.example.com/shop.git' };
    assert.equal(normalise('Push Hook', push({ project: elsewhere })).project.cloneUrl, undefined);
  });

  it('are left alone when they ask for it, and when they are no branch or tag', () => {
    assert.match(ignored('Push Hook', push({ push_options: { ci: { skip: true } } })), /ci\.skip/);
    assert.match(ignored('Push Hook', push({ ref: 'refs/keep-around/x' })), /neither/);
  });
});

describe('webhooks of GitLab: merge requests', () => {
  it('from a fork are told in full', () => {
    const event = normalise('Merge Request Hook', mergeRequest());
    assert.equal(event.trigger, 'pull_request');
    assert.equal(event.eventType, 'Merge Request');
    assert.equal(event.revision?.sha, tip);
    assert.deepEqual(event.pullRequest, {
      number: 7,
      title: 'Basket',
      url: 'https://git.example.org/trade/web/shop/-/merge_requests/7',
      author: { login: 'ada', id: '4' },
      state: 'open',
      baseBranch: 'main',
      headBranch: 'basket',
      headSha: tip,
      headProject: {
        url: 'https://git.example.org/eve/shop',
        owner: 'eve',
        name: 'shop',
        id: '99',
        defaultBranch: 'main',
        cloneUrl: 'https://git.example.org/trade/web/shop.git',
      },
      labels: ['fast'],
    });
  });

  const draft = { draft: { previous: true, current: false } };
  const labels = { labels: { previous: [], current: [{ id: 206, title: 'fast' }] } };
  for (const [what, payload, trigger, eventType] of [
    ['reopened', mergeRequest({ action: 'reopen' }), 'pull_request', 'Merge Request'],
    ['with new commits', mergeRequest({ action: 'update', oldrev: old }), 'pull_request', 'Merge Request'],
    [
      'with new commits and a label',
      mergeRequest({ action: 'update', oldrev: old }, { changes: labels }),
      'pull_request',
      'Merge Request',
    ],
    ['with a label', mergeRequest({ action: 'update' }, { changes: labels }), 'pull_request', 'pull_request_labeled'],
    ['no longer a draft', mergeRequest({ action: 'update' }, { changes: draft }), 'pull_request', 'Merge Request'],
    ['closed', mergeRequest({ action: 'close', state: 'closed' }), 'pull_request_closed', 'Merge Request'],
    ['merged', mergeRequest({ action: 'merge', state: 'merged' }), 'pull_request_closed', 'Merge Request'],
  ] as const) {
    it(`${what}: ${trigger}, ${eventType}`, () => {
      const event = normalise('Merge Request Hook', payload);
      assert.equal(event.trigger, trigger);
      assert.equal(event.eventType, eventType);
    });
  }

  for (const [what, payload, reason] of [
    [
      'a new title',
      mergeRequest({ action: 'update' }, { changes: { title: { previous: 'a' } } }),
      /neither the commits/,
    ],
    ['becoming a draft', mergeRequest({ action: 'update' }, { changes: { draft: { current: true } } }), /neither/],
    ['an approval', mergeRequest({ action: 'approved' }), /"approved"/],
    ['an action of another kind of object', mergeRequest({ action: 'constructor' }), /"constructor"/],
    ['a fork that is gone', mergeRequest({ source: null }), /source project/],
  ] as const) {
    it(`leave ${what} alone, and say so`, () => assert.match(ignored('Merge Request Hook', payload), reason));
  }

  it('are ended by a close even when the fork is gone', () => {
    const event = normalise('Merge Request Hook', mergeRequest({ action: 'close', state: 'closed', source: null }));
    assert.equal(event.pullRequest, undefined);
    assert.equal(event.pullRequestNumber, 7);
  });

  it('name who did it, and the author apart from him', () => {
    const event = normalise('Merge Request Hook', mergeRequest({ author_id: 8 }));
    assert.equal(event.actor.login, 'ada');
    assert.deepEqual(event.pullRequest?.author, { login: 'user 8', id: '8' });
  });

  it('give occurrences of one second their own names', () => {
    const one = mergeRequest({ action: 'update' }, { changes: labels });
    const two = { ...one, labels: [{ id: 207, title: 'slow' }] };
    assert.notEqual(normalise('Merge Request Hook', one).occurrence, normalise('Merge Request Hook', two).occurrence);
    assert.equal(
      normalise('Merge Request Hook', one).occurrence,
      normalise('Merge Request Hook', { ...one }).occurrence,
    );
  });
});

describe('webhooks of GitLab: comments', () => {
  it('on a merge request name the commenter', () => {
    const event = normalise('Note Hook', note());
    assert.equal(event.trigger, 'comment');
    assert.deepEqual(event.actor, { login: 'bob', id: '5' });
    assert.equal(event.occurrence, 'note 1244');
    assert.equal(event.comment?.on, 'pull_request');
    assert.equal(event.comment?.body, '/test all');
    assert.deepEqual(event.pullRequest?.labels, ['slow']);
    assert.equal(event.pullRequest?.headProject.id, '99');
    assert.equal(event.revision?.sha, tip);
  });

  it('on a commit name the commit', () => {
    const event = normalise('Note Hook', note({ noteable_type: 'Commit', commit_id: tip }, { commit }));
    assert.equal(event.comment?.on, 'commit');
    assert.equal(event.revision?.sha, tip);
    assert.equal(event.pullRequest, undefined);
  });

  for (const [what, payload, reason] of [
    ['edited', note({ action: 'update' }), /only new comments/],
    ["of GitLab's own", note({ system: true }), /itself/],
    ['on issues', note({ noteable_type: 'Issue' }), /Issue/],
    ['on a merged merge request', note({}, { merge_request: { iid: 7, state: 'merged' } }), /merged/],
  ] as const) {
    it(`${what} are left alone`, () => assert.match(ignored('Note Hook', payload), reason));
  }
});

describe('webhooks of GitLab', () => {
  it('are known by their header and prove the secret by sending it', () => {
    assert.ok(gitlabWebhooks.recognises({ 'x-gitlab-event': 'Push Hook' }));
    assert.ok(!gitlabWebhooks.recognises({ 'x-github-event': 'push' }));
    const request = (token?: string) => ({
      headers: token === undefined ? {} : { 'x-gitlab-token': token },
      body: new Uint8Array(),
    });
    assert.equal(gitlabWebhooks.verify(request('s2'), ['s1', 's2']), 's2');
    assert.equal(gitlabWebhooks.verify(request('s3'), ['s1', 's2']), undefined);
    assert.equal(gitlabWebhooks.verify(request(''), ['']), undefined);
    assert.equal(gitlabWebhooks.verify(request(), ['']), undefined);
  });

  it('that are signed prove a signing token by the signature, never by its text', () => {
    const secret = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;
    const body = new TextEncoder().encode('{}');
    const mac = createHmac('sha256', 'k'.repeat(32)).update('d1.1.{}').digest('base64');
    const headers = { 'webhook-id': 'd1', 'webhook-timestamp': '1', 'webhook-signature': `v1,${mac}` };
    assert.equal(gitlabWebhooks.verify({ headers, body }, ['other', secret]), secret);
    assert.equal(gitlabWebhooks.deliveryId(headers), 'd1');
    const forged = { ...headers, 'webhook-signature': 'v1,AAAA', 'x-gitlab-token': secret };
    assert.equal(gitlabWebhooks.verify({ headers: forged, body }, [secret]), undefined);
    assert.equal(
      gitlabWebhooks.verify({ headers: { ...forged, 'x-gitlab-token': 'other' }, body }, ['other']),
      'other',
    );
  });

  it('are told apart by the key that stays over retries, and by nothing else', () => {
    const changing = { 'x-gitlab-event-uuid': 'a', 'x-gitlab-webhook-uuid': 'b' };
    assert.equal(gitlabWebhooks.deliveryId({ ...changing, 'idempotency-key': 'k' }), 'k');
    assert.equal(gitlabWebhooks.deliveryId(changing), undefined);
  });

  it('of other kinds are ignored with a reason', () => {
    assert.match(ignored('System Hook', {}), /system hooks/);
    assert.match(ignored('Pipeline Hook', {}), /"Pipeline Hook"/);
  });

  it('that are mutilated are refused with the place, never otherwise', () => {
    const samples = [
      ['Push Hook', push()],
      ['Tag Push Hook', push({ ref: 'refs/tags/v1' })],
      ['Merge Request Hook', mergeRequest({ action: 'update', oldrev: old })],
      ['Note Hook', note()],
      ['Note Hook', note({ noteable_type: 'Commit', commit_id: tip }, { commit })],
    ] as const;
    for (const [name, payload] of samples) {
      fc.assert(
        fc.property(mutatedJson(payload), (changed) => {
          try {
            gitlabWebhooks.normalise({ 'x-gitlab-event': name }, changed);
          } catch (error) {
            assert.ok(error instanceof WebhookPayloadError, String(error));
            assert.notEqual(error.field, '');
          }
        }),
        { numRuns: 300 },
      );
    }
  });

  const corpus = join(import.meta.dirname, '../../../../shared/corpus/pac/payloads/gitlab-merge_request.json');
  it('recorded from gitlab.com are understood', { skip: existsSync(corpus) ? false : `no ${corpus}` }, () => {
    const event = normalise('Merge Request Hook', JSON.parse(readFileSync(corpus, 'utf8')) as JsonObject);
    assert.equal(event.project.url, 'https://gitlab.com/chmouel/pac-test');
    assert.equal(event.actor.login, 'samchmou');
    assert.equal(event.pullRequest?.headProject.owner, 'samchmou');
    assert.equal(event.pullRequest?.headProject.id, '34282506');
    assert.equal(event.pullRequest?.number, 2);
    assert.equal(event.revision?.sha, '125601039510dd5894d137f39e91a62cd46cd12c');
  });
});
