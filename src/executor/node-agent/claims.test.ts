import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../kube/core-types.ts';
import { AgentFixture, CollectingLogger, plainIsolation } from '../testing/agent-fixture.ts';
import { MemoryCluster } from '../testing/memory-cluster.ts';
import { ClaimBinder } from './claims.ts';

const users = mkdtempSync(join(tmpdir(), 'penstock-users-'));
after(() => rmSync(users, { recursive: true, force: true }));

function claim(name: string, more: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'default' }, ...more };
}

describe('a claim', () => {
  it('is a directory that pods share, and that goes with it', async () => {
    await using fixture = await AgentFixture.start(plainIsolation);
    const { cluster, directory } = fixture;
    const { uid = '' } = cluster.put(persistentVolumeClaims, claim('cache')).metadata;
    await cluster.until(
      () => cluster.read(persistentVolumeClaims, { namespace: 'default', name: 'cache' })?.status?.phase === 'Bound',
    );
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'cache' } }];
    const mounts = { volumeMounts: [{ name: 'v', mountPath: '/cache', subPath: 'sub' }] };
    await fixture.runScript('writes', 'echo kept > /cache/file', mounts, { volumes });
    const reader = await fixture.runScript('reads', 'cat /cache/file', mounts, { volumes });
    assert.equal(await fixture.log(reader), 'kept\n');
    const path = join(directory, 'volumes/default', uid);
    assert.equal(readFileSync(join(path, 'sub/file'), 'utf8'), 'kept\n');
    cluster.remove(persistentVolumeClaims, { namespace: 'default', name: 'cache' });
    while (existsSync(path)) await nextTurn();
  });

  it('that is a directory of the user is used in place, and left when the claim goes', async () => {
    const workspace = join(users, 'workspace');
    mkdirSync(workspace);
    const claimDirectories = new Map([['default/mine', workspace]]);
    await using fixture = await AgentFixture.start(plainIsolation, { claimDirectories });
    fixture.cluster.put(persistentVolumeClaims, claim('mine'));
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'mine' } }];
    await fixture.runScript(
      'writes',
      'echo here > /w/file',
      { volumeMounts: [{ name: 'v', mountPath: '/w' }] },
      { volumes },
    );
    assert.equal(readFileSync(join(workspace, 'file'), 'utf8'), 'here\n');
    fixture.cluster.remove(persistentVolumeClaims, { namespace: 'default', name: 'mine' });
    await fixture.agent.stop();
    assert.ok(existsSync(join(workspace, 'file')));
  });

  it('is bound in the end when the API fails for a while', async () => {
    const clock = new VirtualClock();
    const cluster = new MemoryCluster();
    const logger = new CollectingLogger();
    const { signal } = new AbortController();
    const parts = { client: cluster.client, clock, random: seededRandom(1), logger, signal };
    let faults = 0;
    cluster.before = () => {
      if (faults++ < 4) throw new ApiStatusError('ServiceUnavailable', 'no');
    };
    new ClaimBinder({ ...parts, directory: '', claimDirectories: new Map() }).register(
      cluster.informer(persistentVolumeClaims),
    );
    const spec = { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '5Gi' } } };
    cluster.put(persistentVolumeClaims, claim('c', { spec }));
    await clock.advance(60_000);
    const { status } = cluster.read(persistentVolumeClaims, { namespace: 'default', name: 'c' }) ?? {};
    assert.deepEqual(status, { phase: 'Bound', accessModes: ['ReadWriteMany'], capacity: { storage: '5Gi' } });
    assert.equal(logger.lines.length, 4);
  });

  it('that went while no agent ran loses its directory at the next sweep; others keep theirs', async () => {
    const directory = join(users, 'volumes');
    const cluster = new MemoryCluster();
    const live = cluster.put(persistentVolumeClaims, claim('live')).metadata.uid ?? '';
    for (const uid of [live, 'dead']) {
      mkdirSync(join(directory, 'default', uid), { recursive: true });
      writeFileSync(join(directory, 'default', uid, 'f'), '');
    }
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    const parts = { client: cluster.client, clock, random: seededRandom(1), logger: new CollectingLogger(), signal };
    const binder = new ClaimBinder({ ...parts, directory, claimDirectories: new Map() });
    await binder.sweep(cluster.informer(persistentVolumeClaims));
    assert.deepEqual(
      [existsSync(join(directory, 'default', live)), existsSync(join(directory, 'default/dead'))],
      [true, false],
    );
  });
});
