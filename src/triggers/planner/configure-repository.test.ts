import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GitEvent } from '../../forge/git-event.ts';
import { repositories } from '../../forge/kinds/repository.ts';
import { isApiError } from '../../kube/api-error.ts';
import { namespaces } from '../../kube/core-types.ts';
import type { ApiRequest } from '../../kube/transport.ts';
import { autoConfiguredMax } from './configure-repository.ts';
import { EnforcedRoles } from '../../../test/support/enforced-roles.ts';
import { definition, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const on = { 'auto-configure-new-github-repo': 'true' };
const files = { '.tekton/build.yaml': definition('build', onPush) };

function created(rig: PlannerRig, owner = 'org', name = 'shop', host = 'https://github.com'): GitEvent {
  const { pullRequest: _none, push: _push, revision: _revision, ...event } = rig.push();
  return {
    ...event,
    trigger: 'repository_created',
    eventType: 'repository',
    action: 'created',
    occurrence: 'created|1',
    installationId: 7,
    project: { url: `${host}/${owner}/${name}`, owner, name, id: '1' },
  };
}

/** Every Repository but `ci/app`, as `namespace/name address`. */
async function made(rig: PlannerRig): Promise<readonly string[]> {
  const { items } = await rig.client.list(repositories);
  return items
    .map(({ metadata, spec }) => `${metadata.namespace}/${metadata.name} ${spec?.url}`)
    .filter((text) => !text.startsWith('ci/app '));
}

async function hasNamespace(rig: PlannerRig, name: string): Promise<boolean> {
  return rig.client.get(namespaces, { namespace: '', name }).then(
    () => true,
    (thrown: unknown) => {
      assert.ok(isApiError(thrown, 'NotFound'));
      return false;
    },
  );
}

async function outcomeOf(rig: PlannerRig, event: GitEvent, more = {}): Promise<string> {
  const name = await rig.deliver(event, more);
  await rig.pass();
  const { phase, outcomes, lastError } = await rig.status(name);
  return `${phase} ${outcomes?.[0]?.reason ?? ''}: ${outcomes?.[0]?.message ?? lastError}`;
}

describe('a repository that is new at GitHub', () => {
  it('gets nothing unless the settings say so', async () => {
    const rig = await PlannerRig.create(files);
    assert.match(await outcomeOf(rig, created(rig)), /^Done NotConfigured: auto-configure-new-github-repo is off/);
    assert.deepEqual([await made(rig), await hasNamespace(rig, 'shop-pipelines')], [[], false]);
  });

  it('gets a namespace and a Repository, once, whatever is told twice', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    for (let copy = 0; copy < 3; copy++) assert.match(await outcomeOf(rig, created(rig)), /^Done Configured: /);
    assert.deepEqual(await made(rig), ['shop-pipelines/shop-repo-cr https://github.com/org/shop']);
  });

  it('goes by the templates, whatever its name holds', async () => {
    const settings = {
      ...on,
      'auto-configure-repo-namespace-template': 'ci-{{ repo_owner }}-{{repo_name}}',
      'auto-configure-repo-repository-template': '{{repo_name}}',
    };
    const rig = await PlannerRig.create(files, { settings });
    await outcomeOf(rig, created(rig, 'Acme', '.My_App..{{repo_owner}}', 'https://ghe.example.org'));
    await outcomeOf(rig, created(rig, 'acme', 'a'.repeat(100)));
    const [cut = '', plain] = [...(await made(rig))].sort();
    assert.match(cut, /^ci-acme-a{46}-[0-9a-f]{8}\/a{54}-[0-9a-f]{8} /);
    assert.match(plain ?? '', /^ci-acme-my-app-repo-owner\/my-app-repo-owner https:\/\/ghe\.example\.org\//);
    const { items } = await rig.client.list(repositories, { namespace: 'ci-acme-my-app-repo-owner' });
    assert.equal(items[0]?.spec?.git_provider?.type, 'github');
  });

  it('takes no namespace that is somebody else’s, unless that one is open to new ones', async () => {
    const rig = await PlannerRig.create(files, {
      settings: { ...on, 'auto-configure-repo-namespace-template': '{{ repo_name }}' },
    });
    for (const name of ['other', 'kube-system', 'penstock', 'default', 'kube-new']) {
      assert.match(await outcomeOf(rig, created(rig, 'org', name)), /^Done Failed: /, name);
    }
    assert.deepEqual([await made(rig), await hasNamespace(rig, 'kube-new')], [[], false]);
    const metadata = { labels: { 'penstock.dev/accepts-new-repositories': 'true' } };
    await rig.client.patch(namespaces, { namespace: '', name: 'other' }, { metadata }, { type: 'merge' });
    assert.match(await outcomeOf(rig, created(rig, 'org', 'other')), /^Done Configured: /);
    assert.deepEqual(await made(rig), ['other/other-repo-cr https://github.com/org/other']);
  });

  it('does not share what was made for another one of its name', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    await outcomeOf(rig, created(rig, 'one', 'shop'));
    assert.match(await outcomeOf(rig, created(rig, 'two', 'shop')), /^Done Failed: the namespace shop-pipelines is /);
    assert.deepEqual(await made(rig), ['shop-pipelines/shop-repo-cr https://github.com/one/shop']);
  });

  it('gets nothing when a Repository has its address, or when a tenant’s own secret verified the event', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    assert.match(await outcomeOf(rig, created(rig, 'Org', 'App')), /^Done NotConfigured: the Repository ci\/app /);
    const tenant = await outcomeOf(rig, created(rig), { verifiedBy: 'ci/app' });
    assert.match(tenant, /^Done NotConfigured: only webhooks/);
    assert.deepEqual(await made(rig), []);
  });

  it('waits, visibly, while Penstock may not make namespaces, and goes on when it may', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    const namespace = 'penstock';
    const without = new EnforcedRoles({ engine: 'penstock', namespace });
    const roles = new EnforcedRoles({ engine: 'penstock', namespace, newRepositories: true });
    rig.interfere = (request, next) => (isAbout(request) ? without.enforce(next)(request) : next(request));
    const name = await rig.deliver(created(rig));
    await rig.pass(3_600_000);
    assert.match((await rig.status(name)).lastError ?? '', /install with --new-repositories/);
    assert.deepEqual([...without.refused], ['create /namespaces in all namespaces']);
    rig.interfere = (request, next) => (isAbout(request) ? roles.enforce(next)(request) : next(request));
    await rig.pass(600_000);
    assert.equal(await rig.reason(name), 'Configured');
    await outcomeOf(rig, created(rig));
    assert.deepEqual([...roles.refused], []);
    const needed = /namespaces|create .*repositories/;
    assert.deepEqual(
      roles.unused().filter((text) => needed.test(text) && text.startsWith('cluster')),
      [],
    );
  });

  it('gets nothing once very many were made by themselves', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    const metadata = { namespace: 'other', labels: { 'penstock.dev/auto-configured': 'true' } };
    for (let number = 0; number < autoConfiguredMax; number++) {
      await rig.client.create(repositories, {
        apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
        kind: 'Repository',
        metadata: { ...metadata, name: `app-${number}` },
        spec: { url: `https://github.com/made/app-${number}` },
      });
    }
    await rig.pass();
    assert.match(await outcomeOf(rig, created(rig)), /^Done Failed: 1000 Repositories were made by themselves/);
    assert.equal(await hasNamespace(rig, 'shop-pipelines'), false);
  });

  it('is made whole after an answer that got lost, and after a crash, at every call', async () => {
    for (const path of ['/api/v1/namespaces', '/repositories']) {
      for (const crash of [true, false]) {
        const rig = await PlannerRig.create(files, { settings: on });
        let isFirst = true;
        rig.interfere = async (request, next) => {
          if (!isFirst || !isCreate(request, path)) return next(request);
          isFirst = false;
          await next(request);
          if (crash) rig.crash();
          throw new TypeError('the answer got lost');
        };
        const name = await rig.deliver(created(rig));
        await rig.pass();
        if (crash) await rig.start();
        await rig.pass(60_000);
        assert.equal(isFirst, false, path);
        assert.equal(await rig.reason(name), 'Configured', path);
        assert.deepEqual(await made(rig), ['shop-pipelines/shop-repo-cr https://github.com/org/shop']);
      }
    }
  });

  it('has its first push run, also when that came first', async () => {
    const rig = await PlannerRig.create(files, { settings: on });
    const first = rig.push('main', { installationId: 7 });
    await rig.client.delete(repositories, { namespace: 'ci', name: 'app' });
    const push = await rig.deliver(first);
    await rig.pass();
    assert.match((await rig.status(push)).lastError ?? '', /no Repository has the address .* yet$/);
    await outcomeOf(rig, created(rig, 'org', 'app'));
    await rig.pass(15_000);
    // The rig has no App: what matters is whose event it is.
    assert.match((await rig.status(push)).lastError ?? '', /Repository app-pipelines\/app-repo-cr/);
    const stranger = { ...first, project: { url: 'https://github.com/org/else', owner: 'org', name: 'else' } };
    const unknown = await rig.deliver(stranger);
    await rig.pass(40_000);
    assert.equal(await rig.reason(unknown), 'NoRepository');
  });
});

/** What this is about, and no lists: those a cluster's own client narrows. */
function isAbout({ method, path }: ApiRequest): boolean {
  return method === 'POST' ? /\/(?:namespaces|repositories)$/.test(path) : /^\/api\/v1\/namespaces\/[^/]+$/.test(path);
}

function isCreate({ method, path }: ApiRequest, end: string): boolean {
  return method === 'POST' && path.split('?', 1)[0]?.endsWith(end) === true;
}
