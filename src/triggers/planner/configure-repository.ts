/** Makes the namespace and the Repository of what is new at GitHub, if the settings say so. */
import { UserError } from '../../base/errors.ts';
import type { Project } from '../../forge/git-event.ts';
import type { Delivery, EventOutcome } from '../../forge/kinds/delivery.ts';
import { type Repository, repositories } from '../../forge/kinds/repository.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import { isSameRepository } from '../../forge/repository-url.ts';
import { type ApiStatusError, isApiError } from '../../kube/api-error.ts';
import { namespaces } from '../../kube/core-types.ts';
import { keyOf, keyText, type KubeObject, type ObjectKey } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { isRefusal } from './create-run.ts';
import { candidatesOf } from './find-repository.ts';
import { receivedMs } from './history.ts';
import { newNames, newNamespace, newRepository, takesNewRepository } from './new-repository.ts';
import type { PlannerParts } from './planner-parts.ts';

/** Most Repositories that are made by themselves: a script that makes repositories must not fill a cluster. */
export const autoConfiguredMax = 1_000;

/** So long an event waits for the Repository that it came before, in milliseconds. */
const firstEventsMs = 15_000;

/**
 * Carries out one `repository_created` event of a Delivery. Done again it finds what is there and changes nothing. Throws
 * `UserError` (`AUTO_CONFIGURE`) for what an operator is to mend, and what the API throws while it cannot be asked.
 */
export async function configureRepository(
  parts: PlannerParts,
  delivery: Delivery,
  index: number,
): Promise<EventOutcome> {
  const outcome = (reason: string, message: string): EventOutcome => ({ event: index, reason, message });
  const project = delivery.spec.events[index]?.project;
  const settings = parts.settings();
  if (project === undefined || !settings.autoConfigure) {
    return outcome('NotConfigured', 'auto-configure-new-github-repo is off: nothing is made for new repositories');
  }
  if (delivery.spec.verifiedBy !== undefined) {
    return outcome('NotConfigured', "only webhooks that the GitHub App's own secret verifies make Repositories");
  }
  const names = newNames(project, settings, parts.systemNamespace);
  if (!names.ok) return outcome('Failed', names.message);
  const { namespace, name } = names;
  const own = keyText({ namespace, name });
  const [known] = candidatesOf(parts.repositories, project.url);
  if (known !== undefined && keyText(keyOf(known)) !== own) {
    return outcome('NotConfigured', `the Repository ${keyText(keyOf(known))} has the address already`);
  }
  if (known === undefined && madeSoFar(parts) >= autoConfiguredMax) {
    return outcome('Failed', `${autoConfiguredMax} Repositories were made by themselves: no more are`);
  }
  try {
    const refusal = await ensureObjects(parts, { namespace, name }, project);
    return refusal === undefined
      ? outcome('Configured', `the Repository ${own} is about ${project.url}`)
      : outcome('Failed', refusal);
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    if (thrown.status === 403) throw notAllowed(thrown);
    return outcome('Failed', thrown.message);
  }
}

/**
 * Whether the Repository of an event may still be made: what is told of a new repository and of its first push overtake
 * each other on their way here.
 */
export function mayBeMadeYet({ settings, clock }: PlannerParts, delivery: Delivery): boolean {
  const { forge, verifiedBy } = delivery.spec;
  const isOfApp = forge === 'github' && verifiedBy === undefined;
  return isOfApp && settings().autoConfigure && clock.now() - receivedMs(delivery) < firstEventsMs;
}

function madeSoFar({ repositories: all }: PlannerParts): number {
  return all.list().filter(({ metadata }) => metadata.labels?.[penstockKeys.autoConfigured] === 'true').length;
}

/** Makes what is not there; text = why it cannot be used. */
async function ensureObjects(parts: PlannerParts, key: ObjectKey, project: Project): Promise<string | undefined> {
  const { object: namespace } = await ensure(parts, namespaces, newNamespace(key.namespace, project));
  if (!takesNewRepository(namespace, project)) {
    const label = `${penstockKeys.acceptsNewRepositories}=true`;
    return `the namespace ${key.namespace} is somebody else's; label it ${label} if it is to take new Repositories`;
  }
  if (namespace.metadata.deletionTimestamp !== undefined) {
    throw new UserError(`the namespace ${key.namespace} is being deleted`, { code: 'AUTO_CONFIGURE' });
  }
  const { object, isNew } = await ensure(parts, repositories, newRepository(key, project));
  if (!isSameRepository(object.spec?.url ?? '', project.url)) {
    return `the Repository ${keyText(key)} is about something else: ${object.spec?.url ?? 'nothing'}`;
  }
  if (isNew) tellOwners(parts, object, project);
  return undefined;
}

/** Creates the object, or reads the one that has its name. */
async function ensure<T extends KubeObject>(
  { client }: PlannerParts,
  type: ResourceType<T>,
  wanted: T,
): Promise<{ readonly object: T; readonly isNew: boolean }> {
  try {
    return { object: await client.create(type, wanted), isNew: true };
  } catch (thrown) {
    if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
    return { object: await client.get(type, keyOf(wanted)), isNew: false };
  }
}

function tellOwners({ events, logger }: PlannerParts, repository: Repository, project: Project): void {
  const message = `made for ${project.url}, which is new`;
  events.tell(repository, 'Normal', 'Configured', message);
  logger.info('made a Repository for a repository that is new', {
    repository: keyText(keyOf(repository)),
    url: project.url,
  });
}

function notAllowed(thrown: ApiStatusError): UserError {
  const remedy = 'install with --new-repositories, or switch auto-configure-new-github-repo off';
  return new UserError(`${thrown.message} (${remedy})`, { code: 'AUTO_CONFIGURE', remedy, cause: thrown });
}
