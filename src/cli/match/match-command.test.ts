import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typeProgram } from '../testing/typed-program.ts';
import type { MatchQuestion, ShownExplanation } from './explanation.ts';

const explanation: ShownExplanation = {
  events: [
    {
      summary: 'push by alice: refs/heads/main',
      sha: 'abcdef0123456789',
      notes: ['something was\u001b[2J assumed'],
      definitions: [
        {
          name: 'a',
          file: '.tekton/a.yaml',
          line: 3,
          matched: true,
          by: 'annotations',
          rules: [
            { rule: 'on-event', wanted: '[push]', found: 'push', ok: true },
            { rule: 'on-target-branch', wanted: 'main', found: '', ok: true },
          ],
          warnings: [{ file: '.tekton/a.yaml', line: 9, column: 2, field: 'spec.x', message: 'is odd' }],
        },
        {
          name: 'b',
          file: '.tekton/b.yaml',
          line: 1,
          matched: false,
          by: 'expression',
          rules: [],
          problem: { file: '.tekton/b.yaml', line: 4, message: 'no expression' },
          warnings: [],
        },
      ],
    },
  ],
  problems: [{ file: '.tekton/c.yaml', line: 1, column: 5, message: 'no YAML' }],
};

async function typed(
  words: readonly string[],
  answer: ShownExplanation = explanation,
): Promise<{ code: number; output: string; errors: string; asked: readonly MatchQuestion[] }> {
  const asked: MatchQuestion[] = [];
  const said = await typeProgram(['match', ...words], {
    explainMatch: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  });
  return { ...said, asked };
}

describe('penstock match', () => {
  it('shows each definition with its rules, and everything that is wrong', async () => {
    const { code, output } = await typed(['-e', 'push.json']);
    assert.equal(code, 0);
    assert.equal(
      output,
      [
        'push by alice: refs/heads/main at abcdef012345',
        '  note: something was[2J assumed',
        '  ✓ a  matches  .tekton/a.yaml:3',
        '      ✓ on-event          wants [push]; found push',
        '      ✓ on-target-branch  wants main; found nothing',
        '      warning: .tekton/a.yaml:9:2: spec.x: is odd',
        '  – b  does not match  .tekton/b.yaml:1',
        '      .tekton/b.yaml:4: no expression',
        '',
        'wrong in .tekton:',
        '  .tekton/c.yaml:1:5: no YAML',
        '',
      ].join('\n'),
    );
  });

  it('gives the same as JSON', async () => {
    const { output } = await typed(['-e', 'push.json', '-o', 'json']);
    assert.deepEqual(JSON.parse(output), explanation);
  });

  it('ends with 1 when nothing would run', async () => {
    const [event] = explanation.events;
    assert.ok(event);
    for (const answer of [
      { events: [{ ...event, nothing: 'the commit message says [skip ci]' }], problems: [] },
      { events: [{ ...event, definitions: [] }], problems: [] },
      { events: [], ignored: 'the webhook works', problems: [] },
    ]) {
      const { code, output } = await typed(['-e', 'push.json'], answer);
      assert.equal(code, 1);
      assert.match(output, /nothing runs: the commit|there is no definition|nothing happens: the webhook works/);
    }
  });

  it('asks what was typed', async () => {
    const words = ['-e', '-', '--headers', 'h', '--provider', 'forgejo', '-C', 'd', '--changed-file', 'a'];
    const { asked } = await typed([...words, '--changed-file', 'b', '-n', 'ns', '-p', 'k=v=w']);
    assert.deepEqual(asked, [
      {
        directory: 'd',
        event: { file: '-', headers: 'h', provider: 'forgejo' },
        changedFiles: ['a', 'b'],
        namespace: 'ns',
        params: { k: 'v=w' },
      },
    ]);
    const pull = await typed(['--pr', '7', '--repository', 'team/app', '--kubeconfig', 'k']);
    assert.deepEqual(pull.asked[0]?.event, { pullRequest: 7, repository: 'team/app', server: { kubeconfig: 'k' } });
    const elsewhere = await typed(['--pr', '7', '--context', 'c', '--system-namespace', 'ci-system']);
    const server = { context: 'c' };
    assert.deepEqual(elsewhere.asked[0]?.event, { pullRequest: 7, systemNamespace: 'ci-system', server });
  });

  it('refuses what it cannot understand', async () => {
    for (const words of [
      [],
      ['-e', 'x', '--pr', '1'],
      ['--pr', 'x'],
      ['-e', 'x', '-p', 'y'],
      ['-e', 'x', '--provider', 'y'],
    ]) {
      const { code, asked } = await typed(words);
      assert.deepEqual([code, asked], [2, []], words.join(' '));
    }
  });
});
