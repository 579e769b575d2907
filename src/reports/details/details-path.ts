/** Where the pages are: paths that carry a signature, so that only who was given a link can open it. Pure but for the hash. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hashOf } from '../../forge/kinds/identity.ts';

/** What there is a page of. */
export type DetailsPage =
  | { readonly kind: 'run'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'delivery'; readonly name: string };

/** Makes the address of a page; undefined where nobody serves any. */
export type DetailsLink = (page: DetailsPage) => string | undefined;

/** Bits of a signature that are kept: enough that none is ever guessed, and hosts take short links only. */
const signatureBits = 128;
/** The same as characters of base64url. */
export const signatureCharacters: number = Math.ceil(signatureBits / 6);
/** Longer paths are not looked at. */
const pathCharactersMax = 1_024;

/** `/runs/NAMESPACE/NAME/SIGNATURE` or `/deliveries/NAME/SIGNATURE`: what follows the address of the pages. */
export function signedPath(key: string, page: DetailsPage): string {
  const path = pathOf(page);
  return `${path}/${signatureOf(key, path)}`;
}

/** The page that a path leads to; undefined for every path whose signature this key has not made. */
export function pageAt(key: string, path: string): DetailsPage | undefined {
  if (path.length > pathCharactersMax) return undefined;
  const end = path.lastIndexOf('/');
  const page = pageOf(path.slice(0, end));
  // Signed is the one way to write the path; that somebody wrote it in another way makes no second link.
  return page !== undefined && isSame(path, signedPath(key, page)) ? page : undefined;
}

/** Names a page in a label: of what is left when the page's own object is gone. */
export function pageLabelOf(page: DetailsPage): string {
  return hashOf(['page', pathOf(page)]).slice(0, 32);
}

function pathOf(page: DetailsPage): string {
  const parts = page.kind === 'run' ? ['runs', page.namespace, page.name] : ['deliveries', page.name];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

function pageOf(path: string): DetailsPage | undefined {
  const [empty, kind, first, second, more] = path.split('/').map(decoded);
  if (empty !== '' || more !== undefined || !first) return undefined;
  if (kind === 'runs') return second ? { kind: 'run', namespace: first, name: second } : undefined;
  return kind === 'deliveries' && second === undefined ? { kind: 'delivery', name: first } : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not written by us: it leads nowhere.
    return '';
  }
}

function signatureOf(key: string, path: string): string {
  const digest = createHmac('sha256', key).update(`penstock details ${path}`).digest();
  return digest.subarray(0, signatureBits / 8).toString('base64url');
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
