import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestApi } from '../../apiserver/api-fixture.ts';
import type { JsonObject } from '../../base/json.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { type Repository, type RepositorySpec, repositories } from '../../forge/kinds/repository.ts';
import { collectionPath } from '../../kube/resource.ts';
import { servedKinds } from '../../schema/served-kinds.ts';
import { triggersAdmission } from './triggers-admission.ts';

const url = 'https://git.example.org/team/app';
const systemNamespace = 'penstock';

function testApi(known: Repository[] = []): TestApi {
  const clock = new VirtualClock();
  const admission = [triggersAdmission({ systemNamespace, clock, listRepositories: () => known })];
  return new TestApi({ kinds: servedKinds, admission });
}

function repository(spec: RepositorySpec, name = 'app', namespace = 'ci'): Repository {
  return { apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository', metadata: { namespace, name }, spec };
}

/** `field: message` of each cause, of a create that is refused. */
async function refused(spec: RepositorySpec, known: Repository[] = []): Promise<readonly string[]> {
  const api = testApi(known);
  await makeNamespace(api, 'ci');
  const body = repository(spec) as unknown as JsonObject;
  const status = await api.refusal('POST', collectionPath(repositories, 'ci'), { body });
  assert.equal(status['reason'], 'Invalid');
  const causes = (status['details'] as { causes: readonly { field: string; message: string }[] }).causes;
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

async function makeNamespace(api: TestApi, name: string): Promise<void> {
  await api.json('POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });
}

async function accepted(object: Repository, known: Repository[] = []): Promise<TestApi> {
  const api = testApi(known);
  const path = collectionPath(repositories, object.metadata.namespace);
  await makeNamespace(api, object.metadata.namespace ?? '');
  await api.json('POST', path, { body: object as unknown as JsonObject });
  return api;
}

describe('the rules of Repositories', () => {
  it('let through what works', async () => {
    await accepted(
      repository({
        url,
        git_provider: { type: 'github', secret: { name: 'token' }, webhook_secret: { name: 'hook', key: 'k' } },
        incoming: [
          { type: 'webhook-url', secret: { name: 'caller' }, targets: ['main', 'release-*'], params: ['tag'] },
        ],
        params: [{ name: 'a', value: 'b' }],
        schedules: [{ name: 'nightly', cron: '0 3 * * *', timeZone: 'Europe/Berlin', params: { level: 'full' } }],
      }),
    );
    await accepted(repository({ url: 'file:///srv/git/app.git', git_provider: { type: 'git' } }));
    await accepted(repository({ git_provider: { type: 'gitlab' } }, 'pipelines-as-code', systemNamespace));
  });

  it('want an address that is one, and nobody else has', async () => {
    assert.match((await refused({}))[0] ?? '', /^spec\.url: Required value/);
    assert.match((await refused({ url: 'file:///srv/app' }))[0] ?? '', /^spec\.url: .*scheme file/);
    const twin = repository({ url: `${url}.git/` }, 'first', 'other');
    assert.match((await refused({ url }, [twin]))[0] ?? '', /^spec\.url: Duplicate value.* other\/first /);
    await accepted(repository({ url }), [repository({ url })]);
  });

  it('point at each fault of secrets, hooks, params and schedules', async () => {
    const causes = await refused({
      url,
      git_provider: { secret: { name: '' }, webhook_secret: { name: 'x', key: '' } },
      incoming: [{ type: 'webhook-url', targets: ['', 'main', 'release-[0-9'], params: [''] } as never],
      params: [
        { name: '', secret_ref: { name: '' } },
        { name: 'a', filter: 'pac.event_type ==' },
        { name: 'b', filter: 'pac.event_type == "push"' },
      ],
      schedules: [
        { name: 'a', cron: '61 * * * *' },
        { name: 'b', cron: '0 0 * * *', timeZone: 'Mars/Olympus' },
        { name: 'c', cron: '2027-01-01T00:00:00' },
        { name: 'd', cron: '0 0 31 2 *' },
        { name: 'e', cron: '@daily', branch: 'refs/heads/main' },
      ],
    });
    assert.deepEqual(
      causes.map((cause) => cause.split(': ')[0]),
      [
        'spec.git_provider.secret.name',
        'spec.git_provider.webhook_secret.key',
        'spec.incoming[0].secret',
        'spec.incoming[0].targets[0]',
        'spec.incoming[0].targets[2]',
        'spec.incoming[0].params[0]',
        'spec.params[0].name',
        'spec.params[0].secret_ref.name',
        'spec.params[1].filter',
        'spec.schedules[0].cron',
        'spec.schedules[1].timeZone',
        'spec.schedules[2].cron',
        'spec.schedules[3].cron',
        'spec.schedules[4].branch',
      ],
    );
  });

  it('let an old one be labelled that would not be let in today', async () => {
    const known: Repository[] = [];
    const api = await accepted(repository({ url }), known);
    known.push(repository({ url }, 'late', 'other'));
    const path = `${collectionPath(repositories, 'ci')}/app`;
    await api.patch(path, { metadata: { labels: { team: 'a' } } });
    const headers = { 'content-type': 'application/merge-patch+json' };
    await api.refusal('PATCH', path, { body: { spec: { concurrency_limit: 2 } }, headers });
  });
});

describe('the rules of Deliveries', () => {
  const path = '/apis/penstock.dev/v1alpha1/namespaces/penstock/deliveries';
  const spec = {
    forge: 'git',
    eventName: 'push',
    bodyHash: '0'.repeat(64),
    receivedAt: '2026-01-01T00:00:00.000Z',
    events: [],
    headers: {},
  };

  it('refuse a change of what came in, and let the status and the labels change', async () => {
    const api = testApi();
    await makeNamespace(api, 'penstock');
    const body = { apiVersion: 'penstock.dev/v1alpha1', kind: 'Delivery', metadata: { name: 'git-1' }, spec };
    await api.json('POST', path, { body });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const status = await api.refusal('PATCH', `${path}/git-1`, { body: { spec: { eventName: 'tag' } }, headers });
    assert.match(String(status['message']), /what came in does not change/);
    await api.patch(`${path}/git-1`, { metadata: { labels: { a: 'b' } } });
    await api.patch(`${path}/git-1/status`, { status: { phase: 'Done' } });
    const stored = await api.json('GET', `${path}/git-1`);
    assert.deepEqual(stored['status'], { phase: 'Done' });
    assert.deepEqual(stored['spec'], spec);
  });
});
