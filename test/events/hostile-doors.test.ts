/** What strangers send to the hooks, over real sockets: nothing of it is stored, run or shown. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/system-clock.ts';
import { repositories, type RepositorySpec } from '../../src/forge/kinds/repository.ts';
import { namespaces, secrets } from '../../src/kube/core-types.ts';
import { createHooksMount } from '../../src/server/hooks-mount.ts';
import { startListener } from '../../src/server/listener.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import type { SentWebhook } from '../support/git-hosts/simulated-host.ts';
import { definition } from '../support/git-world/definitions.ts';
import { GitWorld, type GitWorldOptions } from '../support/git-world/git-world.ts';

const foreignSecret = 'the-secret-of-another-team';

/** A Gitea with a project of ours and one of another team, and Penstock's way in on a socket. */
class Doors implements AsyncDisposable {
  readonly world: GitWorld;
  readonly #listener: Awaited<ReturnType<typeof startListener>>;

  private constructor(world: GitWorld, listener: Awaited<ReturnType<typeof startListener>>) {
    this.world = world;
    this.#listener = listener;
  }

  static async open(options: Partial<GitWorldOptions> = {}): Promise<Doors> {
    const world = await GitWorld.embedded({ host: (clock) => startGitea({ clock }), ...options });
    await world.startPenstock();
    const mount = createHooksMount({ receiver: world.inbox, clock: systemClock, logger: silentLogger });
    return new Doors(world, await startListener({ mount }));
  }

  get port(): number {
    return this.#listener.port ?? 0;
  }

  /** Posts it; the status it is answered with. */
  async post({ headers, body }: SentWebhook, path = '/hooks/gitea'): Promise<number> {
    const response = await fetch(`${this.#listener.url}${path}`, { method: 'POST', headers: { ...headers }, body });
    await response.body?.cancel();
    return response.status;
  }

  /** A push of a new commit with a definition. */
  push(): { readonly sha: string; readonly webhook: SentWebhook } {
    const { host, project } = this.world;
    const sha = host.commit(project, 'main', { '.tekton/build.yaml': definition('build') });
    return { sha, webhook: host.webhooks.push(project, 'main', 'alice') };
  }

  /** A Repository of another team, with a webhook secret of its own and no other. */
  async addForeign(url: string): Promise<void> {
    const { client } = this.world;
    const namespace = 'rivals';
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const data = { 'webhook.secret': Buffer.from(foreignSecret).toString('base64') };
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'theirs' }, data });
    const { git_provider: provider } = (await client.get(repositories, { namespace: 'team', name: 'app' })).spec ?? {};
    const spec: RepositorySpec = { url, git_provider: { ...provider, webhook_secret: { name: 'theirs' } } };
    const metadata = { namespace, name: 'app' };
    await client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata,
      spec,
    });
    // The inbox knows of it once its cache does.
    await this.world.pass(1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    await this.world[Symbol.asyncDispose]();
  }
}

/** `webhook` as somebody with this secret would send it. */
function signed({ headers, body }: SentWebhook, secret: string, newBody: string = body): SentWebhook {
  const signature = createHmac('sha256', secret).update(newBody).digest('hex');
  const own = {
    'x-gitea-signature': signature,
    'x-gogs-signature': signature,
    'x-hub-signature-256': `sha256=${signature}`,
  };
  return { headers: { ...headers, ...own }, body: newBody };
}

