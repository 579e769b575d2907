import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { UserError, errorText } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Connection, ServerChoice } from '../cli/environment.ts';
import { createClient } from '../client/client.ts';
import { readKubeconfig } from '../client/kubeconfig.ts';
import { createHttpTransport } from '../net/http-transport.ts';
import type { ProcessEnvironment } from './environment.ts';

/** Where `penstock serve` leaves its kubeconfig unless told otherwise, from the folder it was started in. */
const servedKubeconfig = 'penstock-data/kubeconfig';

/**
 * The server that a command talks to: of `--kubeconfig`, else of KUBECONFIG, else of a `penstock serve` in this folder, else
 * of `~/.kube/config`.
 */
export function connect(choice: ServerChoice, environment: ProcessEnvironment): Connection {
  const file = resolve(choice.kubeconfig ?? kubeconfigOf(environment));
  const folder = dirname(file);
  const { server, ...access } = readKubeconfig({
    text: textOf(file),
    file,
    readFile: (path) => readFileSync(resolve(folder, path), 'utf8'),
  });
  const transport = createHttpTransport({ server, ...access, clock: systemClock });
  return { client: createClient(transport), server, [Symbol.dispose]: () => transport.close() };
}

/** The kubeconfig that nobody named. Of several in KUBECONFIG the first that exists is used; they are not merged. */
function kubeconfigOf({ kubeconfig, home }: ProcessEnvironment): string {
  const named = kubeconfig?.split(delimiter).filter((path) => path !== '');
  const usual = [servedKubeconfig, ...(home === undefined ? [] : [join(home, '.kube/config')])];
  const candidates = named && named.length > 0 ? named : usual;
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new UserError(`no kubeconfig: there is no ${candidates.join(' and no ')}`, {
    code: 'KUBECONFIG_MISSING',
    remedy: 'start a server with `penstock serve`, or name a kubeconfig with --kubeconfig or KUBECONFIG',
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new UserError(`the kubeconfig ${file} cannot be read: ${errorText(thrown)}`, {
      code: 'KUBECONFIG',
      cause: thrown,
    });
  }
}
