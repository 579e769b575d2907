import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ChangedFiles } from '../../forge/forge.ts';
import type { Definition, MatchFacts, MatchResult } from '../types.ts';
import { matchDefinitions, type MatchRequest } from './match.ts';

const noFiles: ChangedFiles = { added: [], modified: [], deleted: [], renamed: [], truncated: false };

/** A definition by its name and the annotations without their prefix. */
function definition(name: string, annotations: Readonly<Record<string, string>>): Definition {
  return {
    name,
    file: `.tekton/${name}.yaml`,
    line: 1,
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`pipelinesascode.tekton.dev/${key}`, value]),
    ),
    object: {},
  };
}

interface Given extends Partial<MatchFacts> {
  /** Paths that were modified. */
  readonly paths?: readonly string[];
  readonly truncated?: boolean;
}

function facts(given: Given): MatchFacts {
  const trigger = given.trigger ?? 'pull_request';
  return {
    trigger,
    eventType: trigger,
    eventTitle: 'a title',
    targetBranch: 'main',
    sourceBranch: 'topic',
    targetUrl: 'https://git.example/a/b',
    sourceUrl: 'https://git.example/me/b',
    labels: [],
    body: {},
    headers: {},
    params: {},
    changedFiles: () =>
      Promise.resolve({ ...noFiles, modified: given.paths ?? [], truncated: given.truncated ?? false }),
    ...given,
  };
}

async function match(
  annotations: Readonly<Record<string, string>>,
  given: Given = {},
  request: MatchRequest = { namespace: 'team' },
): Promise<MatchResult> {
  const [result] = await matchDefinitions([definition('a', annotations)], facts(given), request);
  assert.ok(result);
  return result;
}

/** What was said, in one line each. */
function told(result: MatchResult): readonly string[] {
  return [
    `${result.matched ? 'runs' : 'does not run'} by ${result.by}`,
    ...result.rules.map(({ rule, wanted, found, ok }) => `${ok ? '+' : '-'} ${rule}: ${wanted} / ${found}`),
    ...(result.problem === undefined ? [] : [`! ${result.problem.field}: ${result.problem.message}`]),
  ];
}

const onPull = { 'on-event': 'pull_request', 'on-target-branch': 'main' };
const onPush = { 'on-event': '[push]', 'on-target-branch': '[main, release-*]' };

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
