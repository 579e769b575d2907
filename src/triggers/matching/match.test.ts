import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MatchResult } from '../types.ts';
import { matchDefinitions } from './match.ts';
import { definition, facts, type Given, match, noFiles, onPull, onPush, told } from './match-fixture.ts';

describe('matching by annotations', () => {
  it('needs the event and the branch', async () => {
    assert.deepEqual(told(await match(onPull)), [
      'runs by annotations',
      '+ on-event: pull_request / pull_request',
      '+ on-target-branch: main / main',
    ]);
    assert.deepEqual(told(await match(onPush, { trigger: 'push', targetBranch: 'refs/heads/release-1/x' })), [
      'runs by annotations',
      '+ on-event: [push] / push',
      '+ on-target-branch: [main, release-*] / refs/heads/release-1/x',
    ]);
    assert.deepEqual(told(await match(onPush)), [
      'does not run by annotations',
      '- on-event: [push] / pull_request',
      '+ on-target-branch: [main, release-*] / main',
    ]);
    assert.deepEqual(told(await match({ 'on-event': 'pull_request' })), [
      'does not run by annotations',
      '+ on-event: pull_request / pull_request',
      '- on-target-branch: (not set) / main',
    ]);
    assert.equal((await match({})).matched, false);
  });

  it('takes tags only where tags are named', async () => {
    const tag = { trigger: 'push', targetBranch: 'refs/tags/v1' } as const;
    assert.equal((await match({ 'on-event': 'push', 'on-target-branch': 'refs/tags/v*' }, tag)).matched, true);
    assert.equal((await match({ 'on-event': 'push', 'on-target-branch': '*' }, tag)).matched, false);
  });

  it('takes an incoming event for a push too, and the others for themselves alone', async () => {
    const on = (event: string): Readonly<Record<string, string>> => ({ 'on-event': event, 'on-target-branch': 'main' });
    assert.equal((await match(on('push'), { trigger: 'incoming' })).matched, true);
    assert.equal((await match(on('incoming'), { trigger: 'incoming' })).matched, true);
    assert.equal((await match(on('incoming'), { trigger: 'push' })).matched, false);
    for (const trigger of ['merge_group', 'schedule'] as const) {
      assert.equal((await match(on(trigger), { trigger })).matched, true, trigger);
      assert.equal((await match(on('[push, pull_request]'), { trigger })).matched, false, trigger);
    }
  });

  it('looks at paths, ignored ones first', async () => {
    const docs = { ...onPull, 'on-path-change': '[docs/**, *.md]' };
    assert.deepEqual(told(await match(docs, { paths: ['src/a.ts', 'docs/b/c.txt'] })).slice(3), [
      '+ on-path-change: [docs/**, *.md] / docs/b/c.txt',
    ]);
    assert.deepEqual(told(await match(docs, { paths: ['src/a.ts'] })).slice(3), [
      '- on-path-change: [docs/**, *.md] / none of 1 changed files',
    ]);
    const both = { ...docs, 'on-path-change-ignore': 'docs/draft/*' };
    assert.equal((await match(both, { paths: ['docs/a'] })).matched, true);
    assert.deepEqual(told(await match(both, { paths: ['docs/a', 'docs/draft/b'] })), [
      'does not run by annotations',
      '+ on-event: pull_request / pull_request',
      '+ on-target-branch: main / main',
      '+ on-path-change: [docs/**, *.md] / docs/a',
      '- on-path-change-ignore: docs/draft/* / docs/draft/b',
    ]);
  });

  it('does not take paths for branches', async () => {
    const heads = { ...onPull, 'on-path-change': 'refs/heads/a' };
    assert.equal((await match(heads, { paths: ['a'] })).matched, false);
    assert.equal((await match(heads, { paths: ['refs/heads/a'] })).matched, true);
  });

  it('concludes nothing from what a host did not tell', async () => {
    const given = { paths: ['src/a.ts'], truncated: true };
    assert.deepEqual(told(await match({ ...onPull, 'on-path-change': 'docs/*' }, given)).slice(3), [
      '+ on-path-change: docs/* / none of 1 changed files, but the host did not tell all',
    ]);
    assert.equal((await match({ ...onPull, 'on-path-change-ignore': 'docs/*' }, given)).matched, true);
    assert.equal((await match({ ...onPull, 'on-path-change-ignore': 'src/*' }, given)).matched, false);
  });

  it('asks for changed files once, and only if they matter', async () => {
    let asked = 0;
    const given = facts({
      changedFiles: () => {
        asked += 1;
        return Promise.resolve({ ...noFiles, added: ['docs/a'] });
      },
    });
    const paths = { 'on-path-change': 'docs/*' };
    await matchDefinitions(
      [definition('a', onPull), definition('b', { ...onPush, ...paths }), definition('c', paths)],
      given,
      { namespace: 'team' },
    );
    assert.equal(asked, 0);
    const results = await matchDefinitions(
      [
        definition('a', { ...onPull, ...paths }),
        definition('b', { ...onPull, ...paths }),
        definition('c', { 'on-cel-expression': '"docs/*".pathChanged()' }),
      ],
      given,
      { namespace: 'team' },
    );
    assert.deepEqual(
      results.map(({ matched }) => matched),
      [true, true, true],
    );
    assert.equal(asked, 1);
  });

  it('rejects when the changed files cannot be had: the event is to be tried again', async () => {
    const broken = { changedFiles: () => Promise.reject(new Error('503')) };
    await assert.rejects(match({ ...onPull, 'on-path-change': 'a' }, broken), /503/);
    await assert.rejects(match({ 'on-cel-expression': '"a".pathChanged()' }, broken), /503/);
    assert.equal((await match(onPull, broken)).matched, true);
  });

  it('needs one of the labels', async () => {
    const labelled = { ...onPull, 'on-label': '[e2e, full]' };
    assert.equal((await match(labelled, { labels: ['bug', 'full'] })).matched, true);
    assert.deepEqual(told(await match(labelled, { labels: ['bug'] })).slice(3), ['- on-label: [e2e, full] / bug']);
    assert.deepEqual(told(await match(labelled)).slice(3), ['- on-label: [e2e, full] / no label']);
  });

  it('does not run again for a label what says nothing of labels', async () => {
    const event: Given = { eventType: 'pull_request_labeled', labels: ['e2e'] };
    assert.deepEqual(told(await match(onPull, event)), [
      'does not run by annotations',
      '- on-label: (not set) / only labels changed',
    ]);
    assert.equal((await match({ ...onPull, 'on-label': 'e2e' }, event)).matched, true);
    const expression = (source: string): Promise<MatchResult> =>
      match({ 'on-cel-expression': source }, { ...event, body: { labels: [1], event_type: 'x' } });
    assert.equal((await expression('event == "pull_request"')).matched, false);
    assert.equal((await expression('event_type == "pull_request_labeled"')).matched, true);
    assert.equal((await expression('body.labels.size() > 0')).matched, true);
    assert.equal((await expression('body["labels"].size() > 0')).matched, true);
    assert.equal((await expression('"labels" != "x"')).matched, false, 'a text is not a label');
  });

  it('says so where an expression holds a placeholder, which would be code', async () => {
    assert.deepEqual(told(await match({ 'on-cel-expression': '"{{ target_branch }}" == "main"' })), [
      'does not run by expression',
      '! pipelinesascode.tekton.dev/on-cel-expression: holds {{ target_branch }}, which is not replaced here: write target_branch without braces',
    ]);
  });

  it('looks at the namespace of the Repository', async () => {
    const elsewhere = { ...onPull, 'target-namespace': 'other' };
    assert.deepEqual(told(await match(elsewhere)), ['does not run by annotations', '- target-namespace: other / team']);
    assert.equal((await match({ ...onPull, 'target-namespace': 'team' })).matched, true);
    assert.equal((await match(elsewhere, {}, { namespace: 'team', name: 'a' })).matched, false, 'by name neither');
  });
});

