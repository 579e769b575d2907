/** Which files a ConfigMap, Secret, downward-API or projected volume has. Pure. */
import type { DownwardFile, KeyToPath, Pod, ProjectedSource, Volume } from '../../kube/pod.ts';
import { PodConfigError } from '../node-agent/config-error.ts';
import { podField, type NodeFacts } from '../node-agent/pod-fields.ts';
import type { ReferencedObjects } from '../node-agent/referenced-objects.ts';
import { resourceField, type ResourceFieldReference } from '../node-agent/resource-fields.ts';
import { relativePathProblem } from './relative-path.ts';

/** One file of a volume. */
export interface VolumeFile {
  /** Relative, without `..`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** What a volume's files are made from. */
export interface VolumeInput {
  readonly pod: Pod;
  readonly objects: ReferencedObjects;
  readonly facts: NodeFacts;
}

/** Permission bits of files that do not say, as in Kubernetes. */
const defaultModeDefault = 0o644;

/** The files of a volume whose content comes from the API; `undefined` for volumes that are directories. */
export function volumeFiles(volume: Volume, input: VolumeInput): readonly VolumeFile[] | undefined {
  const files = filesOf(volume, input);
  for (const file of files ?? []) {
    const problem = relativePathProblem(file.path);
    if (problem !== undefined) throw new PodConfigError(`volume "${volume.name}": path "${file.path}" ${problem}`);
  }
  return files;
}

function filesOf(volume: Volume, input: VolumeInput): readonly VolumeFile[] | undefined {
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode } = volume.configMap;
    return configMapFiles({ name, items, optional }, defaultMode ?? defaultModeDefault, input);
  }
  if (volume.secret) {
    const { secretName = '', items, optional, defaultMode } = volume.secret;
    return secretFiles({ name: secretName, items, optional }, defaultMode ?? defaultModeDefault, input);
  }
  if (volume.downwardAPI) {
    const { items = [], defaultMode } = volume.downwardAPI;
    return downwardFiles(items, defaultMode ?? defaultModeDefault, input);
  }
  if (volume.projected) {
    const { sources = [], defaultMode } = volume.projected;
    return sources.flatMap((source) => projectedFiles(source, defaultMode ?? defaultModeDefault, input));
  }
  return undefined;
}

interface KeyedSource {
  readonly name: string;
  readonly items?: readonly KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

function projectedFiles(source: ProjectedSource, mode: number, input: VolumeInput): readonly VolumeFile[] {
  if (source.configMap) return configMapFiles(source.configMap, mode, input);
  if (source.secret) return secretFiles(source.secret, mode, input);
  if (source.downwardAPI) return downwardFiles(source.downwardAPI.items ?? [], mode, input);
  if (source.serviceAccountToken) {
    throw new PodConfigError(
      'service account tokens are not available outside a cluster (projected.sources[].serviceAccountToken)',
    );
  }
  throw new PodConfigError(`projected source "${Object.keys(source).join(', ')}" is not supported here`);
}

function configMapFiles(source: KeyedSource, mode: number, { objects, pod }: VolumeInput): readonly VolumeFile[] {
  const map = objects.configMaps.get(source.name);
  if (map === undefined && !source.optional) throw missing('configmap', source.name, pod);
  const text = Object.entries(map?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const binary = Object.entries(map?.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return keyedFiles('configmap', source, new Map([...text, ...binary]), mode);
}

function secretFiles(source: KeyedSource, mode: number, { objects, pod }: VolumeInput): readonly VolumeFile[] {
  const secret = objects.secrets.get(source.name);
  if (secret === undefined && !source.optional) throw missing('secret', source.name, pod);
  const values = Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return keyedFiles('secret', source, new Map(values), mode);
}

function keyedFiles(
  kind: string,
  source: KeyedSource,
  values: ReadonlyMap<string, Uint8Array>,
  mode: number,
): readonly VolumeFile[] {
  if (source.items === undefined || source.items.length === 0) {
    return [...values].map(([path, bytes]) => ({ path, bytes, mode }));
  }
  const files: VolumeFile[] = [];
  for (const item of source.items) {
    const bytes = values.get(item.key);
    if (bytes !== undefined) files.push({ path: item.path, bytes, mode: item.mode ?? mode });
    else if (!source.optional)
      throw new PodConfigError(`${kind} "${source.name}" references non-existent key: ${item.key}`);
  }
  return files;
}

function downwardFiles(
  items: readonly DownwardFile[],
  mode: number,
  { pod, facts }: VolumeInput,
): readonly VolumeFile[] {
  return items.map((item) => {
    const { resourceFieldRef } = item as { readonly resourceFieldRef?: ResourceFieldReference };
    const [self] = pod.spec.containers;
    const text = item.fieldRef
      ? podField(pod, item.fieldRef.fieldPath, facts)
      : resourceFieldRef && self
        ? resourceField(pod, self, resourceFieldRef, facts)
        : '';
    return { path: item.path, bytes: Buffer.from(text), mode: item.mode ?? mode };
  });
}

function missing(kind: string, name: string, pod: Pod): PodConfigError {
  return new PodConfigError(`${kind} "${name}" not found in namespace "${pod.metadata.namespace ?? ''}"`);
}
