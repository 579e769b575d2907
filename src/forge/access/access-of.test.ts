import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepFreeze } from '../../base/json.ts';
import type { Repository, RepositorySpec } from '../kinds/repository.ts';
import { accessOf, applicationWebhookSecret, webhookSecretOf, type AccessRequest } from './access-of.ts';
import { withDefaults } from './with-defaults.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----';
const secrets: Readonly<Record<string, string>> = {
  'team/token/provider.token': ' t0ken\n',
  'team/token/other': 'other-token',
  'team/hook/webhook.secret': 'hook-secret\n',
  'team/empty/provider.token': '\n',
  'penstock/global/provider.token': 'global-token',
  'penstock/pipelines-as-code-secret/github-application-id': '4711\n',
  'penstock/pipelines-as-code-secret/github-private-key': pem,
  'penstock/pipelines-as-code-secret/webhook.secret': 'app-hook\n',
};

function repository(spec: RepositorySpec, namespace = 'team'): Repository {
  return deepFreeze({
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { namespace, name: 'app' },
    spec,
  });
}

function request(spec: RepositorySpec, more: Partial<AccessRequest> = {}): AccessRequest {
  return {
    repository: repository(spec),
    systemNamespace: 'penstock',
    readSecret: (namespace, name, key) => Promise.resolve(secrets[`${namespace}/${name}/${key}`]),
    ...more,
  };
}

describe('accessOf', () => {
  it('takes the token that the Repository names', async () => {
    const access = await accessOf(
      request({ url: 'https://gitlab.com/group/sub/app', git_provider: { secret: { name: 'token' }, user: 'bot' } }),
    );
    assert.deepEqual(access, {
      kind: 'gitlab',
      webUrl: 'https://gitlab.com',
      credential: { type: 'token', token: 't0ken', user: 'bot' },
    });
  });

  it('takes the App where a Repository at GitHub names no token', async () => {
    const access = await accessOf(request({ url: 'https://github.com/o/app' }, { installationId: 9 }));
    assert.deepEqual(access.credential, {
      type: 'github-app',
      applicationId: 4711,
      privateKey: `${pem}\n`,
      installationId: 9,
    });
  });

  it('takes the App to no other host than its own', async () => {
    const open = (spec: RepositorySpec, host?: string) =>
      accessOf(
        request(spec, {
          readSecret: (namespace, name, key) =>
            Promise.resolve(key === 'github-enterprise-host' ? host : secrets[`${namespace}/${name}/${key}`]),
        }),
      );
    const github = { type: 'github' } as const;
    const evil = [
      { url: 'https://evil.example.org/o/app', git_provider: github },
      { url: 'https://github.com/o/app', git_provider: { ...github, url: 'https://evil.example.org' } },
      { url: 'https://github.com.evil.example.org/o/app', git_provider: github },
      { url: 'https://github.com:8443/o/app', git_provider: github },
      { url: 'https://github.com@evil.example.org/o/app', git_provider: github },
      { url: 'https://ghe.evil.example.org/o/app' },
    ];
    for (const spec of evil) await assert.rejects(open(spec), { code: 'REPOSITORY_HOST' }, spec.url);
    const api = { ...github, url: 'https://api.github.com' };
    assert.equal((await open({ url: 'https://github.com/o/app', git_provider: api })).credential.type, 'github-app');
    assert.equal((await open({ url: 'https://ghe.corp/o/app' }, ' GHE.corp\n')).credential.type, 'github-app');
    await assert.rejects(open({ url: 'https://other.corp/o/a', git_provider: github }, 'ghe.corp'), {
      code: 'REPOSITORY_HOST',
    });
  });

  it('knows a host by its type, its name, or the event', async () => {
    const kindOf = async (url: string, spec: RepositorySpec = {}, more: Partial<AccessRequest> = {}) =>
      (await accessOf(request({ url, ...spec }, more))).kind;
    const secret = { secret: { name: 'token' } };
    assert.equal(await kindOf('https://git.corp/o/a', { git_provider: { type: 'forgejo', ...secret } }), 'gitea');
    assert.equal(await kindOf('https://codeberg.org/o/a', { git_provider: secret }), 'gitea');
    assert.equal(await kindOf('https://ghe.corp/o/a', { git_provider: secret }), 'github');
    assert.equal(await kindOf('https://git.corp/o/a', { git_provider: secret }, { forge: 'github' }), 'github');
    assert.equal(await kindOf('https://github.com/o/a', {}, { forge: 'gitlab' }), 'github');
    assert.equal(await kindOf('file:///srv/app.git'), 'git');
    await assert.rejects(kindOf('https://git.corp/o/a'), { code: 'REPOSITORY_PROVIDER' });
  });

  it('keeps the path under which a host lives, and the address of its API', async () => {
    const places = async (url: string, providerUrl: string) => {
      const provider = { type: 'gitlab', url: providerUrl, secret: { name: 'token' } } as const;
      const { webUrl, apiUrl } = await accessOf(request({ url, git_provider: provider }));
      return [webUrl, apiUrl];
    };
    assert.deepEqual(await places('https://corp/gitlab/g/a', 'https://corp/gitlab/'), [
      'https://corp/gitlab',
      undefined,
    ]);
    assert.deepEqual(await places('https://git.corp/g/a', 'https://api.corp'), [
      'https://git.corp',
      'https://api.corp',
    ]);
  });

  it('names what is missing, and never a value', async () => {
    const failure = async (spec: RepositorySpec, more: Partial<AccessRequest> = {}) => {
      try {
        await accessOf(request(spec, more));
      } catch (thrown) {
        return thrown as Error & { code: string };
      }
      return assert.fail('it must fail');
    };
    const url = 'https://gitlab.com/g/a';
    const missing = await failure({ url, git_provider: { secret: { name: 'nope' } } });
    assert.equal(missing.code, 'SECRET_MISSING');
    assert.equal(missing.message, 'Repository team/app: Secret team/nope, key provider.token: is not there');
    assert.match((await failure({ url, git_provider: { secret: { name: 'empty' } } })).message, /is empty$/);
    assert.equal((await failure({ url })).code, 'REPOSITORY_PROVIDER');
    assert.equal((await failure({ url: 'no url' })).code, 'REPOSITORY_URL');
    const badKey = await failure(
      { url: 'https://github.com/o/a' },
      { readSecret: (_namespace, _name, key) => Promise.resolve(key === 'github-application-id' ? '1' : 'not-a-key') },
    );
    assert.equal(badKey.code, 'SECRET_VALUE');
    assert.doesNotMatch(badKey.message, /not-a-key/);
  });
});

