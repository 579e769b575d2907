/** Which repositories, besides the event's own, the token of a GitHub App may reach. Pure. */
import { forgeKindOf } from '../../forge/access/forge-kind.ts';
import type { CompleteRepository } from '../../forge/access/with-defaults.ts';
import type { Project } from '../../forge/git-event.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { ownerAndName } from '../../forge/repository-url.ts';
import { compileGlob } from '../matching/glob.ts';

/** What a token may reach. */
export interface TokenScope {
  /** `owner/name`; `all` = whatever the App is installed in. */
  readonly further: readonly string[] | 'all';
  /** Entries of `github_app_token_scope_repos` that nobody in the namespace may name. */
  readonly foreign: readonly string[];
}

/** What {@link tokenScopeOf} is told. */
export interface ScopeQuestion {
  readonly project: Project;
  readonly complete: CompleteRepository;
  /** Of the event's Repository. */
  readonly namespace: string;
  readonly settings: Settings;
  /** All that there are. */
  readonly repositories: readonly Repository[];
}

/**
 * The scope of one event's tokens. The settings may name any repository of the owner, by name or glob. A Repository may name
 * those that have a Repository in its own namespace: else whoever may write one would read all that the App reaches.
 */
export function tokenScopeOf({ project, complete, namespace, settings, repositories }: ScopeQuestion): TokenScope {
  const { url, git_provider: provider, settings: own } = complete.spec;
  const isOfApp = provider?.secret === undefined && kindOf(provider?.type, url) === 'github';
  if (!isOfApp) return { further: [], foreign: [] };
  const asked = own?.github_app_token_scope_repos ?? [];
  // The usual case: nothing is named, and nobody need look at all Repositories.
  if (asked.length === 0 && settings.tokenFurtherRepositories.length === 0) {
    return { further: settings.tokenScoped ? [] : 'all', foreign: [] };
  }
  const host = hostOf(project.url);
  const ofHost = repositories.filter(({ spec }) => hostOf(spec?.url ?? '') === host);
  const everywhere = ofHost.flatMap(nameOf);
  const inNamespace = ofHost.filter(({ metadata }) => metadata.namespace === namespace).flatMap(nameOf);
  const shared = settings.tokenFurtherRepositories.flatMap((entry) => {
    const found = matching(entry, project, everywhere);
    return found.length > 0 || isGlob(entry) ? found : [withOwner(entry, project)];
  });
  const allowed = asked.map((entry) => ({ entry, found: matching(entry, project, inNamespace) }));
  const further = [...new Set([...shared, ...allowed.flatMap(({ found }) => found)])];
  return {
    further: further.length === 0 && asked.length === 0 && !settings.tokenScoped ? 'all' : further,
    foreign: allowed.filter(({ found }) => found.length === 0).map(({ entry }) => entry),
  };
}

function kindOf(type: Parameters<typeof forgeKindOf>[0], url = ''): string | undefined {
  return URL.canParse(url) ? forgeKindOf(type, new URL(url), 'github') : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host.toLowerCase() : undefined;
}

function nameOf({ spec }: Repository): readonly string[] {
  const parts = ownerAndName(spec?.url ?? '');
  return parts === undefined ? [] : [`${parts.owner}/${parts.name}`];
}

function withOwner(entry: string, { owner }: Project): string {
  return entry.includes('/') ? entry : `${owner}/${entry}`;
}

function isGlob(entry: string): boolean {
  return /[*?[{]/.test(entry);
}

/** Those of `names` that an entry means; hosts take upper and lower case for one. */
function matching(entry: string, project: Project, names: readonly string[]): readonly string[] {
  const wanted = withOwner(entry, project).toLowerCase();
  const compiled = compileGlob(wanted);
  return names.filter((name) => {
    const lower = name.toLowerCase();
    return lower === wanted || (compiled.ok && lower.length <= nameCharactersMax && compiled.glob.matches(lower));
  });
}

/** Longest `owner/name` that is held against a glob. */
const nameCharactersMax = 2_048;
