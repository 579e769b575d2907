import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GitEvent } from '../../forge/git-event.ts';
import type { CustomParam } from '../../forge/kinds/repository.ts';
import { protectedVariables } from '../commands/protected-variables.ts';
import { type CustomParamFacts, type CustomParams, customParams, customParamsMax } from './custom-params.ts';
import { type VariableFacts, standardVariables } from './standard-variables.ts';

const event: GitEvent = {
  trigger: 'pull_request',
  forge: 'github',
  eventType: 'pull_request',
  occurrence: '1',
  project: {
    url: 'https://github.com/Org/Repo',
    owner: 'Org',
    name: 'Repo',
    cloneUrl: 'https://clone.example/Org/Repo.git',
  },
  actor: { login: 'Alice' },
};
const facts: VariableFacts = {
  event,
  sha: 'a'.repeat(40),
  targetNamespace: 'team',
  gitAuthSecret: 'pac-gitauth-x',
  pullRequestNumber: 7,
  match: {
    trigger: 'pull_request',
    eventType: 'pull_request',
    eventTitle: 'A title',
    targetBranch: 'refs/heads/main',
    sourceBranch: 'refs-heads-feature/x',
    targetUrl: 'https://github.com/Org/Repo',
    sourceUrl: 'https://github.com/Alice/Repo',
    labels: ['bug', 'urgent'],
    comment: '/test it\r\nnow\nplease',
  },
};

describe('standardVariables', () => {
  it('has every published variable', () => {
    assert.deepEqual(standardVariables(facts), {
      revision: 'a'.repeat(40),
      repo_url: 'https://github.com/Org/Repo',
      repo_owner: 'org',
      repo_name: 'repo',
      target_branch: 'main',
      source_branch: 'feature/x',
      source_url: 'https://github.com/Alice/Repo',
      target_url: 'https://github.com/Org/Repo',
      sender: 'alice',
      target_namespace: 'team',
      event: 'pull_request',
      event_type: 'pull_request',
      event_title: 'A title',
      trigger_comment: String.raw`/test it\nnow\nplease`,
      pull_request_labels: String.raw`bug\nurgent`,
      git_tag: '',
      pull_request_number: '7',
      git_auth_secret: 'pac-gitauth-x',
    });
  });

  it('lets none of them be set by a comment', () => {
    assert.deepEqual(
      Object.keys(standardVariables(facts)).filter((name) => !protectedVariables.includes(name)),
      [],
    );
  });

  it('tells tags from branches', () => {
    const { pullRequestNumber: _none, gitAuthSecret: _neither, ...rest } = facts;
    const tag = {
      ...facts.match,
      trigger: 'push',
      targetBranch: 'refs/tags/v1',
      sourceBranch: 'refs/tags/v1',
    } as const;
    const variables = standardVariables({ ...rest, match: tag });
    assert.equal(variables['git_tag'], 'v1');
    assert.equal(variables['target_branch'], 'refs/tags/v1');
    assert.equal('pull_request_number' in variables || 'git_auth_secret' in variables, false);
  });

  it('names the event that a command repeats, and clone addresses where they differ', () => {
    const typeOf = (eventType: string, trigger: 'push' | 'pull_request'): string | undefined =>
      standardVariables({ ...facts, match: { ...facts.match, eventType, trigger } })['event_type'];
    assert.equal(typeOf('retest-all-comment', 'pull_request'), 'pull_request');
    assert.equal(typeOf('test-comment', 'push'), 'push');
    assert.equal(typeOf('on-comment', 'pull_request'), 'on-comment');
    assert.equal(typeOf('pull_request_labeled', 'pull_request'), 'pull_request_labeled');
    const onDataCenter = standardVariables({ ...facts, event: { ...event, forge: 'bitbucket-datacenter' } });
    assert.equal(onDataCenter['repo_url'], 'https://clone.example/Org/Repo.git');
  });
});

