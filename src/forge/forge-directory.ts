import type { Forge } from './forge.ts';
import type { ForgeKind } from './git-event.ts';

/** How to reach the host of one Repository: what its spec, the settings and the secrets say. */
export interface ForgeAccess {
  readonly kind: ForgeKind;
  /** Base of the host's web address: `https://github.com`, `https://git.example.org`. */
  readonly webUrl: string;
  /** Base of its API, if not the usual one of `webUrl`. */
  readonly apiUrl?: string;
  readonly credential: ForgeCredential;
  /** Name the client gives itself, where a Repository sets one. */
  readonly userAgent?: string;
}

/** What the host knows us by. */
export type ForgeCredential =
  | { readonly type: 'token'; readonly token: string; readonly user?: string }
  | {
      readonly type: 'github-app';
      readonly applicationId: number;
      readonly privateKey: string;
      readonly installationId?: number;
      /** Further repositories, `owner/name`, the token for cloning may reach. */
    }
  /** `git`: what the file system or SSH lets us do. */
  | { readonly type: 'none' };

/** Opens forges; the same access gives the same forge, so that its budget is one. */
export interface ForgeDirectory {
  open(access: ForgeAccess): Forge;
}
