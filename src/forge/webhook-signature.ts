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

/** How secrets of the Standard Webhooks specification begin; base64 of the key follows. */
const standardSecretPrefix = 'whsec_';

/** Whether a secret has the form that the Standard Webhooks specification gives to keys of signatures. */
export function isStandardSecret(secret: string): boolean {
  return secret.startsWith(standardSecretPrefix) && secret.length > standardSecretPrefix.length;
}

/**
 * The one of `secrets` that signed the request as the Standard Webhooks specification says: HMAC-SHA256 in base64 over id, time and
 * body. Only secrets of its form are tried. How old the request is, is not looked at: one that is sent again is known by its id,
 * which the signature covers.
 */
export function secretThatSignedStandard(
  { headers, body }: WebhookRequest,
  secrets: readonly string[],
): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (id === undefined || timestamp === undefined || signatures === undefined) return undefined;
  const sent = signatures.split(' ').filter((signature) => signature.startsWith('v1,'));
  let found: string | undefined;
  for (const secret of secrets) {
    if (!isStandardSecret(secret)) continue;
    const key = Buffer.from(secret.slice(standardSecretPrefix.length), 'base64');
    const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    for (const signature of sent) if (equalInConstantTime(signature, `v1,${wanted}`)) found = secret;
  }
  return found;
}
