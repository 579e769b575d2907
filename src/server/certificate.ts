/**
 * Certificates for servers of ours, made here since Node makes keys but no certificates: self-signed ones, so that clients
 * send their tokens at all (`kubectl` keeps the token of a kubeconfig to itself unless the connection is TLS), and ones
 * signed by an authority of our own, so that they can be replaced while clients go on trusting the authority.
 */
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { bitString, boolean, element, integer, objectIdentifier, sequence, set, tagged, text, time } from './der.ts';

/** What every new certificate needs. */
export interface NewCertificate {
  /** Epoch milliseconds; the certificate holds from an hour before it. */
  readonly nowMs: number;
  /** Unique number of the certificate: 16 bytes. */
  readonly serial: Uint8Array;
  /** How long it holds; {@link certificateDaysValid} by default. */
  readonly daysValid?: number;
}

/** What {@link createCertificate} needs. */
export interface CertificateOptions extends NewCertificate {
  /** DNS names and IP addresses the server is reached by. */
  readonly hosts: readonly string[];
  /** Who is to show it; a server by default. */
  readonly shownBy?: 'server' | 'client';
  /** Signs the certificate; without one it is its own authority, and clients trust exactly it. */
  readonly authority?: CertificateAuthority;
}

/** A key and its certificate, both PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** An authority that signs certificates of servers, and whose own certificate clients trust. */
export interface CertificateAuthority extends ServerCertificate {
  /** What it is called; unique among the authorities that clients trust at a time. */
  readonly name: string;
}

/** How long a certificate holds unless it is said. */
export const certificateDaysValid = 3650;

const dayMs = 86_400_000;
/** Clocks differ: a certificate holds from so long before it was made, in milliseconds. */
export const certificateBackdatedMs = 3_600_000;

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
/** First byte: unused bits of the second. */
const keyUsages = {
  // digitalSignature and keyCertSign.
  selfSigned: Uint8Array.of(2, 0b1000_0100),
  // keyCertSign.
  authority: Uint8Array.of(2, 0b0000_0100),
  // digitalSignature.
  server: Uint8Array.of(7, 0b1000_0000),
} as const;

/** serverAuth and clientAuth. */
const extendedUsages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** Makes a new ECDSA P-256 key and a certificate for it. */
export function createCertificate(options: CertificateOptions): ServerCertificate {
  const { authority, hosts, shownBy = 'server' } = options;
  const usage = authority === undefined ? keyUsages.selfSigned : keyUsages.server;
  const extensions = [
    ...(authority === undefined ? [basicConstraints] : []),
    extension('2.5.29.15', true, element(0x03, usage)),
    extension('2.5.29.37', false, sequence(objectIdentifier(extendedUsages[shownBy]))),
    extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))),
  ];
  return issue({ ...options, subject: 'penstock', extensions, ...(authority === undefined ? {} : { authority }) });
}

/** Makes an authority with a new ECDSA P-256 key. */
export function createAuthority(options: NewCertificate & { readonly name: string }): CertificateAuthority {
  const extensions = [basicConstraints, extension('2.5.29.15', true, element(0x03, keyUsages.authority))];
  return { name: options.name, ...issue({ ...options, subject: options.name, extensions }) };
}

interface Issue extends NewCertificate {
  readonly subject: string;
  readonly extensions: readonly Uint8Array[];
  readonly authority?: CertificateAuthority;
}

function issue({ subject, extensions, authority, ...options }: Issue): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: KeyObject = authority === undefined ? privateKey : createPrivateKey(authority.key);
  const { nowMs, serial, daysValid = certificateDaysValid } = options;
  const body = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(serial),
    ecdsaWithSha256,
    commonName(authority?.name ?? subject),
    sequence(time(nowMs - certificateBackdatedMs), time(nowMs + daysValid * dayMs)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions)),
  );
  const certificate = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, signer)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem(certificate) };
}

function commonName(name: string): Uint8Array {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), text(name))));
}

const basicConstraints: Uint8Array = extension('2.5.29.19', true, sequence(boolean(true)));

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), element(0x04, value));
}

function alternativeName(host: string): Uint8Array {
  if (isIPv4(host)) return element(0x87, Uint8Array.from(host.split('.').map(Number)));
  if (isIPv6(host)) return element(0x87, ipv6Bytes(host));
  return element(0x82, Buffer.from(host, 'ascii'));
}

function ipv6Bytes(host: string): Uint8Array {
  const [head = '', tail = ''] = host.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), host.includes('::') ? groups(tail) : []];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
