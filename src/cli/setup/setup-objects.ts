/** The objects that `penstock setup` makes of what it was told. Pure. */
import {
  type GitProvider,
  type Repository,
  type SecretKeyReference,
  repositories,
} from '../../forge/kinds/repository.ts';
import { ownerAndName } from '../../forge/repository-url.ts';
import { namespaces, secrets } from '../../kube/core-types.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';

/** A key of a Secret. */
export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** What a Repository and its Secrets are to say. */
export interface SetupPlan {
  readonly key: ObjectKey & { readonly namespace: string };
  readonly url: string;
  /** Without its secrets; absent = nothing but secrets is to be said of the host. */
  readonly provider?: Pick<GitProvider, 'type' | 'url' | 'user'>;
  readonly token?: SecretKey & { readonly value: string };
  /** Absent = webhooks are verified by the App's secret. */
  readonly webhook?: SecretKey & { readonly value: string };
}

/** An object with its kind, ready to be applied. */
export interface WantedObject {
  readonly type: ResourceType<KubeObject>;
  readonly object: KubeObject;
}

export const tokenKeyDefault = 'provider.token';
export const webhookKeyDefault = 'webhook.secret';
const nameCharactersMax = 50;

/** A name for the Repository at an address: that of the repository, as Kubernetes takes it. */
export function nameFor(url: string): string {
  // As people write it: a space stands in an address as %20.
  const written = decoded(ownerAndName(url)?.name ?? '');
  const name = written.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return name.slice(0, nameCharactersMax).replaceAll(/^-+|-+$/g, '') || 'repository';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a percent sign that stands for itself
  }
}

/** Where a Repository's token and webhook secret are: where it says, else in one Secret beside it. */
export function secretPlaces(
  existing: Repository | undefined,
  name: string,
): { readonly token: SecretKey; readonly webhook: SecretKey } {
  const { secret, webhook_secret: webhook } = existing?.spec?.git_provider ?? {};
  const place = (reference: SecretKeyReference | undefined, key: string): SecretKey => ({
    name: reference?.name || `${name}-git`,
    key: reference?.key || key,
  });
  return { token: place(secret, tokenKeyDefault), webhook: place(webhook, webhookKeyDefault) };
}

/** The objects of a plan, in the order in which they can be made. */
export function wantedObjects(plan: SetupPlan): readonly WantedObject[] {
  return [
    { type: namespaces, object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: plan.key.namespace } } },
    ...wantedSecrets(plan.key.namespace, [plan.token, plan.webhook]),
    { type: repositories, object: repositoryOf(plan) },
  ];
}

/** One Secret for each name, with all that it is to hold. */
export function wantedSecrets(
  namespace: string,
  values: readonly ((SecretKey & { readonly value: string }) | undefined)[],
): readonly WantedObject[] {
  const given = values.filter((value) => value !== undefined);
  return [...new Set(given.map(({ name }) => name))].map((name) => {
    const entries = given.filter((value) => value.name === name).map(({ key, value }) => [key, encoded(value)]);
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      data: Object.fromEntries(entries) as Readonly<Record<string, string>>,
    };
    return { type: secrets, object };
  });
}

function repositoryOf({ key, url, provider, token, webhook }: SetupPlan): Repository {
  const gitProvider = {
    ...provider,
    ...(token === undefined ? {} : { secret: { name: token.name, key: token.key } }),
    ...(webhook === undefined ? {} : { webhook_secret: { name: webhook.name, key: webhook.key } }),
  };
  return {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { namespace: key.namespace, name: key.name },
    spec: { url, ...(Object.keys(gitProvider).length === 0 ? {} : { git_provider: gitProvider }) },
  };
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
