/**
 * A self-signed certificate for the server, so that clients send their tokens at all: `kubectl` keeps the token of a
 * kubeconfig to itself unless the connection is TLS. Written in DER by hand since Node makes keys but no certificates.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/** What {@link createCertificate} needs. */
export interface CertificateOptions {
  /** DNS names and IP addresses the server is reached by. */
  readonly hosts: readonly string[];
  /** Epoch milliseconds; the certificate holds from an hour before it. */
  readonly nowMs: number;
  /** Unique number of the certificate: 16 bytes. */
  readonly serial: Uint8Array;
}

/** A key and its certificate, both PEM. The certificate is its own authority: clients trust exactly it. */
export interface ServerCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** How long a certificate holds. */
export const certificateDaysValid = 3650;

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Makes a new ECDSA P-256 key and a certificate for it. */
export function createCertificate(options: CertificateOptions): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  const name = sequence(set(sequence(objectIdentifier('2.5.4.3'), text('penstock'))));
  const body = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(options.serial),
    algorithm,
    name,
    sequence(time(options.nowMs - hourMs), time(options.nowMs + certificateDaysValid * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(options.hosts))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, algorithm, bitString(signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem(certificate) };
}

function extensions(hosts: readonly string[]): readonly Uint8Array[] {
  const basicConstraints = sequence(boolean(true));
  // digitalSignature and keyCertSign; two unused bits.
  const keyUsage = element(0x03, Uint8Array.of(2, 0b1000_0100));
  const serverAuthentication = sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'));
  return [
    extension('2.5.29.19', true, basicConstraints),
    extension('2.5.29.15', true, keyUsage),
    extension('2.5.29.37', false, serverAuthentication),
    extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))),
  ];
}

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

function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  return Buffer.concat([Uint8Array.of(tag), lengthBytes(body.length), body]);
}

function lengthBytes(length: number): Uint8Array {
  if (length < 128) return Uint8Array.of(length);
  return length < 256 ? Uint8Array.of(0x81, length) : Uint8Array.of(0x82, length >> 8, length & 0xff);
}

function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...content);
}

function set(...content: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...content);
}

function tagged(number: number, content: Uint8Array): Uint8Array {
  return element(0xa0 + number, content);
}

function boolean(value: boolean): Uint8Array {
  return element(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** A positive integer: without leading zeros, except one where the first bit would make it negative. */
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return element(0x02, ...((digits[0] ?? 0) >= 128 ? [Uint8Array.of(0)] : []), digits);
}

function bitString(bytes: Uint8Array): Uint8Array {
  return element(0x03, Uint8Array.of(0), bytes);
}

function text(value: string): Uint8Array {
  return element(0x0c, Buffer.from(value, 'utf8'));
}

function objectIdentifier(id: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime to 2049, GeneralizedTime from 2050, as certificates demand. */
function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return digits < '2050' ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
