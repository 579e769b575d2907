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
import { giteaWebhooks } from './webhook-format.ts';

const none = '0'.repeat(40);
const old = '1'.repeat(40);
const tip = '2'.repeat(40);
const tagObject = '3'.repeat(40);

const repository = {
  id: 140,
  owner: { id: 1, login: 'trade', username: 'trade' },
  name: 'shop',
  full_name: 'trade/shop',
  html_url: 'https://git.example.org/trade/shop',
  clone_url: 'https://git.example.org/trade/shop.git',
  default_branch: 'main',
  updated_at: '2026-03-01T10:00:00Z',
};
const fork = { ...repository, id: 141, owner: { id: 9, login: 'eve' }, html_url: 'https://git.example.org/eve/shop' };
const commit = {
  id: tip,
  message: 'Add a basket\n',
  url: 'https://git.example.org/trade/shop/commit/2',
  author: { name: 'Ada', email: 'ada@example.org', username: 'ada' },
  timestamp: '2026-03-01T12:00:00+02:00',
};
const ada = { id: 4, login: 'ada' };

function push(changes: JsonObject = {}): JsonObject {
  return {
    ref: 'refs/heads/main',
    before: old,
    after: tip,
    commits: [commit],
    head_commit: commit,
    repository,
    pusher: ada,
    sender: ada,
    ...changes,
  };
}

function pullRequest(action: string, changes: JsonObject = {}, others: JsonObject = {}): JsonObject {
  return {
    action,
    number: 7,
    pull_request: {
      number: 7,
      user: { id: 5, login: 'bob' },
      title: 'Basket',
      html_url: 'https://git.example.org/trade/shop/pulls/7',
      state: 'open',
      merged: false,
      labels: [{ id: 3, name: 'fast' }],
      base: { ref: 'main', sha: old, repo: repository },
      head: { ref: 'basket', sha: tip, repo: fork },
      updated_at: '2026-03-01T10:00:00Z',
      ...changes,
    },
    repository,
    sender: ada,
    ...others,
  };
}

function comment(others: JsonObject = {}): JsonObject {
  return {
    action: 'created',
    issue: { number: 7, state: 'open', pull_request: { merged: false } },
    comment: { id: 88, body: '/retest', html_url: 'https://git.example.org/trade/shop/pulls/7#issuecomment-88' },
    repository,
    sender: { id: 6, login: 'carl' },
    is_pull: true,
    ...others,
  };
}

function normalise(name: string, payload: JsonObject): GitEvent {
  const result = giteaWebhooks.normalise({ 'x-gitea-event': name }, payload);
  assert.ok(result.ok, `ignored: ${result.ok ? '' : result.ignored}`);
  return result.events[0] as GitEvent;
}

function ignored(name: string, payload: JsonObject): string {
  const result = giteaWebhooks.normalise({ 'x-gitea-event': name }, payload);
  assert.ok(!result.ok, 'taken');
  return result.ignored;
}

