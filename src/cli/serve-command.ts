import { deferred } from '../base/deferred.ts';
import { type CliEnvironment, type ServeOptions, exitCodes } from './environment.ts';

/** `penstock serve`: the embedded server until Ctrl-C or a request to end. */
export async function serveCommand(options: ServeOptions, environment: CliEnvironment): Promise<number> {
  const { screen } = environment;
  const interrupted = deferred<void>();
  const forget = environment.onInterrupt(() => interrupted.resolve());
  try {
    const home = await environment.serve(options);
    for (const notice of home.notices) screen.writeError(`note: ${notice}\n`);
    screen.write(`Penstock listens on ${home.url}\n`);
    screen.write(`Use it with: KUBECONFIG=${home.kubeconfig} kubectl get pipelineruns -A\n`);
    await interrupted.promise;
    screen.writeError('stopping\n');
    await home.stop();
    return exitCodes.succeeded;
  } finally {
    forget();
  }
}
