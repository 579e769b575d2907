import { X509Certificate, createHash, createPrivateKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { type ServerCertificate, createCertificate } from '../server/certificate.ts';
import { readIfPresent, writePrivateFile } from './private-files.ts';

/** What proves the server to its clients, and them to it. */
export interface Credentials {
  readonly certificate: ServerCertificate;
  /** The bearer of this may do everything. */
  readonly token: string;
}

const tokenBytes = 32;
const serialBytes = 16;
/** A certificate that ends sooner than this is made anew, in milliseconds: 30 days. */
const renewBeforeMs = 30 * 86_400_000;

/** The credentials kept in `directory`, made at the first start. They outlive restarts, so that clients stay connected. */
export function loadCredentials(directory: string, host: string, nowMs: number): Credentials {
  return { certificate: loadCertificate(directory, host, nowMs), token: loadToken(directory) };
}

function loadToken(directory: string): string {
  const path = join(directory, 'token');
  const stored = readIfPresent(path)?.trim();
  if (stored) return stored;
  const token = randomBytes(tokenBytes).toString('base64url');
  writePrivateFile(path, `${token}\n`);
  return token;
}

function loadCertificate(directory: string, host: string, nowMs: number): ServerCertificate {
  const [keyPath, certificatePath] = [join(directory, 'server.key'), join(directory, 'server.crt')];
  const key = readIfPresent(keyPath);
  const certificate = readIfPresent(certificatePath);
  if (key && certificate && isUsable({ key, certificate }, host, nowMs)) return { key, certificate };
  const hosts = [...new Set(['127.0.0.1', '::1', 'localhost', host])];
  const made = createCertificate({ hosts, nowMs, serial: randomBytes(serialBytes) });
  writePrivateFile(keyPath, made.key);
  writePrivateFile(certificatePath, made.certificate);
  return made;
}

/** A start that was cut off between the two files, or a damaged one, leaves a pair that no client would accept. */
function isUsable({ key, certificate: pem }: ServerCertificate, host: string, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const covers = certificate.checkIP(host) ?? certificate.checkHost(host);
    const lasts = Date.parse(certificate.validTo) - nowMs > renewBeforeMs;
    return covers !== undefined && lasts && certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // Neither file is of any use when one of them cannot be read.
  }
}

/** Whether `given` is `token`, in a time that tells nothing of either. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
