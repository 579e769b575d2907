import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookRequest } from './webhook-format.ts';

const hexadecimal = /^[0-9a-f]{64}$/;

/** Whether two texts are equal; how long it takes tells nothing of where they differ, nor of their lengths. */
function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/** The one of `secrets` that equals what was sent. All are compared; empty ones never match. */
export function secretThatEquals(sent: string | undefined, secrets: readonly string[]): string | undefined {
  if (sent === undefined || sent === '') return undefined;
  let found: string | undefined;
  for (const secret of secrets) if (secret !== '' && equalInConstantTime(sent, secret)) found = secret;
  return found;
}

/**
 * The one of `secrets` that signed the body with HMAC-SHA256. `signature` is hexadecimal, with or without `sha256=` before it.
 * All secrets are tried; empty ones never match.
 */
export function secretThatSigned(
  body: WebhookRequest['body'],
  signature: string | undefined,
  secrets: readonly string[],
): string | undefined {
  const sent = signature
    ?.trim()
    .replace(/^sha256=/, '')
    .toLowerCase();
  if (sent === undefined || !hexadecimal.test(sent)) return undefined;
  let found: string | undefined;
  for (const secret of secrets) {
    if (secret === '') continue;
    const wanted = createHmac('sha256', secret).update(body).digest();
    if (timingSafeEqual(Buffer.from(sent, 'hex'), wanted)) found = secret;
  }
  return found;
}
