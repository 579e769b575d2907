/** Which certificates the admission webhook has, and when each is replaced: pure apart from the keys it makes. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import {
  certificateBackdatedMs,
  createAuthority,
  createCertificate,
  type CertificateAuthority,
  type ServerCertificate,
} from '../certificate.ts';

/** All that is stored about the certificates of the webhook. */
export interface WebhookCertificates {
  /** Signs certificates of servers. */
  readonly authority: CertificateAuthority;
  /** Will sign once API servers have come to trust it. */
  readonly nextAuthority?: CertificateAuthority;
  /** PEM of the one that signed before: servers may still show what it signed. */
  readonly previousAuthority?: string;
  readonly server: ServerCertificate;
}

/** What {@link renewed} needs. */
export interface RenewalContext {
  /** DNS names the webhook is called by. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  /** Gives a number for a new certificate: 16 random bytes. */
  readonly serial: () => Uint8Array;
}

const dayMs = 86_400_000;

/** How long authorities and certificates of servers hold. */
export const authorityDaysValid = 365;
export const serverDaysValid = 90;
/** So long before its end an authority gets its successor, and a server its next certificate; in milliseconds. */
export const authorityRenewBeforeMs: number = 60 * dayMs;
export const serverRenewBeforeMs: number = 30 * dayMs;
/** So long a new authority is trusted before it signs: every API server must have read of it. In milliseconds. */
export const announcedMs = 3_600_000;
/** So long an authority that signs no more is trusted: every replica must show a new certificate. In milliseconds. */
export const overlapMs: number = dayMs;

/** The certificates to go on with: `current` itself when all of them are good for now. Without any, new ones. */
export function renewed(current: WebhookCertificates | undefined, context: RenewalContext): WebhookCertificates {
  if (current === undefined) return firstCertificates(context);
  const steps = [withSuccessor, withSuccessorInOffice, withFreshServer, withoutPrevious] as const;
  return steps.reduce((certificates, step) => step(certificates, context), current);
}

/** Whom API servers have to trust: PEM, one authority after another. */
export function trustedAuthorities(certificates: WebhookCertificates): string {
  const { authority, nextAuthority, previousAuthority } = certificates;
  return [authority.certificate, nextAuthority?.certificate, previousAuthority].filter(Boolean).join('');
}

function firstCertificates(context: RenewalContext): WebhookCertificates {
  const authority = newAuthority(context);
  return { authority, server: newServer(authority, context) };
}

/** Near the end of the authority there is a next one. */
function withSuccessor(current: WebhookCertificates, context: RenewalContext): WebhookCertificates {
  const isDue = endOf(current.authority) - context.nowMs <= authorityRenewBeforeMs;
  return isDue && current.nextAuthority === undefined ? { ...current, nextAuthority: newAuthority(context) } : current;
}

/** The next authority signs once it has been trusted for long enough; at once where the old one is no good any more. */
function withSuccessorInOffice(current: WebhookCertificates, context: RenewalContext): WebhookCertificates {
  const { authority, nextAuthority, previousAuthority: _forgotten, ...rest } = current;
  if (nextAuthority === undefined) return current;
  const isTrusted = madeAt(nextAuthority) + announcedMs <= context.nowMs;
  if (!isTrusted && endOf(authority) > context.nowMs) return current;
  const server = newServer(nextAuthority, context);
  return { ...rest, authority: nextAuthority, previousAuthority: authority.certificate, server };
}

function withFreshServer(current: WebhookCertificates, context: RenewalContext): WebhookCertificates {
  const { server, authority } = current;
  const read = new X509Certificate(server.certificate);
  const isOurs = read.checkIssued(new X509Certificate(authority.certificate));
  const isNamed = context.hosts.every((host) => read.checkHost(host) !== undefined);
  const isFresh = endOf(server) - context.nowMs > serverRenewBeforeMs;
  return isOurs && isNamed && isFresh ? current : { ...current, server: newServer(authority, context) };
}

function withoutPrevious(current: WebhookCertificates, { nowMs }: RenewalContext): WebhookCertificates {
  const { previousAuthority, ...rest } = current;
  return previousAuthority !== undefined && madeAt(current.server) + overlapMs <= nowMs ? rest : current;
}

function newAuthority({ nowMs, serial }: RenewalContext): CertificateAuthority {
  const number = serial();
  // Authorities of one name would be taken for one another while both are trusted.
  const name = `penstock-webhook-${Buffer.from(number).toString('hex').slice(0, 16)}`;
  return createAuthority({ name, nowMs, serial: number, daysValid: authorityDaysValid });
}

function newServer(authority: CertificateAuthority, { hosts, nowMs, serial }: RenewalContext): ServerCertificate {
  return createCertificate({ hosts, nowMs, serial: serial(), daysValid: serverDaysValid, authority });
}

function endOf({ certificate }: ServerCertificate): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

function madeAt({ certificate }: ServerCertificate): number {
  return Date.parse(new X509Certificate(certificate).validFrom) + certificateBackdatedMs;
}

/** The members of the Secret that keeps them: PEM. */
export function certificatesToData(certificates: WebhookCertificates): Readonly<Record<string, string>> {
  const { authority, nextAuthority, previousAuthority, server } = certificates;
  return {
    'ca.crt': authority.certificate,
    'ca.key': authority.key,
    'tls.crt': server.certificate,
    'tls.key': server.key,
    ...(nextAuthority ? { 'next-ca.crt': nextAuthority.certificate, 'next-ca.key': nextAuthority.key } : {}),
    ...(previousAuthority === undefined ? {} : { 'previous-ca.crt': previousAuthority }),
  };
}

/** Reads the members of a Secret; undefined when one is missing, broken, or does not fit its key. */
export function certificatesFromData(data: Readonly<Record<string, string>>): WebhookCertificates | undefined {
  try {
    const next = 'next-ca.crt' in data ? authorityOf(pairOf(data, 'next-ca')) : undefined;
    const previous = data['previous-ca.crt'];
    return {
      authority: authorityOf(pairOf(data, 'ca')),
      server: pairOf(data, 'tls'),
      ...(next === undefined ? {} : { nextAuthority: next }),
      ...(previous === undefined ? {} : { previousAuthority: new X509Certificate(previous).toString() }),
    };
  } catch (thrown) {
    // Whatever node:crypto finds wrong with a PEM, or a pair that does not fit: there are no certificates to go on with.
    if (thrown instanceof Error) return undefined;
    throw thrown;
  }
}

function pairOf(data: Readonly<Record<string, string>>, name: string): ServerCertificate {
  const { [`${name}.crt`]: certificate = '', [`${name}.key`]: key = '' } = data;
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) throw new Error(`${name} does not fit`);
  return { certificate, key };
}

function authorityOf(pair: ServerCertificate): CertificateAuthority {
  const name = /^CN=(.+)$/m.exec(new X509Certificate(pair.certificate).subject)?.[1];
  if (name === undefined) throw new Error('an authority without a name');
  return { ...pair, name };
}
