import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Container, Pod, Volume } from '../../kube/pod.ts';
import { PodConfigError } from '../node-agent/config-error.ts';
import { containerMounts } from './container-mounts.ts';
import { makePodVolumes, type PodVolumesInput } from './pod-volumes.ts';
import { resolveInside } from './resolve-inside.ts';

const root = mkdtempSync(join(tmpdir(), 'penstock-volumes-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function folder(): string {
  const path = join(root, String(folders++));
  mkdirSync(path);
  return path;
}

const metadata = { name: 'p', namespace: 'n', uid: 'u', labels: { b: '2', a: '1' }, annotations: { note: 'hello' } };
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { key: 'AP8K', other: 'eA==' } };
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c' },
  data: { 'a.txt': 'text' },
  binaryData: { b: 'AP8=' },
};

function input(volumes: readonly Volume[], more: Partial<PodVolumesInput> = {}): PodVolumesInput {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], volumes } } as Pod;
  return {
    pod,
    objects: { configMaps: new Map([['c', configMap]]), secrets: new Map([['s', secret]]) },
    claims: new Map(),
    claimDirectory: () => join(root, 'claim'),
    hostPaths: [],
    facts: { cpuCores: 2, memoryBytes: 1024, hostIp: '127.0.0.1' },
    ...more,
  };
}

function make(volume: object, more: Partial<PodVolumesInput> = {}) {
  const volumes = makePodVolumes(folder(), input([{ name: 'v', ...volume }], more));
  return volumes.get('v') ?? assert.fail('the volume was not made');
}

const refused = (text: RegExp) => (error: unknown) => error instanceof PodConfigError && text.test(error.message);

describe('volumes of a pod', () => {
  it('has a ConfigMap, text and binary, read-only', () => {
    const { path, readOnly } = make({ configMap: { name: 'c' } });
    assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'text');
    assert.deepEqual([...readFileSync(join(path, 'b'))], [0, 255]);
    assert.equal(statSync(join(path, 'a.txt')).mode & 0o777, 0o644);
    assert.equal(readOnly, true);
  });

  it('has chosen keys of a Secret, at chosen paths with chosen modes', () => {
    const items = [
      { key: 'key', path: 'deep/er/file', mode: 0o400 },
      { key: 'other', path: 'plain' },
    ];
    const { path } = make({ secret: { secretName: 's', items, defaultMode: 0o440 } });
    assert.deepEqual([...readFileSync(join(path, 'deep/er/file'))], [0, 255, 10]);
    assert.equal(statSync(join(path, 'deep/er/file')).mode & 0o777, 0o400);
    assert.equal(statSync(join(path, 'plain')).mode & 0o777, 0o440);
  });

  it('has members of the pod', () => {
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'script', mode: 0o755, fieldRef: { fieldPath: "metadata.annotations['note']" } },
    ];
    const { path } = make({ downwardAPI: { items } });
    assert.equal(readFileSync(join(path, 'labels'), 'utf8'), 'a="1"\nb="2"');
    assert.equal(readFileSync(join(path, 'script'), 'utf8'), 'hello');
    assert.equal(statSync(join(path, 'script')).mode & 0o777, 0o755);
  });

  it('joins sources in a projected volume', () => {
    const sources = [{ secret: { name: 's', items: [{ key: 'other', path: 'x' }] } }, { configMap: { name: 'c' } }];
    const { path } = make({ projected: { sources } });
    assert.equal(readFileSync(join(path, 'x'), 'utf8'), 'x');
    assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'text');
  });

  it('leaves out what is optional, and refuses what is missing', () => {
    assert.ok(existsSync(make({ secret: { secretName: 'none', optional: true } }).path));
    assert.throws(
      () => make({ secret: { secretName: 'none' } }),
      refused(/^secret "none" not found in namespace "n"$/),
    );
    assert.throws(() => make({ configMap: { name: 'none' } }), refused(/^configmap "none" not found/));
    const items = [{ key: 'none', path: 'x' }];
    assert.throws(() => make({ configMap: { name: 'c', items } }), refused(/non-existent key: none/));
  });

  it('refuses paths that lead out, tokens, unknown kinds and host paths', () => {
    for (const path of ['../x', '/x', 'a/../../x', '']) {
      assert.throws(() => make({ configMap: { name: 'c', items: [{ key: 'a.txt', path }] } }), PodConfigError, path);
    }
    assert.throws(
      () => make({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
      refused(/tokens are not available/),
    );
    assert.throws(() => make({ csi: { driver: 'x' } }), refused(/volumes of kind csi are not supported/));
    assert.throws(() => make({ hostPath: { path: '/etc' } }), refused(/not among the host paths/));
  });

  it('mounts host paths that were allowed, and nothing beside them', () => {
    const allowed = folder();
    mkdirSync(join(allowed, 'in'));
    assert.equal(make({ hostPath: { path: join(allowed, 'in') } }, { hostPaths: [allowed] }).path, join(allowed, 'in'));
    symlinkSync('/etc', join(allowed, 'link'));
    for (const path of [join(allowed, 'link'), `${allowed}-beside`, `${allowed}/../x`, join(allowed, 'missing')]) {
      assert.throws(() => make({ hostPath: { path } }, { hostPaths: [allowed] }), PodConfigError, path);
    }
  });

  it('waits for a claim that does not exist', () => {
    const volume = { persistentVolumeClaim: { claimName: 'c' } };
    assert.throws(
      () => make(volume),
      (error) => error instanceof PodConfigError && error.reason === 'Unschedulable',
    );
  });
});

