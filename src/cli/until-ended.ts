import { deferred } from '../base/deferred.ts';
import { type CliEnvironment, exitCodes } from './environment.ts';

/** Something that goes on until it is told to stop. */
interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Starts something and leaves it running until Ctrl-C, a request to end, or a failure of its own that `start` was given to
 * tell; then stops it. Resolves with the exit code. `failureText` is what is said of a failure.
 */
export async function untilEnded(
  environment: CliEnvironment,
  start: (onFailure: (error: Error) => void) => Promise<Stoppable>,
  failureText: (error: Error) => string,
): Promise<number> {
  const ended = deferred<Error | undefined>();
  const forget = environment.onInterrupt(() => ended.resolve(undefined));
  try {
    const home = await start((error) => ended.resolve(error));
    const failure = await ended.promise;
    environment.screen.writeError(failure ? `error: ${failureText(failure)}\n` : 'stopping\n');
    await home.stop();
    return failure ? exitCodes.failed : exitCodes.succeeded;
  } finally {
    forget();
  }
}
