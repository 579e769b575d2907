import type { ForgeKind } from '../../forge/git-event.ts';

/** A file in some project of a Git host, as its web address says. */
export interface HostedFile {
  /** Web address of the project. */
  readonly projectUrl: string;
  readonly owner: string;
  readonly name: string;
  /** Branch, tag or commit. */
  readonly ref: string;
  readonly path: string;
}

/**
 * Which file the web address of a page or raw file of a Git host shows, when it is the host at `hostUrl` (scheme, name and
 * port alike); undefined = another host, or no address of a file. A ref with slashes in it is written with `%2F`, or as the
 * host itself writes it where that is unambiguous.
 */
export function hostedFileOf(url: string, kind: ForgeKind, hostUrl: string): HostedFile | undefined {
  const { origin, pathname, searchParams, hostname } = new URL(url);
  const host = new URL(hostUrl);
  const segments = pathname.split('/').filter((segment) => segment !== '');
  if (kind === 'github' && isRawHostOf(hostname, host.hostname) && host.protocol === new URL(url).protocol) {
    return rawGitHubFile(segments, host.origin);
  }
  if (origin !== host.origin) return undefined;
  if (kind === 'bitbucket-datacenter') return dataCenterFile(segments, origin, searchParams.get('at'));
  if (kind === 'gitlab') return gitLabFile(segments, origin);
  if (kind === 'gitea') return giteaFile(segments, origin);
  const words = kind === 'github' ? ['blob', 'raw'] : ['src', 'raw'];
  return words.includes(segments[2] ?? '') ? fileOf(segments.slice(0, 2), segments.slice(3), origin) : undefined;
}

function isRawHostOf(hostname: string, host: string): boolean {
  return host === 'github.com' ? hostname === 'raw.githubusercontent.com' : hostname === `raw.${host}`;
}

/** `/owner/name/ref/path`, the ref also as `refs/heads/main`. */
function rawGitHubFile(segments: readonly string[], origin: string): HostedFile | undefined {
  const rest = segments.slice(2);
  const full = rest[0] === 'refs' && (rest[1] === 'heads' || rest[1] === 'tags');
  const refAndPath = full ? [rest.slice(0, 3).join('/'), ...rest.slice(3)] : rest;
  return fileOf(segments.slice(0, 2), refAndPath, origin);
}

/** `/group/sub/name/-/blob/ref/path`. */
function gitLabFile(segments: readonly string[], origin: string): HostedFile | undefined {
  const dash = segments.indexOf('-');
  const word = segments[dash + 1];
  if (dash < 2 || (word !== 'blob' && word !== 'raw')) return undefined;
  return fileOf(segments.slice(0, dash), segments.slice(dash + 2), origin);
}

/** `/owner/name/src/branch/ref/path`; `raw`, `tag` and `commit` likewise. */
function giteaFile(segments: readonly string[], origin: string): HostedFile | undefined {
  const [, , word, sort] = segments;
  if (word !== 'src' && word !== 'raw') return undefined;
  const sorts: Readonly<Record<string, string>> = { branch: 'refs/heads/', tag: 'refs/tags/', commit: '' };
  const prefix = sorts[sort ?? ''];
  if (prefix === undefined) return undefined;
  const [ref = '', ...path] = segments.slice(4);
  return ref === '' ? undefined : fileOf(segments.slice(0, 2), [`${prefix}${ref}`, ...path], origin);
}

/** `/projects/KEY/repos/name/browse/path?at=ref`, `/users/name/…` likewise. */
function dataCenterFile(segments: readonly string[], origin: string, at: string | null): HostedFile | undefined {
  const start = segments.findIndex((segment) => segment === 'projects' || segment === 'users');
  const [sort, owner, repos, name, word, ...path] = segments.slice(Math.max(start, 0));
  if (start < 0 || owner === undefined || name === undefined || repos !== 'repos') return undefined;
  if (word !== 'browse' && word !== 'raw') return undefined;
  const project = [sort === 'users' ? `~${owner}` : owner, name];
  const file = fileOf(project, [encodeURIComponent(at ?? 'HEAD'), ...path], origin);
  const context = segments.slice(0, start).join('/');
  const projectUrl = [origin, ...(context === '' ? [] : [context]), sort, owner, 'repos', name].join('/');
  return file && { ...file, projectUrl };
}

function fileOf(project: readonly string[], refAndPath: readonly string[], origin: string): HostedFile | undefined {
  const [ref, ...path] = refAndPath.map(decoded);
  const names = project.map(decoded);
  const name = names.at(-1);
  if (names.length < 2 || name === undefined || ref === undefined || path.length === 0) return undefined;
  if ([...names, ...path, ref].some((part) => part === '' || part === '..' || part === '.')) return undefined;
  const owner = names.slice(0, -1).join('/');
  return { projectUrl: `${origin}/${owner}/${name}`, owner, name, ref, path: path.join('/') };
}

/** A segment of an address as text; empty, which no name is, when it is not well formed. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
