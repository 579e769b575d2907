/** What a step shows to clone over HTTP what this machine has: for one repository, until an instant. Nothing is stored. */
import { createHmac } from 'node:crypto';
import { secretThatEquals } from '../webhook-signature.ts';

/** So long a token is good: longer than any run, in milliseconds. */
export const cloneTokenMsMax: number = 24 * 60 * 60_000;

/** A token for `repository`, which expires at `expiresAtMs`. */
export function cloneToken(key: string, repository: string, expiresAtMs: number): string {
  return `${expiresAtMs}-${signatureOf(key, repository, String(expiresAtMs))}`;
}

/** Whether `token` is one of ours for `repository` that has not expired. */
export function isCloneToken(key: string, repository: string, token: string, nowMs: number): boolean {
  const [, expiry = '', signature = ''] = /^(\d{1,15})-([0-9a-f]{64})$/.exec(token) ?? [];
  return secretThatEquals(signature, [signatureOf(key, repository, expiry)]) !== undefined && Number(expiry) > nowMs;
}

function signatureOf(key: string, repository: string, expiry: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([repository, expiry]))
    .digest('hex');
}