describe('matching by name', () => {
  it('does not look at the other annotations, whatever they say', async () => {
    const annotations = { 'on-event': '[]', 'on-cel-expression': '((', 'on-label': 'x' };
    const results = await matchDefinitions(
      [definition('build-', annotations), definition('b', onPull)],
      facts({ trigger: 'push', comment: '/test build' }),
      { namespace: 'team', name: 'build' },
    );
    assert.deepEqual(results.map(told), [
      ['runs by name', '+ name: build- / build'],
      ['does not run by name', '- name: b / build'],
    ]);
  });
});

describe('matching by comment', () => {
  const deploy = { ...onPull, 'on-comment': '^/deploy( \\w+)?$' };

  it('takes what the regular expression matches, before anything else', async () => {
    assert.deepEqual(told(await match(deploy, { comment: ' /deploy prod\r\n', targetBranch: 'other' })), [
      'runs by comment',
      '+ on-comment: ^/deploy( \\w+)?$ / /deploy prod',
    ]);
    assert.equal((await match({ 'on-comment': '/test\n' }, { comment: '/test' })).by, 'comment');
  });

  it('starts nothing else for a plain comment', async () => {
    assert.deepEqual(told(await match(deploy, { comment: 'nice work' })), [
      'does not run by comment',
      '- on-comment: ^/deploy( \\w+)?$ / nice work',
    ]);
    assert.deepEqual(told(await match(onPull, { comment: 'nice work' })), [
      'does not run by comment',
      '- on-comment: (not set) / nice work',
    ]);
    assert.equal((await match({ 'on-cel-expression': 'true' }, { comment: 'nice work' })).matched, false);
  });

  it('starts what matches for a command', async () => {
    assert.equal((await match(onPull, { comment: '/test' })).by, 'annotations');
    assert.equal((await match(deploy, { comment: '/test' })).matched, true);
  });
});

