import { UserError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { type ResourceType, apiVersionOf } from '../../kube/resource.ts';
import { namespaces, persistentVolumeClaims } from '../../kube/core-types.ts';
import {
  type Pipeline,
  type PipelineRun,
  type PipelineSpec,
  type Task,
  type TaskRun,
  type TaskSpec,
  pipelineRuns,
  taskRuns,
} from '../../tekton/types.ts';
import type { Manifest } from '../manifest/check-manifests.ts';
import { overrideParams } from './override-params.ts';

/** Namespace of objects that name none. */
export const defaultNamespace = 'default';

/** What the person asked for besides the files. */
export interface RunRequest {
  /** Only the run of this name (or Pipeline or Task, when no run is written). */
  readonly name?: string;
  /** `NAME=VALUE` each. */
  readonly params: readonly string[];
  /** Directory behind each workspace, absolute. */
  readonly workspaces: ReadonlyMap<string, string>;
  /** Go duration text. */
  readonly timeout?: string;
}

/** An object to create. */
export interface PlannedObject {
  readonly type: ResourceType;
  readonly object: UnknownObject;
  /** Where it was written; absent for what the plan adds. */
  readonly manifest?: Manifest;
  /** The field that asks for it, when the manifest is not its own. */
  readonly field?: string;
}

/** What a command creates: first the objects that runs refer to, then the runs. */
export interface RunPlan {
  readonly supporting: readonly PlannedObject[];
  readonly runs: readonly PlannedObject[];
  readonly claimDirectories: ReadonlyMap<string, string>;
  /** What is done otherwise than written, in words. */
  readonly notices: readonly string[];
}

type Run = PipelineRun | TaskRun;

/** Decides what to create for a request. Throws a {@link UserError} when the request does not fit the manifests. */
export function planRun(manifests: readonly Manifest[], request: RunRequest): RunPlan {
  const isRun = (manifest: Manifest): boolean => [pipelineRuns.kind, taskRuns.kind].includes(manifest.object.kind);
  const supporting = manifests.filter((manifest) => !isRun(manifest)).map((manifest) => planned(manifest));
  const written = manifests.filter(isRun).map((manifest) => planned(manifest));
  const chosen = written.length > 0 ? chooseRuns(written, request.name) : [runOfDefinition(manifests, request.name)];
  const held = chosen.filter(isPending);
  const runs = chosen.map((run) => withRequest(run, request, manifests));
  refuseUnknownWorkspaces(chosen, request, manifests);
  const claims = claimsFor(runs, request.workspaces);
  const extra = [...claims.objects, ...missingNamespaces([...supporting, ...runs])];
  const notices = held.map((run) => `${run.object.kind} ${nameOf(run)} is written as pending; it is run all the same`);
  return { supporting: [...extra, ...supporting], runs, claimDirectories: claims.directories, notices };
}

/** Held back until somebody lets it go: here, that is who typed the command. */
function isPending({ object }: PlannedObject): boolean {
  return ['PipelineRunPending', 'TaskRunPending'].includes((object as unknown as Run).spec?.status ?? '');
}

function planned(manifest: Manifest): PlannedObject {
  const { type } = manifest.definition;
  const object = type.namespaced ? withNamespace(manifest.object) : manifest.object;
  return { type, object, manifest };
}

function withNamespace(object: UnknownObject): UnknownObject {
  if (object.metadata.namespace) return object;
  return { ...object, metadata: { ...object.metadata, namespace: defaultNamespace } };
}

function chooseRuns(written: readonly PlannedObject[], name: string | undefined): readonly PlannedObject[] {
  if (name === undefined) return written;
  const chosen = written.filter((run) => nameOf(run) === name);
  if (chosen.length > 0) return chosen;
  throw new UserError(`no run is named ${name}; there is ${written.map(nameOf).join(', ')}`, {
    code: 'RUN_UNKNOWN',
    remedy: 'give one of these names with --name',
  });
}

function nameOf({ object: { metadata } }: PlannedObject): string {
  return metadata.name ?? (metadata.generateName ?? '').replace(/-$/, '');
}

/** A run of the only Pipeline written; where there is none, of the only Task. */
function runOfDefinition(manifests: readonly Manifest[], name: string | undefined): PlannedObject {
  const named = manifests.filter(({ object }) => name === undefined || object.metadata.name === name);
  const ofKind = (kind: string): readonly Manifest[] => named.filter(({ object }) => object.kind === kind);
  const candidates = ofKind('Pipeline').length > 0 ? ofKind('Pipeline') : ofKind('Task');
  const [only] = candidates;
  if (only && candidates.length === 1) return adHocRun(only);
  const all = candidates.map(({ object }) => object.metadata.name).join(', ');
  throw new UserError(
    only
      ? `there are several to run: ${all}`
      : `there is no PipelineRun, TaskRun, Pipeline or Task${name ? ` named ${name}` : ''}`,
    {
      code: only ? 'RUN_AMBIGUOUS' : 'NOTHING_TO_RUN',
      remedy: only ? 'choose one with --name' : 'write a PipelineRun',
    },
  );
}

function adHocRun(definition: Manifest): PlannedObject {
  const { kind, metadata } = definition.object;
  const { name = '', namespace = defaultNamespace } = metadata;
  const type: ResourceType = kind === 'Pipeline' ? pipelineRuns : taskRuns;
  const reference = kind === 'Pipeline' ? { pipelineRef: { name } } : { taskRef: { name, kind } };
  const object: UnknownObject = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { namespace, generateName: `${name}-` },
    spec: reference,
  };
  return { type, object, manifest: definition };
}

