import { deferred } from '../base/deferred.ts';
import { type CliEnvironment, type ControllerOptions, exitCodes } from './environment.ts';

/** `penstock controller`: the controllers of a cluster until Ctrl-C or a request to end. */
export async function controllerCommand(
  options: Omit<ControllerOptions, 'onFailure'>,
  environment: CliEnvironment,
): Promise<number> {
  const { screen } = environment;
  const ended = deferred<Error | undefined>();
  const forget = environment.onInterrupt(() => ended.resolve(undefined));
  try {
    const home = await environment.control({ ...options, onFailure: (error) => ended.resolve(error) });
    screen.write(`Penstock controls ${home.server} as ${home.identity}\n`);
    if (home.healthUrl !== undefined) screen.write(`Its health is at ${home.healthUrl}/readyz\n`);
    if (home.logsUrl !== undefined) screen.write(`Its logs are at ${home.logsUrl}\n`);
    const failure = await ended.promise;
    screen.writeError(failure ? `error: ${failure.message}\n` : 'stopping\n');
    await home.stop();
    return failure ? exitCodes.failed : exitCodes.succeeded;
  } finally {
    forget();
  }
}
