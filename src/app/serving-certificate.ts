import { join } from 'node:path';
import type { ServerCertificate } from '../server/certificate.ts';
import { readIfPresent } from './private-files.ts';

/** `tls.crt` and `tls.key` of a folder, as a Secret of type kubernetes.io/tls is mounted; undefined when they are not there. */
export function servingCertificate(folder: string): ServerCertificate | undefined {
  const key = readIfPresent(join(folder, 'tls.key'));
  const certificate = readIfPresent(join(folder, 'tls.crt'));
  return key && certificate ? { key, certificate } : undefined;
}
