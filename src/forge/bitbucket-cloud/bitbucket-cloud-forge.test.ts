import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBitbucketCloud } from '../../../test/support/git-hosts/bitbucket-cloud/simulated-bitbucket-cloud.ts';
import { openForge } from '../../../test/support/git-hosts/opened-forge.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { withHiddenMarker } from '../calls/hidden-marker.ts';
import { ForgeError } from '../forge.ts';
import { cloneCredential } from './cloud-api.ts';
import { buildKey } from './status-words.ts';

async function begin(): Promise<
  AsyncDisposable & {
    host: Awaited<ReturnType<typeof startBitbucketCloud>>;
    forge: ReturnType<typeof openForge>['forge'];
  }
> {
  const clock = new VirtualClock();
  const host = await startBitbucketCloud({ clock });
  const opened = openForge(host.access, clock);
  return {
    host,
    forge: opened.forge,
    async [Symbol.asyncDispose]() {
      opened[Symbol.dispose]();
      await host[Symbol.asyncDispose]();
      assert.deepEqual(host.violations, []);
    },
  };
}

describe('Bitbucket Cloud', () => {
  it('reads folders however deep, in pages, and refuses too many files', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const deep = `.tekton/${Array.from({ length: 12 }, (_, index) => `d${index}`).join('/')}/deep.yaml`;
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`.tekton/f${index}.yaml`, 'a: b']));
    const project = host.addProject('trade', 'shop', { ...many, [deep]: 'deep', '.tekton/empty.yaml': ' ' });
    const sha = (await forge.readRevision(project, 'main'))?.sha ?? '';

    const files = await forge.readFolder(project, sha, '.tekton');

    assert.equal(files.length, 152);
    assert.equal(files.find(({ path }) => path === deep)?.text, 'deep');
    const more = Object.fromEntries(Array.from({ length: 350 }, (_, index) => [`.tekton/g${index}.yaml`, 'a: b']));
    const larger = host.commit(project, 'main', more);
    await assert.rejects(forge.readFolder(project, larger, '.tekton'), { code: 'FORGE_TOO_LARGE' });
  });

  it('asks what was granted by name where it may not ask for all permissions', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('trade', 'shop');
    host.addUser('ada', { writes: [project] });
    host.addUser('eve');
    host.setAdministrator(false);

    assert.equal(await forge.standing(project, { login: 'ada', id: host.uuidOf('ada') }), 'write');
    assert.equal(await forge.standing(project, { login: 'eve', id: host.uuidOf('eve') }), 'none');
    host.setAdministrator(true);
    assert.equal(await forge.standing(project, { login: 'ada' }), 'write');
    assert.equal(await forge.standing(project, { login: 'ada', id: host.uuidOf('eve') }), 'none');
  });

  it("does not touch somebody else's comment that has our marker", async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('trade', 'shop');
    host.commit(project, 'fix', { x: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    host.webhooks.comment(project, number, withHiddenMarker('a lie', 'm'), 'eve');

    await forge.putComment({ project, pullRequest: number, marker: 'm', body: 'ours' });
    await forge.putComment({ project, pullRequest: number, marker: 'm', body: 'changed' });

    const said = host.comments(project, number).map(({ author, body }) => [author, body.split('\n', 1)[0]]);
    assert.deepEqual(said, [
      ['eve', 'a lie'],
      ['penstock-bot', 'changed'],
    ]);
  });

  it("shows statuses of a fork's pull request in the fork, also when a post there fails", async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('trade', 'shop');
    const fork = host.fork(project, 'eve');
    const sha = host.commit(fork, 'fix', { x: '1' });
    const pullRequest = { number: 1, headProject: fork };
    const report = { project, sha, pullRequest, context: 'c', externalId: 'e', title: 't', text: '', annotations: [] };

    const first = await forge.postStatus({ ...report, state: 'running' }, undefined);
    assert.ok(first.ok);
    host.faults.next(/^POST /, { kind: 'status', code: 403 });
    await assert.rejects(forge.postStatus({ ...report, state: 'failed' }, first.handle), { code: 'FORGE_FORBIDDEN' });
    await forge.postStatus({ ...report, state: 'succeeded' }, first.handle);

    assert.deepEqual(host.statuses(project, sha), []);
    assert.deepEqual(
      host.statuses(fork, sha).map(({ state }) => state),
      ['INPROGRESS', 'SUCCESSFUL'],
    );
    assert.equal((await forge.readStatus(report, undefined))?.state, 'succeeded');
    const merged = host.commit(project, 'main', { y: '1' });
    const own = await forge.postStatus({ ...report, sha: merged, state: 'running' }, undefined);
    assert.deepEqual(own, { ok: true, handle: { repository: 'own' } });
  });

  it('says what is wrong when it may not post', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('trade', 'shop');
    const report = {
      project,
      sha: 'f'.repeat(40),
      context: 'c',
      externalId: 'e',
      title: 't',
      text: '',
      annotations: [],
    };

    await assert.rejects(forge.postStatus({ ...report, state: 'running' }, undefined), (thrown) => {
      assert.ok(thrown instanceof ForgeError);
      assert.deepEqual([thrown.problem, thrown.status], ['refused', 404]);
      assert.match(
        thrown.message,
        /POST \/2\.0\/repositories\/trade\/shop\/commit\/f+\/statuses\/build: .*Commit not found/,
      );
      return true;
    });
  });

  it('keys contexts in 40 characters that need no encoding', () => {
    const keys = ['Penstock / build / main', 'Penstock / build / #1', 'x'.repeat(255), 'ä'].map(buildKey);
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.match(key, /^penstock-[0-9a-f]{31}$/);
  });

  it('clones with what belongs to the kind of token', () => {
    const access = { kind: 'bitbucket-cloud', webUrl: 'https://bitbucket.org' } as const;
    const names = [undefined, 'ada@example.org', 'ada'].map(
      (user) =>
        cloneCredential({ ...access, credential: { type: 'token', token: 't', ...(user && { user }) } }).username,
    );
    assert.deepEqual(names, ['x-token-auth', 'x-bitbucket-api-token-auth', 'ada']);
  });
});