describe('a sub-path', () => {
  it('is made when it is not there', () => {
    const volume = folder();
    assert.equal(resolveInside(volume, 'a/b'), join(volume, 'a/b'));
    assert.ok(statSync(join(volume, 'a/b')).isDirectory());
  });

  it('may name a file, but not lead through one', () => {
    const volume = folder();
    writeFileSync(join(volume, 'file'), '');
    assert.equal(resolveInside(volume, 'file'), join(volume, 'file'));
    assert.throws(() => resolveInside(volume, 'file/x'), refused(/"file" is not a directory/));
  });

  it('does not lead out, by dots or by links', () => {
    const volume = folder();
    const outside = folder();
    for (const path of ['..', 'a/../..', '/etc', ''])
      assert.throws(() => resolveInside(volume, path), PodConfigError, path);
    symlinkSync(outside, join(volume, 'absolute'));
    symlinkSync('../../../../etc', join(volume, 'relative'));
    mkdirSync(join(volume, 'sub'));
    symlinkSync('../sub', join(volume, 'sub/back'));
    assert.equal(resolveInside(volume, 'absolute/x'), join(volume, outside, 'x'));
    assert.equal(resolveInside(volume, 'relative/x'), join(volume, 'etc/x'));
    assert.equal(resolveInside(volume, 'sub/back/y'), join(volume, 'sub/y'));
    assert.equal(existsSync(join(outside, 'x')), false);
    symlinkSync('loop', join(volume, 'loop'));
    assert.throws(() => resolveInside(volume, 'loop'), refused(/too many symbolic links/));
  });
});

describe('the mounts of a container', () => {
  const volumes = (path: string) => new Map([['v', { path, readOnly: false, generated: false }]]);
  const mount = (more: object): Container => ({ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/m', ...more }] });

  it('expand variables in subPathExpr, strictly', () => {
    const path = folder();
    const [made] = containerMounts(mount({ subPathExpr: 'logs/$(NAME)' }), volumes(path), { NAME: 'x' }, []);
    assert.equal(made?.source, join(path, 'logs/x'));
    assert.throws(
      () => containerMounts(mount({ subPathExpr: '$(NONE)' }), volumes(path), {}, []),
      refused(/"NONE" is not set/),
    );
    assert.throws(
      () => containerMounts(mount({ subPathExpr: '$(UP)' }), volumes(path), { UP: '..' }, []),
      PodConfigError,
    );
  });

  it('come parents first, with their mount points made in the parent', () => {
    const path = folder();
    const container = {
      name: 'c',
      volumeMounts: [
        { name: 'v', mountPath: '/m/deep/er', subPath: 's' },
        { name: 'v', mountPath: '/m/' },
      ],
    };
    const file = join(folder(), 'message');
    writeFileSync(file, '');
    const mounts = containerMounts(container, volumes(path), {}, [
      { source: file, target: '/m/message', readOnly: false },
    ]);
    assert.deepEqual(
      mounts.map(({ target }) => target),
      ['/m', '/m/message', '/m/deep/er'],
    );
    assert.ok(statSync(join(path, 'deep/er')).isDirectory());
    assert.ok(statSync(join(path, 'message')).isFile());
  });

  it('refuse a mount point behind a link, and a path that is not absolute', () => {
    const path = folder();
    const outside = folder();
    symlinkSync(outside, join(path, 'link'));
    const container = {
      name: 'c',
      volumeMounts: [
        { name: 'v', mountPath: '/m/link/x', subPath: 's' },
        { name: 'v', mountPath: '/m' },
      ],
    };
    assert.throws(() => containerMounts(container, volumes(path), {}, []), refused(/leads through a symbolic link/));
    assert.throws(
      () => containerMounts(mount({ mountPath: 'relative' }), volumes(path), {}, []),
      refused(/must be absolute/),
    );
    assert.throws(
      () => containerMounts(mount({ name: 'other' }), volumes(path), {}, []),
      refused(/which the pod has not/),
    );
  });
});
