/** Which Secrets what a run says may contain, and taking their values out. */
import { runKeys } from '../forge/kinds/run-keys.ts';
import type { CompleteRepository } from '../forge/access/with-defaults.ts';
import type { SecretKeyReference } from '../forge/kinds/repository.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import type { Container, Pod, Volume } from '../kube/pod.ts';
import { referencedNames } from '../kube/pod-references.ts';
import type { PipelineRun, TaskRun, TaskSpec, WorkspaceBinding } from '../tekton/types.ts';

/** The values of all keys of a Secret, as text; none where there is no such Secret. Rejects when that cannot be found out. */
export type SecretValues = (namespace: string, name: string) => Promise<readonly string[]>;

/** The Secrets that `run` uses: in env, envFrom, volumes and workspaces, for its params and to clone. */
export function secretsOfRun(
  run: PipelineRun,
  taskRuns: readonly TaskRun[],
  repository: CompleteRepository | undefined,
): readonly ObjectKey[] {
  const namespace = run.metadata.namespace ?? '';
  const template = run.spec.taskRunTemplate?.podTemplate;
  const found = [
    ...secretsOfSpec({ volumes: [...(template?.volumes ?? []), ...volumesOf(run.spec.workspaces)] }),
    ...secretsOfSpec({ steps: [{ env: template?.env ?? [] }] }),
    ...taskRuns.flatMap(({ spec, status }) => [
      ...secretsOfSpec(status?.taskSpec ?? spec.taskSpec ?? {}),
      ...secretsOfSpec({ volumes: [...(spec.podTemplate?.volumes ?? []), ...volumesOf(spec.workspaces)] }),
    ]),
    run.metadata.annotations?.[runKeys.gitAuthSecret],
  ];
  const own = [...new Set(found)].flatMap((name) => (name === undefined || name === '' ? [] : [{ namespace, name }]));
  const others = secretsOfRepository(repository).filter(
    (other) => other.namespace !== namespace || !own.some(({ name }) => name === other.name),
  );
  return [...own, ...others];
}

/** The Secrets that a Repository refers to: its token, and params that templates put into runs; its own and those it takes over. */
export function secretsOfRepository(repository: CompleteRepository | undefined): readonly ObjectKey[] {
  if (repository === undefined) return [];
  const { spec, secretNamespaces } = repository;
  const { git_provider: provider, params = [], incoming = [] } = spec;
  const references: readonly (readonly [string, SecretKeyReference | undefined])[] = [
    [secretNamespaces.token, provider?.secret],
    [secretNamespaces.webhook, provider?.webhook_secret],
    ...params.map(({ secret_ref: reference }) => [secretNamespaces.params, reference] as const),
    ...incoming.map(({ secret }) => [secretNamespaces.incoming, secret] as const),
  ];
  const keys = references.flatMap(([namespace, reference]) =>
    reference === undefined ? [] : [{ namespace, name: reference.name }],
  );
  return [...new Map(keys.map((key) => [keyText(key), key])).values()];
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
