import { isIPv6 } from 'node:net';
import { UserError, errorText } from '../base/errors.ts';
import { type Listener, type ListenerOptions, startListener } from '../server/listener.ts';
import { type CertificateFolder, followCertificate, servingCertificate } from './serving-certificate.ts';

/** Starts to listen; throws `UserError` (`LISTEN`), which names `flag` as the way out, where that is not possible. */
export async function listenOn(
  options: ListenerOptions & { readonly host: string; readonly port: number },
  flag: string,
): Promise<Listener> {
  try {
    return await startListener(options);
  } catch (thrown) {
    const { host, port } = options;
    const address = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    const { code } = thrown as NodeJS.ErrnoException;
    const isAddress = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
    throw new UserError(`cannot listen on ${address}: ${errorText(thrown)}`, {
      code: 'LISTEN',
      remedy: isAddress
        ? `give an address of this machine with ${flag.replace('-port', '-host')}`
        : `choose another port with ${flag}; 0 takes a free one`,
      cause: thrown,
    });
  }
}

/** The same with the certificate of a folder, and with the next one as soon as it is there. */
export async function listenWithFolder(
  options: ListenerOptions & { readonly host: string; readonly port: number },
  flag: string,
  tls: CertificateFolder,
): Promise<Listener> {
  const certificate = servingCertificate(tls.folder, tls.code);
  const listener = await listenOn({ ...options, certificate }, flag);
  const forget = followCertificate(listener, certificate, tls);
  const close = (): Promise<void> => {
    forget();
    return listener.close();
  };
  return { ...listener, close, [Symbol.asyncDispose]: close };
}