describe('webhooks of Gitea and Forgejo', () => {
  it('tell a push in full', () => {
    assert.deepEqual(normalise('push', push()), {
      trigger: 'push',
      forge: 'gitea',
      eventType: 'push',
      occurrence: `${old}..${tip}|2026-03-01T10:00:00Z`,
      project: {
        url: 'https://git.example.org/trade/shop',
        owner: 'trade',
        name: 'shop',
        id: '140',
        defaultBranch: 'main',
        cloneUrl: 'https://git.example.org/trade/shop.git',
      },
      actor: { login: 'ada', id: '4' },
      revision: {
        sha: tip,
        title: 'Add a basket',
        message: 'Add a basket\n',
        url: 'https://git.example.org/trade/shop/commit/2',
        author: 'Ada',
        date: '2026-03-01T10:00:00.000Z',
      },
      push: { ref: 'refs/heads/main', before: old },
    });
  });

  it('tell a new branch without new commits, and a deleted ref, as what they are', () => {
    const made = normalise('push', push({ before: none, commits: [], head_commit: null }));
    assert.equal(made.trigger, 'push');
    assert.deepEqual(made.revision, { sha: tip });
    assert.equal(normalise('push', push({ after: none, commits: [], head_commit: null })).trigger, 'ref_deleted');
    const deleted = normalise('delete', { ref: 'basket', ref_type: 'branch', repository, sender: ada });
    assert.deepEqual(deleted.push, { ref: 'refs/heads/basket' });
    assert.equal(
      normalise('delete', { ref: 'v1', ref_type: 'tag', repository, sender: ada }).push?.ref,
      'refs/tags/v1',
    );
  });

  it('take the commit of an annotated tag', () => {
    const event = normalise('push', push({ ref: 'refs/tags/v1', before: none, after: tagObject, commits: [] }));
    assert.equal(event.revision?.sha, tip);
  });

  it('tell a pull request of a fork in full, and who did it', () => {
    const event = normalise('pull_request', pullRequest('synchronized'));
    assert.equal(event.actor.login, 'ada');
    assert.equal(event.revision?.sha, tip);
    assert.deepEqual(event.pullRequest, {
      number: 7,
      title: 'Basket',
      url: 'https://git.example.org/trade/shop/pulls/7',
      author: { login: 'bob', id: '5' },
      state: 'open',
      baseBranch: 'main',
      headBranch: 'basket',
      headSha: tip,
      headProject: {
        url: 'https://git.example.org/eve/shop',
        owner: 'eve',
        name: 'shop',
        id: '141',
        defaultBranch: 'main',
        cloneUrl: 'https://git.example.org/trade/shop.git',
      },
      labels: ['fast'],
    });
  });

  const ready = { changes: { title: { from: 'WIP: Basket' } } };
  for (const [what, payload, trigger, eventType] of [
    ['opened', pullRequest('opened'), 'pull_request', 'pull_request'],
    ['reopened', pullRequest('reopened'), 'pull_request', 'pull_request'],
    ['labels', pullRequest('label_updated'), 'pull_request', 'pull_request_labeled'],
    ['labels taken away', pullRequest('label_cleared'), 'pull_request', 'pull_request_labeled'],
    ['no longer a draft', pullRequest('edited', {}, ready), 'pull_request', 'pull_request'],
    ['closed', pullRequest('closed', { state: 'closed' }), 'pull_request_closed', 'pull_request'],
    [
      'closed, its fork gone',
      pullRequest('closed', { head: { ref: 'x', repo: null } }),
      'pull_request_closed',
      'pull_request',
    ],
  ] as const) {
    it(`tell "${what}" as ${trigger}, ${eventType}`, () => {
      const event = normalise('pull_request', payload);
      assert.equal(event.trigger, trigger);
      assert.equal(event.eventType, eventType);
    });
  }

  it('say merged of a pull request that was closed by merging', () => {
    const event = normalise('pull_request', pullRequest('closed', { state: 'closed', merged: true }));
    assert.equal(event.pullRequest?.state, 'merged');
  });

  it('tell a comment with its commenter and the number of the pull request', () => {
    const event = normalise('issue_comment', comment());
    assert.equal(event.actor.login, 'carl');
    assert.equal(event.pullRequestNumber, 7);
    assert.equal(event.comment?.body, '/retest');
    assert.equal(event.occurrence, 'comment 88');
  });

  it('know accounts that are gone and those that are no people', () => {
    const user = { id: -1, login: 'Ghost' };
    const event = normalise(
      'pull_request',
      pullRequest('opened', { user }, { sender: { id: -2, login: 'gitea-actions' } }),
    );
    assert.deepEqual(event.pullRequest?.author, { login: 'Ghost', bot: true });
    assert.deepEqual(event.actor, { login: 'gitea-actions', bot: true });
  });

  for (const [what, name, payload, reason] of [
    ['an edited title', 'pull_request', pullRequest('edited', {}, { changes: { title: { from: 'Bask' } } }), /draft/],
    ['an assignment', 'pull_request', pullRequest('assigned'), /"assigned"/],
    [
      'an open pull request whose fork is gone',
      'pull_request',
      pullRequest('opened', { head: { repo: null } }),
      /gone/,
    ],
    ['an edited comment', 'issue_comment', comment({ action: 'edited' }), /only new/],
    ['a comment on an issue', 'issue_comment', comment({ is_pull: false, issue: { number: 7 } }), /issue/],
    ['a comment on a closed one', 'issue_comment', comment({ issue: { number: 7, state: 'closed' } }), /closed/],
    ['a new branch, which a push tells', 'create', {}, /push/],
    ['other events', 'release', {}, /"release"/],
  ] as const) {
    it(`leave ${what} alone, and say so`, () => assert.match(ignored(name, payload), reason));
  }

  it('are known by the headers of either, and signed', () => {
    assert.ok(giteaWebhooks.recognises({ 'x-forgejo-event': 'push' }));
    assert.ok(giteaWebhooks.recognises({ 'x-gitea-event': 'push', 'x-github-event': 'push' }));
    assert.ok(!giteaWebhooks.recognises({ 'x-github-event': 'push' }));
    assert.equal(giteaWebhooks.deliveryId({ 'x-gitea-delivery': 'd' }), 'd');
    const body = new TextEncoder().encode('{}');
    const signature = createHmac('sha256', 's').update(body).digest('hex');
    for (const headers of [
      { 'x-gitea-signature': signature },
      { 'x-forgejo-signature': signature },
      { 'x-hub-signature-256': `sha256=${signature}` },
    ] as readonly Readonly<Record<string, string>>[]) {
      assert.equal(giteaWebhooks.verify({ headers, body }, ['other', 's']), 's');
      assert.equal(giteaWebhooks.verify({ headers, body: new Uint8Array([1]) }, ['s']), undefined);
    }
    assert.equal(giteaWebhooks.verify({ headers: {}, body }, ['s']), undefined);
  });

  it('that are mutilated are refused with the place, never otherwise', () => {
    const samples = [
      ['push', push()],
      ['delete', { ref: 'basket', ref_type: 'branch', repository, sender: ada }],
      ['pull_request', pullRequest('label_updated')],
      ['pull_request', pullRequest('edited', {}, ready)],
      ['issue_comment', comment()],
    ] as const;
    for (const [name, payload] of samples) {
      fc.assert(
        fc.property(mutatedJson(payload), (changed) => {
          try {
            giteaWebhooks.normalise({ 'x-gitea-event': name }, changed);
          } catch (error) {
            assert.ok(error instanceof WebhookPayloadError, String(error));
            assert.notEqual(error.field, '');
          }
        }),
        { numRuns: 300 },
      );
    }
  });

  const corpus = join(import.meta.dirname, '../../../../shared/corpus/pac/payloads/gitea-push.json');
  it('recorded from Gitea are understood', { skip: existsSync(corpus) ? false : `no ${corpus}` }, () => {
    const event = normalise('push', JSON.parse(readFileSync(corpus, 'utf8')) as JsonObject);
    assert.equal(event.project.url, 'http://localhost:3000/gitea/webhooks');
    assert.equal(event.revision?.title, 'Webhooks Yay!');
    assert.equal(event.push?.ref, 'refs/heads/develop');
    assert.equal(event.actor.login, 'gitea');
  });
});
