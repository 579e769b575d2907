import { fromRfc3339 } from '../../base/clock.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import { addressKey } from '../../forge/repository-url.ts';
import type { Lister } from '../../controller/contract.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { keyOf, keyText } from '../../kube/object.ts';

/** Index under which Repositories are found by address. */
export const addressIndex = 'address';

/** The values of {@link addressIndex}. */
export function addressesOf(repository: Repository): readonly string[] {
  const address = addressKey(repository.spec?.url ?? '');
  return address === undefined ? [] : [address];
}

/** The Repositories at an address, by the index; hosts on the web take upper and lower case for one. */
export function candidatesOf(repositories: Lister<Repository>, url: string): readonly Repository[] {
  const address = addressKey(url);
  return address === undefined ? [] : repositories.byIndex(addressIndex, address);
}

/** What is asked of the Repositories. */
export interface RepositoryQuestion {
  readonly event: GitEvent;
  /** Whose secret verified the event, `namespace/name`: no other Repository is concerned. */
  readonly verifiedBy?: string;
  /** Repositories with the event's address. */
  readonly candidates: readonly Repository[];
}

/** The Repository an event concerns: the one whose secret verified it, else the oldest with its address. */
export function findRepository(question: RepositoryQuestion): Repository | undefined {
  const { event, verifiedBy } = question;
  const { incoming } = event;
  const possible = byAge(question.candidates).filter((repository) => {
    if (repository.metadata.deletionTimestamp !== undefined) return false;
    if (verifiedBy !== undefined) return keyText(keyOf(repository)) === verifiedBy;
    if (incoming === undefined) return true;
    const { namespace, name } = keyOf(repository);
    return name === incoming.repository && (incoming.namespace === undefined || incoming.namespace === namespace);
  });
  return possible[0];
}

/**
 * The Repository under which a definition runs that names a namespace: one with the same address there. What a
 * Repository's own secret verified stays with that Repository.
 */
export function inNamespace(question: RepositoryQuestion, namespace: string): Repository | undefined {
  const there = question.candidates.filter(({ metadata }) => metadata.namespace === namespace);
  return findRepository({ ...question, candidates: there });
}

function byAge(repositories: readonly Repository[]): readonly Repository[] {
  const age = ({ metadata }: Repository): number => fromRfc3339(metadata.creationTimestamp) ?? 0;
  return [...repositories].sort((a, b) => age(a) - age(b) || (keyText(keyOf(a)) < keyText(keyOf(b)) ? -1 : 1));
}