function withRequest(run: PlannedObject, request: RunRequest, manifests: readonly Manifest[]): PlannedObject {
  const object = run.object as unknown as Run;
  const declared = specOf(object, manifests)?.params ?? [];
  const params = overrideParams(object.spec?.params ?? [], declared, request.params);
  const bindings = (object.spec?.workspaces ?? []).filter((binding) => !request.workspaces.has(binding.name));
  const local = [...request.workspaces.keys()].map((name, index) => ({
    name,
    persistentVolumeClaim: { claimName: claimNameOf(index) },
  }));
  const workspaces = [...bindings, ...local];
  const { status, ...written } = object.spec ?? {};
  const spec = {
    ...written,
    ...(status === undefined || isPending(run) ? {} : { status }),
    ...(params.length > 0 ? { params } : {}),
    ...(workspaces.length > 0 ? { workspaces } : {}),
    ...timeoutMembers(object, request.timeout),
  };
  const changed: UnknownObject = { ...object, spec };
  return { ...run, object: changed };
}

function timeoutMembers(run: Run, timeout: string | undefined): JsonObject {
  if (timeout === undefined) return {};
  // The other limits of a run may not exceed the whole: with a new whole they are left to follow from it.
  return run.kind === 'PipelineRun' ? { timeouts: { pipeline: timeout } } : { timeout };
}

/** The specification that a run runs, as far as it is written in the files. */
function specOf(run: Run, manifests: readonly Manifest[]): PipelineSpec | TaskSpec | undefined {
  const spec = run.spec as Partial<PipelineRun['spec'] & TaskRun['spec']> | undefined;
  const embedded = spec?.pipelineSpec ?? spec?.taskSpec;
  if (embedded) return embedded;
  const name = (spec?.pipelineRef ?? spec?.taskRef)?.name;
  const kind = run.kind === 'PipelineRun' ? 'Pipeline' : 'Task';
  const found = manifests.find(({ object }) => object.kind === kind && object.metadata.name === name);
  return (found?.object as Pipeline | Task | undefined)?.spec;
}

/** A folder that nothing would ever look into was meant for a workspace of another name. */
function refuseUnknownWorkspaces(
  runs: readonly PlannedObject[],
  { workspaces }: RunRequest,
  manifests: readonly Manifest[],
): void {
  const specs = runs.map(
    ({ object }) => [object as unknown as Run, specOf(object as unknown as Run, manifests)] as const,
  );
  // A definition that is not written here is not known, and refused by itself.
  if (specs.some(([, spec]) => spec === undefined)) return;
  const known = specs.flatMap(([run, spec]) => [...(run.spec?.workspaces ?? []), ...(spec?.workspaces ?? [])]);
  const names = [...new Set(known.map(({ name }) => name))];
  // Embedded tasks may use a workspace that nobody declares: it is enough to mention it.
  const text = JSON.stringify(specs);
  for (const name of workspaces.keys()) {
    if (names.includes(name) || text.includes(`workspaces.${name}.`)) continue;
    throw new UserError(`the run has no workspace ${name}`, {
      code: 'WORKSPACE_UNKNOWN',
      remedy: names.length > 0 ? `its workspaces are ${names.join(', ')}` : 'it declares no workspaces',
    });
  }
}

/** The claim of the nth workspace of a command: the workspace's own name may be none that an object can bear. */
function claimNameOf(index: number): string {
  return `penstock-workspace-${index + 1}`;
}

function claimsFor(
  runs: readonly PlannedObject[],
  workspaces: ReadonlyMap<string, string>,
): { objects: readonly PlannedObject[]; directories: ReadonlyMap<string, string> } {
  const objects: PlannedObject[] = [];
  const directories = new Map<string, string>();
  for (const namespace of new Set(runs.map((run) => run.object.metadata.namespace ?? defaultNamespace))) {
    for (const [index, directory] of [...workspaces.values()].entries()) {
      const name = claimNameOf(index);
      directories.set(`${namespace}/${name}`, directory);
      objects.push({ type: persistentVolumeClaims, object: claimObject(namespace, name) });
    }
  }
  return { objects, directories };
}

function claimObject(namespace: string, name: string): UnknownObject {
  return {
    apiVersion: 'v1',
    kind: persistentVolumeClaims.kind,
    metadata: { namespace, name },
    // A directory of this machine has no size of its own, yet a claim must ask for one.
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
  };
}

function missingNamespaces(objects: readonly PlannedObject[]): readonly PlannedObject[] {
  const written = objects.filter(({ type }) => type.resource === namespaces.resource).map(nameOf);
  const present = new Set([defaultNamespace, 'kube-system', ...written]);
  const missing = new Map<string, PlannedObject>();
  for (const { object, manifest } of objects) {
    const name = object.metadata.namespace ?? defaultNamespace;
    if (present.has(name) || missing.has(name)) continue;
    const asked = manifest ? { manifest, field: 'metadata.namespace' } : {};
    missing.set(name, { type: namespaces, object: namespaceObject(name), ...asked });
  }
  return [...missing.values()];
}

function namespaceObject(name: string): UnknownObject {
  return { apiVersion: 'v1', kind: namespaces.kind, metadata: { name } };
}