describe('mistakes in a definition', () => {
  it('fail that definition and no other', async () => {
    const results = await matchDefinitions(
      [
        definition('a', { ...onPull, 'on-event': '[]' }),
        definition('b', { ...onPull, 'on-target-branch': '[release-[0-9]' }),
        definition('c', { ...onPull, 'on-path-change': '[{a]' }),
        definition('d', { ...onPull, 'on-comment': '(' }),
        definition('e', { ...onPull, 'on-label': 'two words' }),
        definition('f', onPull),
        definition('g', { ...onPull, 'on-comment': '\n' }),
      ],
      facts({ trigger: 'push' }),
      { namespace: 'team' },
    );
    assert.deepEqual(
      results.map(({ matched, problem }) => [matched, problem && `${problem.file}:${problem.line} ${problem.message}`]),
      [
        [false, '.tekton/a.yaml:1 is a list whose first item is empty'],
        [false, '.tekton/b.yaml:1 the glob "release-[0-9" has a [ at character 9 without its ]'],
        [
          false,
          '.tekton/c.yaml:1 the glob "{a" has a { at character 1 without its }; in a list a comma is written &#44;',
        ],
        [false, '.tekton/d.yaml:1 "(" is no regular expression: missing closing ) at character 1'],
        [false, '.tekton/e.yaml:1 is neither one word nor a list: write [a, b], not "two words"'],
        [false, undefined],
        [false, '.tekton/g.yaml:1 is empty'],
      ],
    );
  });

  it('never reach others, whatever is written', async () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      '*',
      '(',
      ')',
      '\\',
      '!',
      '"',
      'a',
      'event',
      ' == ',
      '.',
      '&#44;',
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
    const rule = fc.constantFrom(
      'on-event',
      'on-target-branch',
      'on-path-change',
      'on-label',
      'on-comment',
      'on-cel-expression',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(rule, text), fc.option(text), async (annotations, comment) => {
        const definitions = [definition('a', annotations), definition('b', onPull)];
        const given = facts({ paths: ['a'], ...(comment === null ? {} : { comment: `/test ${comment}` }) });
        const [hostile, good] = await matchDefinitions(definitions, given, { namespace: 'team' });
        assert.equal(good?.matched, true);
        assert.ok(hostile?.matched === false || hostile?.problem === undefined);
      }),
      { numRuns: 300 },
    );
  });

  it('are names that two definitions have', async () => {
    const results = await matchDefinitions(
      [
        definition('a', onPull),
        { ...definition('a-', onPull), file: '.tekton/x.yaml', line: 9 },
        definition('b', onPull),
      ],
      facts({}),
      { namespace: 'team' },
    );
    assert.deepEqual(
      results.map(({ matched, problem }) => [matched, problem?.message]),
      [
        [false, 'another definition has the name "a": .tekton/x.yaml:9'],
        [false, 'another definition has the name "a-": .tekton/a.yaml:1'],
        [true, undefined],
      ],
    );
  });

  it('are path filters that would take too long', async () => {
    const globs = Array.from({ length: 150 }, (_, index) => `*${index}${'?*'.repeat(100)}`).join(', ');
    const paths = Array.from({ length: 3_000 }, (_, index) => `a/long/way/down/to/file-${index}`);
    const result = await match({ ...onPull, 'on-path-change': `[${globs}]` }, { paths });
    assert.equal(result.problem?.message, 'too many globs for so many changed files');
  });
});
