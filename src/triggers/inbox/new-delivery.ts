/** What came in, as the object that is stored. */
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import type { ForgeKind, GitEvent } from '../../forge/git-event.ts';
import type { Delivery, DeliverySpec } from '../../forge/kinds/delivery.ts';
import { eventIdentityOf, hashOf } from '../../forge/kinds/identity.ts';

/** Most characters of a compressed body that are kept: an object of the API has room for 1.5 MiB. */
export const payloadCharactersMax: number = 768 * 1024;
/** Bodies up to so many bytes are compressed at once. */
const compressedHereBytesMax: number = 32 * 1024;
/** Longest value of a header that is kept, in characters. */
const headerCharactersMax = 1_024;
/** Hexadecimal digits in a Delivery's name. */
const nameDigits = 24;

/** Headers that templates and expressions may see: those by which hosts describe what they send. Never what proves it. */
const keptHeaders: ReadonlySet<string> = new Set([
  'content-type',
  'idempotency-key',
  'user-agent',
  'x-attempt-number',
  'x-event-key',
  'x-event-time',
  'x-forgejo-delivery',
  'x-forgejo-event',
  'x-forgejo-event-type',
  'x-gitea-delivery',
  'x-gitea-event',
  'x-gitea-event-type',
  'x-github-delivery',
  'x-github-enterprise-host',
  'x-github-enterprise-version',
  'x-github-event',
  'x-github-hook-id',
  'x-github-hook-installation-target-id',
  'x-github-hook-installation-target-type',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitlab-instance',
  'x-gitlab-webhook-uuid',
  'x-gogs-delivery',
  'x-gogs-event',
  'x-gogs-event-type',
  'x-hook-uuid',
  'x-penstock-delivery',
  'x-request-id',
  'x-request-uuid',
]);

/** What {@link newDelivery} is told. */
export interface DeliveryFacts {
  readonly namespace: string;
  readonly forge: ForgeKind;
  readonly eventName: string;
  readonly deliveryId?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Kept compressed, as far as it fits; it holds no secret of ours. */
  readonly body: Uint8Array;
  readonly events: readonly GitEvent[];
  readonly verifiedBy?: string | undefined;
  readonly receivedMs: number;
}

/**
 * The Delivery of a webhook. Its name is made from the body and what it says, which are proven, and not from the host's id of
 * the delivery, which is only claimed: what is sent again, under whatever id, has the same name and is stored once.
 */
export async function newDelivery(facts: DeliveryFacts): Promise<Delivery> {
  const { forge, events, body } = facts;
  const bodyHash = sha256(body);
  // Who verified it counts: what one tenant signs must not take the place of what another one signs.
  const identity = ['delivery', forge, facts.verifiedBy ?? '', bodyHash, ...events.map(eventIdentityOf)];
  const digits = hashOf(identity).slice(0, nameDigits);
  return deliveryObject(`${forge}-${digits}`, facts.namespace, {
    forge,
    ...(facts.deliveryId === undefined ? {} : { deliveryId: facts.deliveryId.slice(0, headerCharactersMax) }),
    eventName: facts.eventName,
    bodyHash,
    receivedAt: new Date(facts.receivedMs).toISOString(),
    events,
    headers: shownHeaders(facts.headers),
    ...(await keptPayload(body)),
    ...(facts.verifiedBy === undefined ? {} : { verifiedBy: facts.verifiedBy }),
  });
}

/** A Delivery with a name that is worked out already. */
export function deliveryObject(name: string, namespace: string, spec: DeliverySpec): Delivery {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'Delivery',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'penstock' } },
    spec,
  };
}

/** SHA-256, hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Those of the headers that may be shown. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).filter(([name]) => keptHeaders.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value.slice(0, headerCharactersMax)]));
}

/** The body, compressed; or why it is not kept. */
export async function keptPayload(body: Uint8Array): Promise<Pick<DeliverySpec, 'payload' | 'payloadOmitted'>> {
  const data = (await compressed(body)).toString('base64');
  if (data.length <= payloadCharactersMax) {
    return { payload: { encoding: 'gzip+base64', bytes: body.length, data } };
  }
  const size = `${body.length} bytes, ${data.length} compressed`;
  return { payloadOmitted: `the body was too large to keep: ${size}; at most ${payloadCharactersMax} are kept` };
}

/** Most webhooks are small: compressing one takes less time than handing it to another thread does. */
async function compressed(body: Uint8Array): Promise<Buffer> {
  return body.length <= compressedHereBytesMax ? gzipSync(body) : promisify(gzip)(body);
}
