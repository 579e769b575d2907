/** Events that no host sent: calls of incoming hooks, and schedules. */
import { forgeKindOf } from '../forge/access/forge-kind.ts';
import type { ForgeKind, Project } from '../forge/git-event.ts';
import type { Repository } from '../forge/kinds/repository.ts';
import { canonicalUrl, ownerAndName } from '../forge/repository-url.ts';

/** The host and project of a Repository; undefined for one without a usable address, which can have no events. */
export function placeOf(repository: Repository): { readonly forge: ForgeKind; readonly project: Project } | undefined {
  const written = repository.spec?.url ?? '';
  const url = canonicalUrl(written);
  const parts = ownerAndName(written);
  if (url === undefined || parts === undefined) return undefined;
  // As published: what does not say what it is, is at GitHub.
  const forge = forgeKindOf(repository.spec?.git_provider?.type, new URL(url), undefined) ?? 'github';
  return { forge, project: { url, ...parts } };
}
