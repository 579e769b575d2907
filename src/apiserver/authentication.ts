import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../kube/user.ts';

/** A bearer token and who bears it. */
export interface TokenEntry {
  readonly token: string;
  readonly user: UserInfo;
}

/** Shortest token that is accepted as a secret, in characters. */
export const tokenCharactersMin = 16;

/**
 * Who bears a token, for `createApiServer({ authenticate })`. Compares digests of equal length in constant time and looks
 * at every entry, so that the answer's timing tells nothing about the tokens. Throws `RangeError` for a token shorter
 * than {@link tokenCharactersMin}.
 */
export function tokenAuthenticator(entries: readonly TokenEntry[]): (token: string) => UserInfo | undefined {
  const known = entries.map(({ token, user }) => {
    if (token.length < tokenCharactersMin) {
      throw new RangeError(`a token must have at least ${tokenCharactersMin} characters`);
    }
    return { digest: digestOf(token), user };
  });
  return (token) => {
    const digest = digestOf(token);
    let found: UserInfo | undefined;
    for (const entry of known) if (timingSafeEqual(entry.digest, digest)) found = entry.user;
    return found;
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
