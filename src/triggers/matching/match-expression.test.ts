import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MatchResult } from '../types.ts';
import { matchDefinitions } from './match.ts';
import { definition, facts, type Given, match, onPull, onPush, told } from './match-fixture.ts';

describe('matching by expression', () => {
  const cel = (source: string, given?: Given): Promise<MatchResult> => match({ 'on-cel-expression': source }, given);

  it('overrides the annotations and says so', async () => {
    assert.deepEqual(told(await match({ ...onPush, 'on-cel-expression': 'event == "pull_request"' })), [
      'runs by expression',
      '+ on-cel-expression: event == "pull_request" / true',
      '+ on-event: [push] / overridden by on-cel-expression',
      '+ on-target-branch: [main, release-*] / overridden by on-cel-expression',
    ]);
  });

  it('sees the event, the payload, the headers and the params', async () => {
    const given: Given = {
      eventTitle: 'fix: it',
      body: { pull_request: { draft: false } },
      headers: { 'x-github-event': 'pull_request' },
      params: { tier: 'gold', event: 'not this one', 'no-name': 'x', type: 'nor this' },
    };
    for (const source of [
      'event == "pull_request" && event_type == "pull_request" && event_title.startsWith("fix")',
      'target_branch == "main" && source_branch == "topic"',
      'target_url.endsWith("/a/b") && source_url.endsWith("/me/b")',
      '!body.pull_request.draft && headers["x-github-event"] == event',
      'tier == "gold"',
    ]) {
      assert.equal((await cel(source, given)).matched, true, source);
    }
    const unknown = await cel('tier == "gold"');
    assert.equal(unknown.problem?.message, 'Unknown variable: tier, at character 1');
  });

  it('gives branches of a push without refs/heads/ unless the expression speaks of it', async () => {
    for (const targetBranch of ['main', 'refs/heads/main']) {
      const given = { trigger: 'push', targetBranch, sourceBranch: targetBranch } as const;
      for (const source of ['target_branch == "main"', 'source_branch == "refs/heads/main"', 'event == "push"']) {
        assert.equal((await cel(source, given)).matched, true, `${source} of ${targetBranch}`);
      }
    }
    const tag = { trigger: 'push', targetBranch: 'refs/tags/v1' } as const;
    assert.equal((await cel('target_branch == "refs/tags/v1"', tag)).matched, true);
    const given = facts({ trigger: 'push', targetBranch: 'refs/heads/main' });
    await matchDefinitions([definition('a', { 'on-cel-expression': 'target_branch == "main"' })], given, {
      namespace: 'team',
    });
    assert.equal(given.targetBranch, 'refs/heads/main', 'the event stays what it was');
  });

  it('sees the changed files', async () => {
    const given = { paths: ['docs/a.md', 'src/b.ts'] };
    assert.equal((await cel('"docs/**".pathChanged()', given)).matched, true);
    assert.equal((await cel('"doc".pathChanged() || "*.go".pathChanged()', given)).matched, false);
    assert.equal((await cel('files.all.exists(f, f.endsWith(".ts")) && files.added.size() == 0', given)).matched, true);
    assert.equal((await cel('files.modified == files.all', given)).matched, true);
  });

  it('asks for them only if the answer depends on them', async () => {
    const never = { changedFiles: () => Promise.reject(new Error('asked')) };
    assert.equal((await cel('event == "push" && "docs/**".pathChanged()', never)).matched, false);
    assert.equal((await cel('"docs/**".pathChanged() || event == "pull_request"', never)).matched, true);
    await assert.rejects(cel('event == "pull_request" && files.all.size() > 0', never), /asked/);
  });

  it('runs when the answer depends on files that the host did not tell', async () => {
    const given = { paths: ['docs/a.md'], truncated: true };
    const unknown = 'unknown: the host did not tell all changed files';
    for (const [source, found] of [
      ['"docs/**".pathChanged()', 'true'],
      ['!"docs/**".pathChanged()', 'false'],
      ['"src/**".pathChanged()', unknown],
      ['!"src/**".pathChanged()', unknown],
      ['files.all.all(f, f.startsWith("docs/"))', unknown],
      ['event == "push" && files.all.size() > 0', 'false'],
    ] as const) {
      const { rules, matched, problem } = await cel(source, given);
      assert.deepEqual([rules[0]?.found, problem], [found, undefined], source);
      assert.equal(matched, found !== 'false', source);
    }
  });

  it('is not for an event that does not have what it asks for', async () => {
    const missing = await cel('body.pull_request.draft == false', { trigger: 'push' });
    assert.deepEqual(told(missing), [
      'does not run by expression',
      '- on-cel-expression: body.pull_request.draft == false / No such key: pull_request, at character 6',
    ]);
    const filtered = await cel('tier == "gold"', { declaredParams: ['tier', 'no-name'] });
    assert.deepEqual([filtered.matched, filtered.problem], [false, undefined], 'a param that does not apply');
    assert.equal((await cel('tier == "gold" || event == "pull_request"', { declaredParams: ['tier'] })).matched, true);
  });

  it('says what cannot be evaluated, of this definition alone', async () => {
    const results = await matchDefinitions(
      [
        definition('a', { 'on-cel-expression': 'event.matches("(")' }),
        definition('b', { 'on-cel-expression': 'event ==' }),
        definition('c', { 'on-cel-expression': '"text"' }),
        definition('d', { 'on-cel-expression': 'body.text' }),
        definition('e', { 'on-cel-expression': '"[z".pathChanged()' }),
        definition('f', onPull),
      ],
      facts({ body: { text: 'x' } }),
      { namespace: 'team' },
    );
    assert.deepEqual(
      results.map(({ matched, problem }) => problem?.message ?? matched),
      [
        '"(" is no regular expression: missing closing ) at character 1',
        'Unexpected token: EOF, at character 9',
        'the expression gives string, not true or false',
        'the expression gives "x", not true or false',
        'the glob "[z" has a [ at character 1 without its ]',
        true,
      ],
    );
    assert.equal(results[0]?.problem?.field, 'pipelinesascode.tekton.dev/on-cel-expression');
  });
});