describe('customParams', () => {
  async function worked(
    declared: readonly CustomParam[],
    options: Partial<CustomParamFacts> = {},
  ): Promise<CustomParams> {
    return customParams({
      declared,
      template: { variables: { revision: 'sha', event_note: 'standard' }, body: null, headers: {}, files: undefined },
      readSecret: ({ name }) => Promise.resolve(name === 'gone' ? undefined : `secret of ${name}`),
      commentArgs: {},
      givenParams: {},
      ...options,
    });
  }

  it('takes the first filtered one that holds, else the last without filter', async () => {
    const { params } = await worked([
      { name: 'a', value: '1' },
      { name: 'a', value: '2' },
      { name: 'b', value: 'no', filter: 'false' },
      { name: 'b', value: 'first', filter: 'true' },
      { name: 'b', value: 'second', filter: 'true' },
      { name: 'c', value: 'never', filter: 'false' },
      { name: 'd', value: 'standard' },
      { name: 'd', value: 'special', filter: 'true' },
      { name: 'e', value: 'special', filter: 'true' },
      { name: 'e', value: 'standard' },
    ]);
    assert.deepEqual(params, { a: '2', b: 'first', d: 'special', e: 'special' });
  });

  it('prefers value to secret_ref, and tells which values are secret', async () => {
    const secret_ref = { name: 's', key: 'k' };
    const found = await worked([
      { name: 'a', value: 'v', secret_ref },
      { name: 'b', secret_ref },
      { name: 'gone', secret_ref },
    ]);
    assert.deepEqual(found.params, { a: 'v', b: 'secret of b' });
    assert.deepEqual(found.secretValues, ['secret of b']);
    assert.deepEqual(found.complaints, ['spec.params: "gone" has no value: no Secret "s", key "k"']);
  });

  it('lets a comment give declared params and no others', async () => {
    const declared = [
      { name: 'a', value: '1' },
      { name: 'from-comment' },
      { name: 'off', value: 'x', filter: 'false' },
    ];
    const commentArgs = { a: '2', 'from-comment': 'c', unknown: 'u', off: 'on', event_note: 'changed' };
    const { variables } = await worked(declared, { commentArgs });
    assert.deepEqual(variables, { a: '2', 'from-comment': 'c', revision: 'sha', event_note: 'changed' });
  });

  it('lets a request give anything', async () => {
    const { variables } = await worked([{ name: 'a', value: '1' }], { givenParams: { a: '2', b: '3' } });
    assert.deepEqual(variables, { a: '2', b: '3', revision: 'sha', event_note: 'standard' });
  });

  it('lets nobody change what the event is about', async () => {
    for (const source of ['commentArgs', 'givenParams']) {
      const declared = [
        { name: 'revision', value: 'declared' },
        { name: 'repo_url', value: 'declared' },
      ];
      const { variables, complaints } = await worked(declared, { [source]: { revision: 'evil', repo_url: 'evil' } });
      assert.equal(variables['revision'], 'sha');
      assert.equal(variables['repo_url'], 'declared');
      assert.equal(complaints.length, 2);
      assert.match(complaints[0] ?? '', /may not set "revision"/);
    }
  });

  it('says what it could not use', async () => {
    const { complaints } = await worked([
      { name: '', value: 'x' },
      { name: 'a', value: 'x', filter: 'body.x.y' },
      { name: 'b', value: 'x', filter: '"text"' },
    ]);
    assert.deepEqual(complaints, [
      'spec.params: a param without a name is not used',
      'spec.params: the filter of "a" cannot be evaluated: No such key: x, at character 6; the param is not used',
      'spec.params: the filter of "b" is not true or false; the param is not used',
    ]);
    const many = Array.from({ length: customParamsMax + 1 }, (_, index) => ({ name: `p${index}`, value: 'x' }));
    assert.equal(Object.keys((await worked(many)).params).length, customParamsMax);
  });

  it('is given up when a Secret cannot be read now', async () => {
    const readSecret = (): Promise<string> => Promise.reject(new Error('the API is away'));
    await assert.rejects(worked([{ name: 'a', secret_ref: { name: 's' } }], { readSecret }), /the API is away/);
  });
});
