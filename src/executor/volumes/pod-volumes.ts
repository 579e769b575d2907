import { chmodSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PersistentVolumeClaim } from '../../kube/core-types.ts';
import type { Volume } from '../../kube/pod.ts';
import { PodConfigError } from '../node-agent/config-error.ts';
import { volumeFiles, type VolumeFile, type VolumeInput } from './volume-files.ts';

/** A volume of a pod as a directory (or, for a hostPath, a file) of the host. */
export interface PodVolume {
  readonly path: string;
  /** Volumes made from API objects are always read-only, as in Kubernetes. */
  readonly readOnly: boolean;
  /** Made from the pod's own text. */
  readonly generated: boolean;
}

/** What a pod's volumes are made of. */
export interface PodVolumesInput extends VolumeInput {
  /** The claims the pod names; `undefined` = does not exist. */
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim | undefined>;
  /** The host directory of an existing claim. */
  readonly claimDirectory: (claim: PersistentVolumeClaim) => string;
  /** Host paths that pods may mount, with everything below them. */
  readonly hostPaths: readonly string[];
}

/** Makes the volumes of a pod below `directory`. Throws {@link PodConfigError} when one cannot be. */
export function makePodVolumes(directory: string, input: PodVolumesInput): ReadonlyMap<string, PodVolume> {
  const made = new Map<string, PodVolume>();
  for (const volume of input.pod.spec.volumes ?? []) {
    made.set(volume.name, makeVolume(join(directory, volume.name), volume, input));
  }
  return made;
}

/** Checks the volumes of a pod as {@link makePodVolumes} does, without a disk: for runtimes that use no directories. */
export function checkPodVolumes(input: PodVolumesInput): void {
  for (const volume of input.pod.spec.volumes ?? []) {
    volumeFiles(volume, input);
    if (volume.persistentVolumeClaim) claimOf(volume.persistentVolumeClaim.claimName, input);
  }
}

function makeVolume(path: string, volume: Volume, input: PodVolumesInput): PodVolume {
  const files = volumeFiles(volume, input);
  if (files !== undefined) {
    writeFiles(path, files);
    const generated = volume.downwardAPI !== undefined || volume.configMap !== undefined;
    return { path, readOnly: true, generated };
  }
  if (volume.emptyDir) {
    mkdirSync(path, { recursive: true });
    // Past the umask: steps may run as other users.
    chmodSync(path, 0o777);
    return { path, readOnly: false, generated: false };
  }
  if (volume.persistentVolumeClaim) {
    const { claimName, readOnly = false } = volume.persistentVolumeClaim;
    const claimPath = input.claimDirectory(claimOf(claimName, input));
    mkdirSync(claimPath, { recursive: true });
    return { path: claimPath, readOnly, generated: false };
  }
  if (volume.hostPath) return { path: hostPath(volume, input.hostPaths), readOnly: false, generated: false };
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
  throw new PodConfigError(`volume "${volume.name}": volumes of kind ${kind} are not supported outside a cluster`);
}

function claimOf(name: string, input: PodVolumesInput): PersistentVolumeClaim {
  const claim = input.claims.get(name);
  if (claim === undefined) throw new PodConfigError(`persistentvolumeclaim "${name}" not found`, 'Unschedulable');
  return claim;
}

function hostPath(volume: Volume, allowed: readonly string[]): string {
  const { path = '', type = '' } = volume.hostPath ?? {};
  const problem = `volume "${volume.name}": hostPath "${path}" is not among the host paths pods may mount here`;
  if (path.split('/').includes('..') || !allowed.some((root) => isInside(path, root)))
    throw new PodConfigError(problem);
  if (type === 'DirectoryOrCreate') mkdirSync(path, { recursive: true });
  if (!existsSync(path)) throw new PodConfigError(`volume "${volume.name}": hostPath "${path}" does not exist`);
  // A link below an allowed path must not lead out of it.
  const real = realpathSync(path);
  if (!allowed.some((root) => isInside(real, realpathSync(root)))) throw new PodConfigError(problem);
  return real;
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}

function writeFiles(directory: string, files: readonly VolumeFile[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  for (const file of files) {
    const path = join(directory, file.path);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, file.bytes, { mode: 0o600 });
    chmodSync(path, file.mode & 0o777);
  }
}
