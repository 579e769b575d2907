import { closeSync, constants, openSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Container } from '../../kube/pod.ts';
import { PodConfigError } from '../node-agent/config-error.ts';
import { expandVariables } from '../node-agent/expand-variables.ts';
import type { Mount } from '../runtime/container-runtime.ts';
import type { PodVolume } from './pod-volumes.ts';
import { resolveInside } from './resolve-inside.ts';

/**
 * The mounts of a container, parents first: its volume mounts (sub-paths made and kept inside their volume) and `extra`.
 * Mount points that lie in another mount are made there, since a read-only parent could not get them later.
 */
export function containerMounts(
  container: Container,
  volumes: ReadonlyMap<string, PodVolume>,
  environment: Readonly<Record<string, string>>,
  extra: readonly Mount[],
): readonly Mount[] {
  const own = (container.volumeMounts ?? []).map((mount): Mount => {
    const volume = volumes.get(mount.name);
    if (volume === undefined)
      throw new PodConfigError(`volumeMount names volume "${mount.name}", which the pod has not`);
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expandStrictly(mount.subPathExpr, environment);
    const source = subPath === undefined || subPath === '' ? volume.path : resolveInside(volume.path, subPath);
    const readOnly = volume.readOnly || mount.readOnly === true;
    return { source, target: normalTarget(mount.mountPath), readOnly, generated: volume.generated };
  });
  const mounts = [...own, ...extra].sort((a, b) => depth(a.target) - depth(b.target));
  for (const mount of mounts) makeMountPoint(mount, mounts);
  return mounts;
}

function expandStrictly(text: string, environment: Readonly<Record<string, string>>): string {
  return expandVariables(text, (name) => {
    const value = environment[name];
    if (value === undefined) throw new PodConfigError(`subPathExpr "${text}": variable "${name}" is not set`);
    return value;
  });
}

function normalTarget(path: string): string {
  const target = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (!target.startsWith('/') || target === '/')
    throw new PodConfigError(`mountPath "${path}" must be absolute and not /`);
  return target;
}

function depth(path: string): number {
  return path.split('/').length;
}

function makeMountPoint(mount: Mount, mounts: readonly Mount[]): void {
  const parent = mounts
    .filter((other) => other !== mount && mount.target.startsWith(`${other.target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  if (parent === undefined) return;
  const relative = mount.target.slice(parent.target.length + 1);
  const isDirectory = statSync(mount.source).isDirectory();
  const folder = isDirectory ? relative : dirname(relative);
  // A link on the way would have the mount point made, and the mount appear, somewhere else.
  if (folder !== '.' && resolveInside(parent.source, folder) !== join(parent.source, folder)) {
    throw new PodConfigError(`mountPath "${mount.target}" leads through a symbolic link in ${parent.target}`);
  }
  if (!isDirectory) closeSync(openSync(join(parent.source, relative), constants.O_CREAT | constants.O_NOFOLLOW));
}
