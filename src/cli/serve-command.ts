import { deferred } from '../base/deferred.ts';
import { type CliEnvironment, type ServeOptions, exitCodes } from './environment.ts';

/** `penstock serve`: the embedded server until Ctrl-C or a request to end. */
export async function serveCommand(
  options: Omit<ServeOptions, 'onFailure'>,
  environment: CliEnvironment,
): Promise<number> {
  const { screen } = environment;
  const ended = deferred<Error | undefined>();
  const forget = environment.onInterrupt(() => ended.resolve(undefined));
  try {
    const home = await environment.serve({ ...options, onFailure: (error) => ended.resolve(error) });
    for (const notice of home.notices) screen.writeError(`note: ${notice}\n`);
    screen.write(`Penstock listens on ${home.url}\n`);
    screen.write(`Use it with: KUBECONFIG=${home.kubeconfig} kubectl get pipelineruns -A\n`);
    const failure = await ended.promise;
    screen.writeError(failure ? `error: the data can no longer be kept: ${failure.message}\n` : 'stopping\n');
    await home.stop();
    return failure ? exitCodes.failed : exitCodes.succeeded;
  } finally {
    forget();
  }
}
