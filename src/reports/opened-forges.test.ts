import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { withDefaults } from '../forge/access/with-defaults.ts';
import type { Forge } from '../forge/forge.ts';
import type { CommitStatus, CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import type { Repository } from '../forge/kinds/repository.ts';
import { NewestWritten } from './newest-written.ts';
import { OpenedForges, openedMax, reopenMs, type ReportedRepository } from './opened-forges.ts';

function statusOf(repository: string, resourceVersion = '1'): CommitStatus {
  const metadata = { namespace: 'ci', name: 's', uid: `uid of ${repository}`, resourceVersion };
  const spec = { repository, attempt: 1 } as CommitStatusSpec;
  return { apiVersion: 'penstock.dev/v1alpha1', kind: 'CommitStatus', metadata, spec };
}

function repositoryAt(url: string): ReportedRepository {
  const metadata = { namespace: 'ci', name: 'app' };
  const object: Repository = { apiVersion: 'v1alpha1', kind: 'Repository', metadata, spec: { url } };
  return { object, complete: withDefaults(object, undefined) };
}

function setup(): { clock: VirtualClock; forges: OpenedForges; opened: () => number } {
  const clock = new VirtualClock();
  let count = 0;
  const open = (): Promise<Forge> => {
    count++;
    return Promise.resolve({ kind: 'github' } as Forge);
  };
  return { clock, forges: new OpenedForges(clock, open), opened: () => count };
}

describe('the forge of a Repository', () => {
  it('is opened anew when its secrets may be others, and its credential was not taken', async () => {
    const { clock, forges, opened } = setup();
    const status = statusOf('app');
    const first = await forges.open(status, repositoryAt('https://git.test/a'));
    const again = await forges.open(status, repositoryAt('https://git.test/a'));
    assert.deepEqual([first.isFresh, again.isFresh, opened()], [true, false, 1]);
    await forges.open(status, repositoryAt('https://git.test/b'));
    assert.equal(opened(), 2, 'the Repository says something else');
    await clock.advance(reopenMs);
    await forges.open(status, repositoryAt('https://git.test/b'));
    assert.equal(opened(), 3, 'some time has passed');
    forges.forget(status);
    assert.equal((await forges.open(status, repositoryAt('https://git.test/b'))).isFresh, true);
  });

  it('is remembered for as many as are in use, and no more', async () => {
    const { forges } = setup();
    for (let index = 0; index <= openedMax; index++) {
      await forges.open(statusOf(`app-${index}`), repositoryAt('https://git.test/a'));
    }
    assert.equal(forges.last(statusOf('app-0')), undefined);
    assert.notEqual(forges.last(statusOf(`app-${openedMax}`)), undefined);
  });
});

describe('what was written last', () => {
  it('is the newest version, and no other one is', () => {
    const written = new NewestWritten();
    assert.equal(written.isNewest(statusOf('app', '7')), false, 'another process may have written it');
    written.wrote(statusOf('app', '8'));
    assert.deepEqual(
      ['7', '8', '9'].map((version) => written.isNewest(statusOf('app', version))),
      [false, true, false],
    );
    written.gone('uid of app');
    assert.equal(written.isNewest(statusOf('app', '8')), false);
  });
});
