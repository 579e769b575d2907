import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withDefaults } from '../../forge/access/with-defaults.ts';
import type { Repository, RepositorySpec } from '../../forge/kinds/repository.ts';
import { defaultSettings, type Settings } from '../../forge/kinds/settings.ts';
import { tokenScopeOf, type TokenScope } from './token-scope.ts';

function repository(namespace: string, name: string, more: RepositorySpec = {}): Repository {
  return {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { namespace, name },
    spec: { url: `https://github.com/org/${name}`, ...more },
  };
}

const others = [
  repository('ci', 'lib'),
  repository('ci', 'lib-two'),
  repository('other', 'secret'),
  repository('ci', 'elsewhere', { url: 'https://ghe.example.org/org/elsewhere' }),
];

function scope(asked: readonly string[], settings: Partial<Settings> = {}, spec: RepositorySpec = {}): TokenScope {
  const own = repository('ci', 'app', { settings: { github_app_token_scope_repos: asked }, ...spec });
  return tokenScopeOf({
    project: { url: 'https://github.com/org/app', owner: 'org', name: 'app' },
    complete: withDefaults(own, undefined),
    namespace: 'ci',
    settings: { ...defaultSettings, ...settings },
    repositories: [own, ...others],
  });
}

describe('what the token of an App may reach', () => {
  it('is nothing else unless something is named', () => {
    assert.deepEqual(scope([]), { further: [], foreign: [] });
    assert.deepEqual(scope([], { tokenScoped: false }), { further: 'all', foreign: [] });
  });

  it('is what has a Repository in the same namespace, by name or glob', () => {
    assert.deepEqual(scope(['org/lib', 'LIB-two']), { further: ['org/lib', 'org/lib-two'], foreign: [] });
    assert.deepEqual(scope(['org/lib*']).further, ['org/lib', 'org/lib-two']);
    assert.deepEqual(scope(['org/lib'], { tokenScoped: false }).further, ['org/lib']);
  });

  it('is never what somebody else has, or nobody, or another host', () => {
    for (const entry of ['org/secret', 'secret', 'org/sec*', 'org/unknown', 'org/elsewhere', 'org/[']) {
      assert.deepEqual(scope([entry]), { further: [], foreign: [entry] });
      assert.deepEqual(scope([entry], { tokenScoped: false }).further, [], 'one that fails widens nothing');
    }
    assert.equal(scope(['*']).further.includes('org/secret'), false);
  });

  it('is what the settings name, wherever it is', () => {
    const named = { tokenFurtherRepositories: ['org/secret', 'private', 'org/lib-*', 'none-*'] };
    assert.deepEqual(scope([], named), { further: ['org/secret', 'org/private', 'org/lib-two'], foreign: [] });
  });

  it('does not matter where a token of its own is named', () => {
    const git_provider = { secret: { name: 'token' } };
    assert.deepEqual(scope(['org/secret'], { tokenScoped: false }, { git_provider }), { further: [], foreign: [] });
  });
});