describe('webhook secrets', () => {
  it('are the Repository’s own, or the App’s', async () => {
    const own = request({ url: 'https://github.com/o/a', git_provider: { webhook_secret: { name: 'hook' } } });
    assert.equal(await webhookSecretOf(own), 'hook-secret');
    assert.equal(await webhookSecretOf(request({ url: 'https://github.com/o/a' })), undefined);
    assert.equal(await applicationWebhookSecret(own.readSecret, 'penstock'), 'app-hook');
    assert.equal(await applicationWebhookSecret(own.readSecret, 'elsewhere'), undefined);
  });
});

describe('the global Repository', () => {
  const global = repository(
    {
      concurrency_limit: 3,
      settings: { pipelinerun_provenance: 'default_branch', github: { comment_strategy: 'update' } },
      git_provider: { type: 'gitlab', url: 'https://git.corp', secret: { name: 'global' } },
      params: [{ name: 'a', value: '1' }],
    },
    'penstock',
  );

  it('gives what a Repository leaves open', () => {
    const { spec, secretNamespaces } = withDefaults(repository({ url: 'https://x/y/z' }), global);
    assert.deepEqual(spec, { concurrency_limit: 3, params: [{ name: 'a', value: '1' }], url: 'https://x/y/z' });
    assert.equal(secretNamespaces.params, 'penstock');
    assert.equal(secretNamespaces.token, 'team');
  });

  it('gives settings and provider fields only where there is a block for them, of the same type', () => {
    const settings = withDefaults(repository({ settings: {} }), global).spec.settings;
    assert.deepEqual(settings, { pipelinerun_provenance: 'default_branch' });
    assert.deepEqual(withDefaults(repository({ git_provider: { type: 'github' } }), global).spec.git_provider, {
      type: 'github',
    });
    const kept = withDefaults(repository({ concurrency_limit: 1, params: [] }), global).spec;
    assert.deepEqual([kept.concurrency_limit, kept.params], [1, []]);
  });

  it('keeps its secrets in its own namespace', async () => {
    const spec: RepositorySpec = { url: 'https://git.corp/g/a', git_provider: { type: 'gitlab' } };
    const access = await accessOf(request(spec, { globalRepository: global }));
    assert.deepEqual(access.credential, { type: 'token', token: 'global-token' });
    assert.equal(access.webUrl, 'https://git.corp');
  });
});
