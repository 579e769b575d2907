import { X509Certificate, createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { UserError, errorText } from '../base/errors.ts';
import type { ServerCertificate } from '../server/certificate.ts';
import type { Listener } from '../server/listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readIfPresent } from './private-files.ts';

/** A folder with a certificate, and what its faults are called. */
export interface CertificateFolder {
  readonly folder: string;
  readonly code: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often the folder of a certificate is looked at, in milliseconds. A kubelet needs about as long to bring a new one. */
export const certificateLookMs = 60_000;

/**
 * `tls.crt` and `tls.key` of a folder, as a Secret of type kubernetes.io/tls is mounted. Throws `UserError` with `code` when they
 * are not there, cannot be read, or do not belong together.
 */
export function servingCertificate(folder: string, code: string): ServerCertificate {
  const remedy = 'name the folder of a TLS secret';
  const [key, certificate] = [readIfPresent(join(folder, 'tls.key')), readIfPresent(join(folder, 'tls.crt'))];
  if (!key || !certificate) throw new UserError(`${folder} has no tls.crt and tls.key`, { code, remedy });
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new UserError(`${folder} has no certificate that can be used: ${errorText(cause)}`, { code, remedy, cause });
  }
  if (!fits) throw new UserError(`in ${folder}, tls.key is not the key of tls.crt`, { code, remedy });
  return { key, certificate };
}

/**
 * Shows `listener` what comes into a folder in place of the certificate that is `shown`: who issues certificates renews them
 * while we run. What cannot be used is logged, and the old one stays. The result ends it.
 */
export function followCertificate(
  listener: Pick<Listener, 'useCertificate'>,
  shown: ServerCertificate,
  { folder, code, clock, logger }: CertificateFolder,
): CancelTimer {
  let last = shown;
  let cancel: CancelTimer = () => undefined;
  const look = (): void => {
    try {
      const found = servingCertificate(folder, code);
      if (found.certificate !== last.certificate || found.key !== last.key) {
        listener.useCertificate(found);
        last = found;
        logger.info('a new certificate is shown', { folder });
      }
    } catch (thrown) {
      // Read while it was being exchanged, or broken: the next look tells.
      logger.error('a certificate cannot be renewed', { folder, error: errorText(thrown) });
    }
    cancel = clock.schedule(certificateLookMs, look);
  };
  cancel = clock.schedule(certificateLookMs, look);
  return () => cancel();
}
