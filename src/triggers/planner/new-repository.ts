/** What a repository that is new at GitHub gets: names and objects. Pure. */
import type { Project } from '../../forge/git-event.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import { canonicalUrl, isSameRepository } from '../../forge/repository-url.ts';
import { hashOf } from '../../forge/kinds/identity.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import type { Namespace } from '../../kube/core-types.ts';
import { replacePlaceholders } from '../templates/placeholders.ts';

/** Most characters of the name of a namespace, and of a Repository, which is the value of labels too. */
const nameCharactersMax = 63;
/** Hexadecimal digits that a name which had to be cut ends with. */
const cutDigits = 8;

/** Where Kubernetes and distributions of it keep what is theirs. */
const reservedNamespaces = /^(?:default|(?:kube|openshift)(?:-.*)?)$/;

/** Who made an object by itself, as label and value. */
export const madeByItself: Readonly<Record<string, string>> = { [penstockKeys.autoConfigured]: 'true' };

/** The names of what is to be made; or why they cannot be. */
export type NewNames =
  | { readonly ok: true; readonly namespace: string; readonly name: string }
  | { readonly ok: false; readonly message: string };

/**
 * The names for `project`, by the templates of the settings. Whoever makes a repository chooses its name: it is cut down to
 * what may stand in a name, and leads to no namespace of Kubernetes or Penstock.
 */
export function newNames(project: Project, settings: Settings, systemNamespace: string): NewNames {
  const namespace = expanded(settings.autoConfigureNamespace, project);
  const name = expanded(settings.autoConfigureRepository, project);
  if (namespace === '' || name === '') {
    return { ok: false, message: 'the templates of the settings give it no name; put a word of your own into them' };
  }
  if (namespace === systemNamespace || reservedNamespaces.test(namespace)) {
    return { ok: false, message: `no new Repository is put into the namespace ${namespace}` };
  }
  return { ok: true, namespace, name };
}

function expanded(template: string, { owner, name, url }: Project): string {
  const values: Readonly<Record<string, string>> = { repo_owner: plain(owner), repo_name: plain(name) };
  const text = replacePlaceholders(template, ({ expression }) => values[expression] ?? '');
  const trimmed = trimDashes(text);
  if (trimmed.length <= nameCharactersMax) return trimmed;
  const cut = trimDashes(trimmed.slice(0, nameCharactersMax - cutDigits - 1));
  return `${cut}-${hashOf(['new repository', url]).slice(0, cutDigits)}`;
}

function plain(text: string): string {
  return trimDashes(text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
}

function trimDashes(text: string): string {
  return text.replaceAll(/^-+|-+$/g, '');
}

/** The namespace, with the address of whom it was made for. */
export function newNamespace(name: string, { url }: Project): Namespace {
  const annotations = { [penstockKeys.configuredFor]: canonicalUrl(url) ?? url };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: madeByItself, annotations } };
}

/** The Repository. It needs no Secret: the App reaches the project, and its webhook is verified with the App's secret. */
export function newRepository(
  key: { readonly namespace: string; readonly name: string },
  project: Project,
): Repository {
  const url = canonicalUrl(project.url) ?? project.url;
  const isGithubCom = new URL(url).hostname === 'github.com';
  return {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { ...key, labels: madeByItself },
    // Elsewhere the name of the host does not tell what kind of host it is.
    spec: { url, ...(isGithubCom ? {} : { git_provider: { type: 'github' } }) },
  };
}

/**
 * Whether a namespace that is there takes the new Repository: one that was made for it, or that its owner has opened to new
 * ones. Any other belongs to somebody, and whoever can make a repository of that name must not get in.
 */
export function takesNewRepository({ metadata: { annotations, labels } }: Namespace, project: Project): boolean {
  if (labels?.[penstockKeys.acceptsNewRepositories] === 'true') return true;
  const madeFor = annotations?.[penstockKeys.configuredFor];
  return madeFor !== undefined && isSameRepository(madeFor, project.url);
}
