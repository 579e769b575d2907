import type { ForgeKind } from '../git-event.ts';
import type { GitProvider } from '../kinds/repository.ts';

/** Hosts that everybody knows. */
const knownHosts: ReadonlyMap<string, ForgeKind> = new Map([
  ['github.com', 'github'],
  ['gitlab.com', 'gitlab'],
  ['bitbucket.org', 'bitbucket-cloud'],
  ['codeberg.org', 'gitea'],
  ['gitea.com', 'gitea'],
]);

/** First parts of names that people give to hosts of their own. */
const usualNames: ReadonlyMap<string, ForgeKind> = new Map([
  ['github', 'github'],
  ['ghe', 'github'],
  ['gitlab', 'gitlab'],
  ['gitea', 'gitea'],
  ['forgejo', 'gitea'],
  ['bitbucket', 'bitbucket-datacenter'],
]);

/**
 * The kind of host a Repository is at: what its provider's type says; else a well-known host; else the kind of the event
 * that is in hand; else what the host's name suggests.
 */
export function forgeKindOf(
  type: GitProvider['type'],
  repository: URL,
  ofEvent: ForgeKind | undefined,
): ForgeKind | undefined {
  if (type !== undefined) return type === 'forgejo' ? 'gitea' : type;
  if (repository.protocol !== 'https:' && repository.protocol !== 'http:') return 'git';
  const firstLabel = repository.hostname.split('.')[0] ?? '';
  return knownHosts.get(repository.hostname) ?? ofEvent ?? usualNames.get(firstLabel);
}
