import { join } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { ServerCertificate } from '../server/certificate.ts';
import { readIfPresent } from './private-files.ts';

/** `tls.crt` and `tls.key` of a folder, as a Secret of type kubernetes.io/tls is mounted. Throws `UserError` with `code`. */
export function servingCertificate(folder: string, code: 'HOOKS_TLS' | 'LOG_TLS'): ServerCertificate {
  const key = readIfPresent(join(folder, 'tls.key'));
  const certificate = readIfPresent(join(folder, 'tls.crt'));
  if (key && certificate) return { key, certificate };
  throw new UserError(`${folder} has no tls.crt and tls.key`, { code, remedy: 'name the folder of a TLS secret' });
}
