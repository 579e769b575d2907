import type { Volume } from '../../kube/pod.ts';
import type { WorkspaceBinding } from '../types.ts';
import { type Causes, duplicates, failing, invalid, required } from './causes.ts';
import { checkCount, volumesMax, workspacesMax } from './limits.ts';
import { checkLabelName } from './names.ts';

/** Checks the volumes of a task: unique names, one source each. */
export function* checkVolumes(volumes: readonly Volume[] | undefined, field: string): Causes {
  if (volumes === undefined) return;
  yield* checkCount(volumes, volumesMax, field);
  yield* duplicates(volumes, field, 'name', ({ name }) => name);
  for (const [index, volume] of volumes.entries()) {
    const where = `${field}[${index}]`;
    if (!volume.name.includes('$(')) yield* checkLabelName(volume.name, `${where}.name`, 'a volume');
    if (volume.name.startsWith('tekton-internal-'))
      yield invalid(`${where}.name`, `"${volume.name}" cannot start with "tekton-internal-"`);
    const sources = Object.keys(volume).filter((member) => member !== 'name' && volume[member] !== undefined);
    // Kubernetes makes a volume without a source an emptyDir.
    if (sources.length > 1)
      yield invalid(where, `volume "${volume.name}" can have one source only, not ${sources.join(' and ')}`);
  }
}

const workspaceSources = [
  'volumeClaimTemplate',
  'persistentVolumeClaim',
  'emptyDir',
  'configMap',
  'secret',
  'projected',
  'csi',
] as const;

/** What a source of this kind must say. */
const sourceNames: Readonly<Record<string, string>> = {
  persistentVolumeClaim: 'claimName',
  configMap: 'name',
  secret: 'secretName',
  csi: 'driver',
};

/** Checks the workspaces that a run binds: unique names, exactly one source each, sub-paths that stay inside. */
export function* checkBindings(bindings: readonly WorkspaceBinding[] | undefined, field: string): Causes {
  if (bindings === undefined) return;
  yield* checkCount(bindings, workspacesMax, field);
  yield* duplicates(bindings, field, 'name', ({ name }) => name);
  for (const [index, binding] of bindings.entries()) {
    const where = `${field}[${index}]`;
    if (binding.name === '') yield required(`${where}.name`, 'a binding needs the name of its workspace');
    yield* checkSource(binding, where);
    yield* checkSubPath(binding.subPath, `${where}.subPath`);
  }
}

function* checkSource(binding: WorkspaceBinding, field: string): Causes {
  const sources = workspaceSources.filter((source) => binding[source] !== undefined);
  const [source] = sources;
  if (source === undefined || sources.length > 1) {
    const problem = source === undefined ? 'none is given' : `${sources.join(' and ')} are given`;
    yield invalid(field, `expected exactly one of ${workspaceSources.join(', ')}, but ${problem}`);
    return;
  }
  const member = sourceNames[source];
  const value = binding[source] as Readonly<Record<string, unknown>>;
  if (member !== undefined && !value[member])
    yield required(`${field}.${source}.${member}`, `a ${source} needs its ${member}`);
}

/** A sub-path leads from the root of the volume to something in it: relative, without `..`. */
export function* checkSubPath(subPath: string | undefined, field: string): Causes {
  if (!subPath) return;
  if (!subPath.startsWith('/') && !subPath.split(/[/\\]/).includes('..') && !subPath.includes('\0')) return;
  const cause = invalid(field, `${JSON.stringify(subPath)} must stay inside the volume: a relative path without ".."`);
  yield failing('InvalidWorkspaceBindings', cause);
}
