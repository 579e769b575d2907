/** Whose secrets may have signed a webhook. */
import { forgeKindOf } from '../../forge/access/forge-kind.ts';
import { isGlobalRepository } from '../../forge/access/global-repository.ts';
import { withDefaults } from '../../forge/access/with-defaults.ts';
import { applicationSecretName } from '../../forge/access/access-of.ts';
import type { ForgeKind } from '../../forge/git-event.ts';
import type { IncomingHook, Repository } from '../../forge/kinds/repository.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { SecretPlace } from './secret-memory.ts';
import { textOf } from './secret-memory.ts';

const webhookKey = 'webhook.secret';
const incomingKey = 'secret';

/** A secret, and those it speaks for: Repositories, or everything the GitHub App is installed in. */
export interface SecretHolders {
  readonly place: SecretPlace;
  readonly application: boolean;
  readonly repositories: readonly Repository[];
}

/** The Repositories there are, and where the shared secrets live. */
export interface SecretOwners {
  readonly repositories: readonly Repository[];
  readonly systemNamespace: string;
}

/**
 * The secrets that may have signed a webhook of a host of this kind, each place once. With `only`, those of that Repository
 * alone: the sender says whom it speaks for.
 */
export function webhookSecrets(owners: SecretOwners, kind: ForgeKind, only?: ObjectKey): readonly SecretHolders[] {
  const global = globalRepository(owners);
  const places = new Map<string, { readonly place: SecretPlace; readonly repositories: Repository[] }>();
  for (const repository of owners.repositories) {
    if (!mayConcern(repository, kind, only)) continue;
    const place = placeOf(repository, global);
    if (place === undefined) continue;
    const known = places.get(textOf(place)) ?? { place, repositories: [] };
    known.repositories.push(repository);
    places.set(textOf(place), known);
  }
  const own = [...places.values()].map((found) => ({ ...found, application: false }));
  if (kind !== 'github' || only !== undefined) return own;
  const place = { namespace: owners.systemNamespace, name: applicationSecretName, key: webhookKey };
  return [{ place, application: true, repositories: [] }, ...own];
}

/** The Repository that gives defaults to all others. */
export function globalRepository({ repositories, systemNamespace }: SecretOwners): Repository | undefined {
  return repositories.find((repository) => isGlobalRepository(repository, systemNamespace));
}

/** An incoming hook, and where its secret is. */
export interface PlacedHook {
  readonly hook: IncomingHook;
  readonly place: SecretPlace;
}

/** Where the secrets of a Repository's incoming hooks are, in the order of the hooks. */
export function incomingHooks(repository: Repository, global: Repository | undefined): readonly PlacedHook[] {
  const { spec, secretNamespaces } = withDefaults(repository, global);
  return (spec.incoming ?? []).map((hook) => ({
    hook,
    place: { namespace: secretNamespaces.incoming, name: hook.secret.name, key: hook.secret.key ?? incomingKey },
  }));
}

function mayConcern({ metadata, spec }: Repository, kind: ForgeKind, only: ObjectKey | undefined): boolean {
  if (only !== undefined && (metadata.namespace !== only.namespace || metadata.name !== only.name)) return false;
  const url = URL.parse(spec?.url ?? '');
  return url !== null && forgeKindOf(spec?.git_provider?.type, url, kind) === kind;
}

function placeOf(repository: Repository, global: Repository | undefined): SecretPlace | undefined {
  const { spec, secretNamespaces } = withDefaults(repository, global);
  const reference = spec.git_provider?.webhook_secret;
  return reference && { namespace: secretNamespaces.webhook, name: reference.name, key: reference.key ?? webhookKey };
}