describe('the hooks', () => {
  it('take nothing that the secret did not sign', async () => {
    await using doors = await Doors.open();
    const { world } = doors;
    const { webhook } = doors.push();
    const { headers, body } = webhook;
    const unsigned = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.includes('signature')));
    const forged: readonly SentWebhook[] = [
      { headers: unsigned, body },
      { headers, body: `${body} ` },
      { headers, body: body.slice(0, -10) },
      { headers, body: '' },
      { headers: { ...headers, 'x-gitea-signature': '', 'x-hub-signature-256': '' }, body },
      { headers: { ...headers, 'x-gitea-signature': '0'.repeat(64) }, body },
      { headers: { ...headers, 'x-gitea-signature': 'zz' }, body },
      signed(webhook, ''),
      signed(webhook, 'undefined'),
      signed(webhook, foreignSecret),
    ];
    for (const [index, each] of forged.entries()) assert.equal(await doors.post(each), 401, `forgery ${index}`);
    assert.deepEqual(await world.deliveries(), []);
    assert.equal(await doors.post(webhook), 202);
    await world.settled();
    assert.equal((await world.runs()).length, 1);
  });

  it('take once what is replayed under whatever id, and nowhere else', async () => {
    await using doors = await Doors.open();
    const { world } = doors;
    const { webhook } = doors.push();
    assert.equal(await doors.post(webhook), 202);
    for (const id of ['1', '2', 'x'.repeat(5_000)]) {
      const ids = { 'x-gitea-delivery': id, 'x-gogs-delivery': id, 'x-github-delivery': id };
      assert.equal(await doors.post({ ...webhook, headers: { ...webhook.headers, ...ids } }), 200);
    }
    assert.equal(await doors.post(webhook, '/hooks/gitea/rivals/app'), 401);
    assert.equal(await doors.post(webhook, '/hooks/gitlab'), 400);
    assert.equal(await doors.post(webhook, '/hooks/nothing'), 404);
    assert.equal(await doors.post(webhook, '/hooks/gitea/../../api'), 404);
    await world.settled();
    assert.equal((await world.runs()).length, 1);
    assert.equal((await world.deliveries()).length, 1);
  });

  it('let the secret of one Repository speak for no other', async () => {
    await using doors = await Doors.open();
    const { world } = doors;
    const theirs = world.host.addProject('rivals', 'app');
    await doors.addForeign(theirs.url);
    const { sha, webhook } = doors.push();
    // Stored, since somebody we know sent it; but it is none of their business.
    assert.equal(await doors.post(signed(webhook, foreignSecret)), 202);
    await world.settled();
    const [delivery] = await world.deliveries();
    assert.equal(delivery?.status?.outcomes?.[0]?.reason, 'NoRepository');
    assert.deepEqual([(await world.runs()).length, world.host.statuses(world.project, sha).length], [0, 0]);
    // What they sent does not keep ours out.
    assert.equal(await doors.post(webhook), 202);
    await world.settled();
    assert.equal((await world.runs()).length, 1);
  });

  it('let a Repository that names the address of another one use nothing of it', async () => {
    await using doors = await Doors.open();
    const { world } = doors;
    await doors.addForeign(world.project.url);
    const text = definition('build', { annotations: { 'pipelinesascode.tekton.dev/target-namespace': 'rivals' } });
    const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': text });
    const webhook = world.host.webhooks.push(world.project, 'main', 'alice');
    assert.equal(await doors.post(signed(webhook, foreignSecret)), 202);
    await world.pass(10_000);
    const [delivery] = await world.deliveries();
    // Its own namespace has no token, and that of the other one is not looked at.
    assert.match(delivery?.status?.lastError ?? '', /Secret rivals\/host, key provider\.token: is not there/);
    assert.equal(await doors.post(webhook), 202);
    await world.pass(10_000);
    const ours = (await world.deliveries()).find(({ status }) => status?.phase === 'Done');
    assert.equal(ours?.status?.outcomes?.[0]?.reason, 'NothingMatched');
    assert.deepEqual([(await world.runs()).length, world.host.statuses(world.project, sha).length], [0, 0]);
  });

  it('refuse bodies that are too large, cut off or no JSON, and ignore events that nobody knows', async () => {
    await using doors = await Doors.open();
    const { world } = doors;
    const { webhook } = doors.push();
    const secret = world.host.webhookSecret;
    assert.equal(await doors.post(signed(webhook, secret, 'x'.repeat(30 * 1024 * 1024))), 413);
    const socket = connect(doors.port, '127.0.0.1');
    await once(socket, 'connect');
    const lines = ['POST /hooks/gitea HTTP/1.1', 'host: x', 'x-gitea-event: push', 'content-length: 1000', '', '{"a'];
    socket.write(lines.join('\r\n'));
    socket.destroySoon();
    await once(socket, 'close');
    for (const body of ['{"ref":', '[]', 'null', '"x"', '\u0000', `{"a":${'['.repeat(100_000)}`, '{"__proto__":{}}']) {
      assert.equal(await doors.post(signed(webhook, secret, body)), 400, body.slice(0, 20));
    }
    for (const event of ['wiki', 'package', 'constructor', '__proto__', 'push ']) {
      const headers = Object.fromEntries(
        Object.entries(webhook.headers).map(([name, value]) => [name, /-event(-type)?$/.test(name) ? event : value]),
      );
      const status = await doors.post(signed({ ...webhook, headers }, secret));
      assert.equal(status, event === 'push ' ? 202 : 200, event);
    }
    await world.settled();
    assert.ok((await world.deliveries()).length <= 1);
  });

  it('start by name only what an incoming hook is for', async () => {
    const incoming = [
      { type: 'webhook-url', secret: { name: 'host', key: 'webhook.secret' }, targets: ['main'], params: ['color'] },
    ] as const;
    await using doors = await Doors.open({ repository: { incoming } });
    const { world } = doors;
    world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
    world.host.commit(world.project, 'secret', { '.tekton/build.yaml': definition('build') });
    const right = { repository: 'app', branch: 'main', pipelinerun: 'build', secret: world.host.webhookSecret };
    const call = (more: object, path = '/incoming'): Promise<number> =>
      doors.post(
        { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...right, ...more }) },
        path,
      );
    for (const secret of ['', 'wrong', null, {}, [world.host.webhookSecret]]) {
      assert.ok([400, 401].includes(await call({ secret })), JSON.stringify(secret));
    }
    assert.equal(await call({ repository: 'other' }), 401);
    assert.equal(await call({ branch: 'secret' }), 403);
    assert.equal(await call({ branch: 'refs/heads/secret' }), 403);
    assert.equal(await call({ params: { revision: 'x' } }), 400);
    assert.equal(await call({ params: { color: 1 } }), 400);
    assert.equal(await call({}, `/incoming?secret=${world.host.webhookSecret}`), 400);
    assert.deepEqual(await world.deliveries(), []);
    assert.equal(await call({ pipelinerun: 'nothing' }), 202);
    assert.equal(await call({ params: { color: 'red' } }), 202);
    await world.settled();
    assert.equal((await world.runs()).length, 1);
    const said = JSON.stringify([await world.deliveries(), world.logger.lines]);
    assert.equal(said.includes(world.host.webhookSecret), false);
  });
});
