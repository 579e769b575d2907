import type { DetailsKey } from './details-key.ts';
import { type DetailsLink, signedPath } from './details-path.ts';

/** Makes links to pages below the `details-url` of the settings. */
export type DetailsLinks = (detailsUrl: string | undefined) => Promise<DetailsLink>;

/** Leads nowhere. */
export const noDetails: DetailsLinks = () => Promise.resolve(() => undefined);

/** Links that `key` signs. Where the settings name no address it is `ownAddress`, if there is one. */
export function detailsLinks(key: DetailsKey, ownAddress: Promise<string | undefined>): DetailsLinks {
  return async (detailsUrl) => {
    const address = detailsUrl ?? (await ownAddress);
    // Nobody needs a key for links that nobody makes.
    const secret = address === undefined ? undefined : await key.current();
    return (page) => (secret === undefined ? undefined : `${address}${signedPath(secret, page)}`);
  };
}
