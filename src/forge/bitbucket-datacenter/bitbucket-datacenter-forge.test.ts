import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBitbucketDatacenter } from '../../../test/support/git-hosts/bitbucket-datacenter/simulated-bitbucket-datacenter.ts';
import { openForge } from '../../../test/support/git-hosts/opened-forge.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { withHiddenMarker } from '../calls/hidden-marker.ts';
import type { Forge, StatusReport } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { pathOf } from './datacenter-api.ts';

interface World extends AsyncDisposable {
  readonly host: Awaited<ReturnType<typeof startBitbucketDatacenter>>;
  readonly forge: Forge;
}

async function begin(): Promise<World> {
  const clock = new VirtualClock();
  const host = await startBitbucketDatacenter({ clock });
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

describe('Bitbucket Data Center', () => {
  it('finds a repository by any address that people write', () => {
    const at = (url: string, owner = 'x', name = 'y'): string => pathOf({ url, owner, name } satisfies Project);
    const api = '/rest/api/1.0/projects';

    assert.equal(at('https://git.example.org/projects/TRADE/repos/shop'), `${api}/TRADE/repos/shop`);
    assert.equal(at('https://git.example.org/bb/projects/TRADE/repos/shop/browse'), `${api}/TRADE/repos/shop`);
    assert.equal(at('https://git.example.org/users/eve/repos/shop'), `${api}/~eve/repos/shop`);
    assert.equal(at('https://git.example.org/projects/~eve/repos/shop'), `${api}/~eve/repos/shop`);
    assert.equal(at('https://git.example.org/scm/TRADE/shop', 'scm/TRADE', 'shop'), `${api}/TRADE/repos/shop`);
  });

  it('tells a missing folder from a missing commit or repository', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('TRADE', 'shop');
    const sha = (await forge.readRevision(project, 'main'))?.sha ?? '';

    assert.deepEqual(await forge.readFolder(project, sha, '.tekton'), []);
    await assert.rejects(forge.readFolder(project, 'f'.repeat(40), '.tekton'), /404.*Commit does not exist/);
    const gone = { ...project, url: project.url.replace('shop', 'gone'), name: 'gone' };
    await assert.rejects(forge.readFile(gone, sha, 'OWNERS'), /404.*Repository does not exist/);
    assert.equal(await forge.readProject(gone), undefined);
  });

  it('reads folders in pages, and refuses too many files', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`.tekton/f${index}.yaml`, 'a: b']));
    const project = host.addProject('TRADE', 'shop', many);
    const sha = (await forge.readRevision(project, 'main'))?.sha ?? '';

    assert.equal((await forge.readFolder(project, sha, '.tekton')).length, 200);
    const more = host.commit(project, 'main', { '.tekton/one-more.yaml': 'a: b' });
    await assert.rejects(forge.readFolder(project, more, '.tekton'), { code: 'FORGE_TOO_LARGE' });
  });

  it('shows attempts in one place, with the number of each and how long it took', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('TRADE', 'shop');
    const sha = (await forge.readRevision(project, 'main'))?.sha ?? '';
    const report: StatusReport = {
      ...{ project, sha, context: 'Penstock / build', ref: 'refs/heads/main', externalId: 'build-1', title: 'Failed' },
      ...{ text: '', annotations: [], state: 'failed', detailsUrl: `https://p.example.org/${'x'.repeat(500)}` },
      startedAt: '2026-11-21T10:00:00Z',
      completedAt: '2026-11-21T10:01:30Z',
    };

    await forge.postStatus(report, undefined);
    await forge.postStatus({ ...report, externalId: 'build-2', state: 'cancelled' }, undefined);

    const seen = host.statuses(project, sha);
    assert.deepEqual(
      seen.map(({ state, externalId }) => [state, externalId]),
      [
        ['FAILED', 'build-1'],
        ['CANCELLED', 'build-2'],
      ],
    );
    assert.equal(seen[0]?.url, `${project.url}/commits/${sha}`, 'a link that is too long would be refused');
  });

  it('changes its own comment by its version, and passes over others', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('TRADE', 'shop');
    host.commit(project, 'fix', { x: '1' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'fix' });
    host.webhooks.comment(project, number, withHiddenMarker('a lie', 'm'), 'eve');

    for (const body of ['one', 'two', 'three'])
      await forge.putComment({ project, pullRequest: number, marker: 'm', body });

    const said = host.comments(project, number).map(({ author, body }) => [author, body.split('\n', 1)[0]]);
    assert.deepEqual(said, [
      ['eve', 'a lie'],
      ['penstock-bot', 'three'],
    ]);
    host.faults.next(/^PUT /, { kind: 'status', code: 409 });
    await assert.rejects(forge.putComment({ project, pullRequest: number, marker: 'm', body: 'four' }), {
      code: 'FORGE_UNAVAILABLE',
    });
  });

  it('knows groups', async () => {
    await using world = await begin();
    const { host, forge } = world;
    const project = host.addProject('TRADE', 'shop');
    host.addUser('ada', { teams: ['maintainers'] });
    host.addUser('adam');

    assert.equal(await forge.isTeamMember(project, 'maintainers', { login: 'ada' }), true);
    assert.equal(await forge.isTeamMember(project, 'maintainers', { login: 'adam' }), false);
  });
});
