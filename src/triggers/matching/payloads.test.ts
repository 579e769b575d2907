import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '../../base/json.ts';
import type { MatchTrigger } from '../types.ts';
import { match } from './match-fixture.ts';

const corpus = path.resolve(import.meta.dirname, '../../../../shared/corpus/pac/payloads');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;

/** What an expression says of a payload: true, false, or what the payload does not have. */
type Said = readonly [source: string, said: string];

const cases: readonly (readonly [file: string, trigger: MatchTrigger, said: readonly Said[]])[] = [
  [
    'github-pull-req.json',
    'pull_request',
    [
      ['body.action == "opened" && body.number == body.pull_request.number', 'true'],
      ['body.pull_request.base.ref == target_branch || body.pull_request.draft', 'true'],
      ['has(body.pull_request.draft) && body.pull_request.draft', 'false'],
      ['body.pull_request.labels.exists(l, l.name == "e2e")', 'false'],
      ['body.pull_request.user.login.matches("^[a-z0-9-]+$") && size(body.pull_request.title) > 10', 'true'],
      ['body.ref == "refs/heads/main"', 'No such key: ref, at character 6'],
    ],
  ],
  [
    'github-push.json',
    'push',
    [
      ['event == "push" && body.ref == "refs/heads/main" && target_branch == "refs/heads/main"', 'true'],
      ['target_branch == "main" && body.ref.split("/")[2] == "main"', 'true'],
      ['body.commits.exists(c, c.modified.exists(f, f == "README.md"))', 'true'],
      ['body.commits.map(c, c.id.size()).all(n, n == 40) && !body.forced', 'true'],
      ['body.pull_request.number > 0', 'No such key: pull_request, at character 6'],
      ['event == "pull_request" && body.pull_request.number > 0', 'false'],
    ],
  ],
  [
    'gitlab-merge_request.json',
    'pull_request',
    [
      ['body.object_attributes.target_branch == "main" && body.labels.size() == 0', 'true'],
      ['body.object_kind in ["merge_request", "note"]', 'true'],
    ],
  ],
];

describe('expressions over payloads as hosts send them', { skip: missing }, () => {
  for (const [file, trigger, said] of cases) {
    for (const [source, wanted] of said) {
      it(`${file}: ${source}`, async () => {
        const body = JSON.parse(readFileSync(path.join(corpus, file), 'utf8')) as Json;
        const { rules, problem } = await match({ 'on-cel-expression': source }, { trigger, body });
        assert.deepEqual([rules[0]?.found, problem], [wanted, undefined]);
      });
    }
  }
});
