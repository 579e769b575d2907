import type { ForgeKind } from '../../forge/git-event.ts';
import type { ObjectKey } from '../../kube/object.ts';

/** What a path of the inbox asks for. */
export type HookPath =
  /** `kinds`: hosts it may come from; the headers say which. */
  | { readonly to: 'webhook'; readonly kinds: readonly ForgeKind[]; readonly repository?: ObjectKey }
  | { readonly to: 'incoming' };

// tidy: table
const kindsByProvider: Readonly<Record<string, readonly ForgeKind[]>> = {
  github: ['github'],
  gitlab: ['gitlab'],
  gitea: ['gitea'],
  forgejo: ['gitea'],
  bitbucket: ['bitbucket-datacenter', 'bitbucket-cloud'],
  'bitbucket-cloud': ['bitbucket-cloud'],
  'bitbucket-datacenter': ['bitbucket-datacenter'],
  'bitbucket-server': ['bitbucket-datacenter'],
  git: ['git'],
};

/** What messages name. */
export const providerNames: readonly string[] = Object.keys(kindsByProvider);

/** Where `/hooks/<provider>[/<namespace>/<repository>]`, `/incoming` and `/hooks/incoming` lead; undefined = nowhere. */
export function hookPath(path: string): HookPath | undefined {
  const parts = path.replace(/\/$/, '').split('/').slice(1);
  if (path === '/incoming' || path === '/hooks/incoming') return { to: 'incoming' };
  const [root, provider = '', namespace, name, ...more] = parts;
  const kinds = Object.hasOwn(kindsByProvider, provider) ? kindsByProvider[provider] : undefined;
  if (root !== 'hooks' || kinds === undefined || more.length > 0) return undefined;
  if (namespace === undefined) return { to: 'webhook', kinds };
  return namespace && name ? { to: 'webhook', kinds, repository: { namespace, name } } : undefined;
}
