import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { JsonObject } from '../base/json.ts';
import { formatOf } from './forges.ts';
import { guessHeaders } from './guess-headers.ts';

const corpus = join(import.meta.dirname, '../../../shared/corpus/pac/payloads');
const skip = existsSync(corpus) ? false : 'the payloads of hosts are not on this machine';

describe('guessHeaders', () => {
  it('tells the event from the body', () => {
    const repository = { node_id: 'x' };
    const cases: readonly (readonly [JsonObject, JsonObject | undefined])[] = [
      [{ repository, ref: 'refs/heads/a', after: 'b' }, { 'x-github-event': 'push' }],
      [{ repository, ref: 'a', ref_type: 'branch' }, { 'x-github-event': 'delete' }],
      [{ repository, comment: {}, issue: {} }, { 'x-github-event': 'issue_comment' }],
      [{ repository, comment: {} }, { 'x-github-event': 'commit_comment' }],
      [{ repository, merge_group: {} }, { 'x-github-event': 'merge_group' }],
      [{ repository: {}, pull_request: {} }, { 'x-gitea-event': 'pull_request' }],
      [{ object_kind: 'note' }, { 'x-gitlab-event': 'Note Hook' }],
      [{ object_kind: 'wiki_page' }, undefined],
      [{ push: { changes: [] } }, { 'x-event-key': 'repo:push' }],
      [{ pullrequest: { state: 'OPEN' } }, { 'x-event-key': 'pullrequest:updated' }],
      [{ pullrequest: { state: 'MERGED' } }, { 'x-event-key': 'pullrequest:fulfilled' }],
      [{ pullrequest: {}, comment: {} }, { 'x-event-key': 'pullrequest:comment_created' }],
      [{ eventKey: 'pr:opened' }, { 'x-event-key': 'pr:opened' }],
      [{ repository: {} }, undefined],
      [{}, undefined],
    ];
    for (const [body, headers] of cases) assert.deepEqual(guessHeaders(body), headers, JSON.stringify(body));
    assert.deepEqual(guessHeaders({ repository, ref: 'a', after: 'b' }, 'gitea'), { 'x-gitea-event': 'push' });
  });

  it('finds the host of every payload of the corpus', { skip }, () => {
    for (const name of skip === false ? readdirSync(corpus) : []) {
      const body = JSON.parse(readFileSync(join(corpus, name), 'utf8')) as JsonObject;
      const headers = guessHeaders(body);
      assert.ok(headers, name);
      const format = formatOf(headers);
      assert.ok(format && name.startsWith(format.kind), name);
      const normalised = format.normalise(headers, body);
      assert.ok(normalised.ok && normalised.events.length > 0, name);
    }
  });
});
