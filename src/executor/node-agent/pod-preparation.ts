/** What a pod needs before its containers can start: objects it refers to, claims, volumes. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../kube/core-types.ts';
import type { Container, Pod } from '../../kube/pod.ts';
import type { ContainerPlan, Mount } from '../runtime/container-runtime.ts';
import { containerMounts } from '../volumes/container-mounts.ts';
import { checkPodVolumes, makePodVolumes, type PodVolume } from '../volumes/pod-volumes.ts';
import { containerEnvironment } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import type { NodeFacts } from './pod-fields.ts';
import { readReferenced, type ReferencedObjects } from './referenced-objects.ts';
import { terminationMessagePathDefault } from './termination-message.ts';

/** Settings of volumes that only trusted code may give. */
export interface VolumeSettings {
  /** The host directory of a claim. */
  readonly claimDirectory: (claim: PersistentVolumeClaim) => string;
  /** Host paths that pods may mount. */
  readonly hostPaths: readonly string[];
}

/** A pod that may start. */
export interface PreparedPod {
  readonly pod: Pod;
  readonly objects: ReferencedObjects;
  readonly volumes: ReadonlyMap<string, PodVolume>;
  readonly facts: NodeFacts;
  /** '' when the runtime uses no directories. */
  readonly root: string;
}

/** Reads what `pod` refers to and makes its volumes below `root` ('' = check only). Throws `PodConfigError`. */
export async function preparePod(
  client: ApiClient,
  pod: Pod,
  options: { readonly root: string; readonly facts: NodeFacts; readonly volumes: VolumeSettings },
): Promise<PreparedPod> {
  const [objects, claims] = await Promise.all([readReferenced(client, pod), readClaims(client, pod)]);
  const input = { pod, objects, claims, facts: options.facts, ...options.volumes };
  if (options.root === '') {
    checkPodVolumes(input);
    return { pod, objects, volumes: new Map(), facts: options.facts, root: '' };
  }
  const volumes = makePodVolumes(join(options.root, 'volumes'), input);
  return { pod, objects, volumes, facts: options.facts, root: options.root };
}

async function readClaims(
  client: ApiClient,
  pod: Pod,
): Promise<ReadonlyMap<string, PersistentVolumeClaim | undefined>> {
  const names = (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
  const namespace = pod.metadata.namespace ?? '';
  const read = async (name: string): Promise<readonly [string, PersistentVolumeClaim | undefined]> => {
    try {
      return [name, await client.get(persistentVolumeClaims, { namespace, name })];
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return [name, undefined];
      throw thrown;
    }
  };
  return new Map(await Promise.all(names.map(read)));
}

/** The private directory of a container. */
function containerDirectory(root: string, container: string): string {
  return join(root, 'containers', container);
}

/** The file on the host that a container's termination message goes to. */
export function terminationFile(root: string, container: string): string {
  return join(containerDirectory(root, container), 'termination-message');
}

/** What the runtime needs to start `container`, but for its log. Makes its directory and mount points. Throws `PodConfigError`. */
export function planContainer(prepared: PreparedPod, container: Container): Omit<ContainerPlan, 'output'> {
  const { pod, objects, facts, root } = prepared;
  const environment = containerEnvironment({ pod, container, objects, facts });
  const expand = (text: string): string => expandVariables(text, (name) => environment[name]);
  const { name = '', namespace = '', uid = '', annotations = {} } = pod.metadata;
  const { runAsUser = pod.spec.securityContext?.runAsUser } = container.securityContext ?? {};
  return {
    podUid: uid,
    namespace,
    podName: name,
    container: container.name,
    image: container.image ?? '',
    command: (container.command ?? []).map(expand),
    args: (container.args ?? []).map(expand),
    environment,
    ...(container.workingDir ? { workingDirectory: container.workingDir } : {}),
    mounts: root === '' ? [] : makeMounts(prepared, container, environment),
    directory: root === '' ? '' : containerDirectory(root, container.name),
    annotations,
    ...(runAsUser === undefined ? {} : { runAsUser }),
  };
}

function makeMounts(
  prepared: PreparedPod,
  container: Container,
  environment: Readonly<Record<string, string>>,
): readonly Mount[] {
  mkdirSync(containerDirectory(prepared.root, container.name), { recursive: true, mode: 0o700 });
  const source = terminationFile(prepared.root, container.name);
  // Emptied, so that a restarted container does not inherit the message of the one before.
  closeSync(openSync(source, 'w', 0o666));
  const target = container.terminationMessagePath || terminationMessagePathDefault;
  return containerMounts(container, prepared.volumes, environment, [{ source, target, readOnly: false }]);
}
