/** Addresses of repositories: which may be named, and when two name the same. */

/** Longest address, in characters. */
export const urlCharactersMax = 2048;

/**
 * The one way to write the address of a repository, as `Project.url` has it: host in lower case, no default port, no final
 * `/` or `.git`, no query. Upper and lower case of the path stay: not every host ignores them. undefined = not an address.
 */
export function canonicalUrl(text: string): string | undefined {
  const url = parse(text);
  if (url === undefined) return undefined;
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  const user = url.username === '' || url.protocol !== 'ssh:' ? '' : `${url.username}@`;
  return `${url.protocol}//${user}${url.host.toLowerCase()}${path}`;
}

/** Whether two addresses name the same repository: at hosts on the web, upper and lower case are one. */
export function isSameRepository(a: string, b: string): boolean {
  const one = addressKey(a);
  return one !== undefined && one === addressKey(b);
}

/** What two addresses of one repository have in common; undefined = not an address. To compare, and never to go to. */
export function addressKey(text: string): string | undefined {
  const url = canonicalUrl(text);
  return url?.startsWith('http') ? url.toLowerCase() : url;
}

/** Owner (all but the last part of the path) and name of the repository at an address. */
export function ownerAndName(text: string): { readonly owner: string; readonly name: string } | undefined {
  const url = canonicalUrl(text);
  const path = url === undefined ? [] : new URL(url).pathname.split('/').filter((part) => part !== '');
  const name = path.at(-1);
  return name === undefined ? undefined : { owner: path.slice(0, -1).join('/'), name };
}

/** What is wrong with the address of a Repository, as the end of a sentence; undefined = nothing. `plainGit`: of type `git`. */
export function urlProblem(text: string, plainGit: boolean): string | undefined {
  if (text.length > urlCharactersMax) return `is longer than ${urlCharactersMax} characters`;
  const schemes = plainGit ? ['http:', 'https:', 'ssh:', 'file:'] : ['http:', 'https:'];
  const url = parse(text);
  if (url === undefined)
    return `is no address; write ${plainGit ? 'ssh://host/path or file:///path' : 'https://host/owner/name'}`;
  if (!schemes.includes(url.protocol)) {
    const way = plainGit ? '' : '; file and ssh need git_provider.type git';
    return `has the scheme ${url.protocol.slice(0, -1)}; ${schemes.map((scheme) => scheme.slice(0, -1)).join(', ')} are possible${way}`;
  }
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:')) {
    return 'holds a user or password; put the token into a Secret and name it in git_provider.secret';
  }
  if (url.search !== '' || url.hash !== '') return 'has a query or fragment';
  if (ownerAndName(text) === undefined) return 'names a host but no repository';
  return undefined;
}

function parse(text: string): URL | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}
