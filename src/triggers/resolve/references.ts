/** Where a value of the annotations `task` and `pipeline` leads. */
export type RemoteReference =
  | { readonly type: 'url'; readonly url: string }
  /** From the root of the repository. */
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'catalog'; readonly catalog: string; readonly name: string; readonly version?: string };

export type ReferenceResult =
  | { readonly ok: true; readonly reference: RemoteReference }
  | { readonly ok: false; readonly message: string };

/**
 * Reads a reference: an http(s) address; `hub://name[:version]` of the catalog called `hub`; anything else with a slash is a
 * path in the repository; anything else is `name[:version]` in the default catalog. Where it is written in a Pipeline that
 * came from an address, what begins with `./` or `../` is relative to that address.
 */
export function parseReference(text: string, base?: string): ReferenceResult {
  if (base !== undefined && /^\.\.?\//.test(text)) return relativeTo(text, base);
  const scheme = /^([a-z0-9][\w.+-]*):\/\//i.exec(text);
  if (scheme?.[1] !== undefined && /^https?$/i.test(scheme[1])) return address(text);
  if (scheme?.[1] !== undefined) return catalogItem(text.slice(scheme[0].length), scheme[1], text);
  if (text.includes('/')) return repositoryPath(text);
  return catalogItem(text, 'default', text);
}

function address(text: string): ReferenceResult {
  if (!URL.canParse(text)) return refused(`"${text}" is no address`);
  const url = new URL(text);
  // Credentials in an address would be shown wherever the address is.
  if (url.username !== '' || url.password !== '') return refused(`"${url.host}" is given with a user or password`);
  return { ok: true, reference: { type: 'url', url: url.href } };
}

function relativeTo(text: string, base: string): ReferenceResult {
  return { ok: true, reference: { type: 'url', url: new URL(text, base).href } };
}

function catalogItem(item: string, catalog: string, text: string): ReferenceResult {
  const found = /^([a-z0-9][\w.-]*)(?::([\w.+-]+))?$/i.exec(item);
  const [, name, version] = found ?? [];
  if (name === undefined) return refused(`"${text}" is neither an address, nor a path, nor name:version of a catalog`);
  return { ok: true, reference: { type: 'catalog', catalog, name, ...(version === undefined ? {} : { version }) } };
}

function repositoryPath(text: string): ReferenceResult {
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return refused(`"${text}" leads out of the repository`);
  }
  return { ok: true, reference: { type: 'path', path: parts.join('/') } };
}

function refused(message: string): ReferenceResult {
  return { ok: false, message };
}
