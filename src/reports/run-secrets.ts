/** Which Secrets what a run says may contain, and taking their values out. */
import { runKeys } from '../forge/kinds/run-keys.ts';
import type { Repository, SecretKeyReference } from '../forge/kinds/repository.ts';
import type { Container, Pod, Volume } from '../kube/pod.ts';
import { referencedNames } from '../kube/pod-references.ts';
import { SecretMask } from '../telemetry/secret-mask.ts';
import type { PipelineRun, TaskRun, TaskSpec, WorkspaceBinding } from '../tekton/types.ts';

/** The values of all keys of a Secret, as text; none where there is no such Secret. Rejects when that cannot be found out. */
export type SecretValues = (namespace: string, name: string) => Promise<readonly string[]>;

/** Names of the Secrets that `run` uses: in env, envFrom, volumes and workspaces, for its params and to clone. */
export function secretsOfRun(
  run: PipelineRun,
  taskRuns: readonly TaskRun[],
  repository: Repository | undefined,
): readonly string[] {
  const template = run.spec.taskRunTemplate?.podTemplate;
  const found = [
    ...secretsOfSpec({ volumes: [...(template?.volumes ?? []), ...volumesOf(run.spec.workspaces)] }),
    ...secretsOfSpec({ steps: [{ env: template?.env ?? [] }] }),
    ...taskRuns.flatMap(({ spec, status }) => [
      ...secretsOfSpec(status?.taskSpec ?? spec.taskSpec ?? {}),
      ...secretsOfSpec({ volumes: [...(spec.podTemplate?.volumes ?? []), ...volumesOf(spec.workspaces)] }),
    ]),
    run.metadata.annotations?.[runKeys.gitAuthSecret],
    ...secretsOfRepository(repository),
  ];
  return [...new Set(found.flatMap((name) => (name === undefined || name === '' ? [] : [name])))];
}

/** Names of the Secrets that a Repository refers to: its token, and params that templates put into runs. */
export function secretsOfRepository(repository: Repository | undefined): readonly string[] {
  const { git_provider: provider, params = [], incoming = [] } = repository?.spec ?? {};
  const references: readonly (SecretKeyReference | undefined)[] = [
    provider?.secret,
    provider?.webhook_secret,
    ...params.map(({ secret_ref: reference }) => reference),
    ...incoming.map(({ secret }) => secret),
  ];
  return references.flatMap((reference) => (reference === undefined ? [] : [reference.name]));
}

function secretsOfSpec({ steps = [], stepTemplate, sidecars = [], volumes = [] }: TaskSpec): readonly string[] {
  const parts = [...steps, ...(stepTemplate === undefined ? [] : [stepTemplate]), ...sidecars];
  const containers = parts.map(({ env = [], envFrom = [] }): Container => ({ name: '', image: '', env, envFrom }));
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers, volumes } };
  return [...referencedNames(pod).secrets];
}

function volumesOf(workspaces: readonly WorkspaceBinding[] = []): readonly Volume[] {
  return workspaces.map(({ name, secret, projected }) => ({
    name,
    ...(secret === undefined ? {} : { secret }),
    ...(projected === undefined ? {} : { projected }),
  }));
}

/** A function that takes `values` out of texts. */
export function maskOf(values: readonly string[]): (text: string) => string {
  return (text) => {
    const mask = new SecretMask(values);
    const parts = [mask.push(Buffer.from(text)), mask.flush()];
    return Buffer.concat(parts).toString('utf8');
  };
}
