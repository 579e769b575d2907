import { isIPv6 } from 'node:net';
import { UserError, errorText } from '../base/errors.ts';
import { type Listener, type ListenerOptions, startListener } from '../server/listener.ts';

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
    throw new UserError(`cannot listen on ${address}: ${errorText(thrown)}`, {
      code: 'LISTEN',
      remedy: `choose another port with ${flag}; 0 takes a free one`,
      cause: thrown,
    });
  }
}
