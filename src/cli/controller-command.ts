import type { CliEnvironment, ControllerOptions } from './environment.ts';
import { untilEnded } from './until-ended.ts';

/** `penstock controller`: the controllers of a cluster until Ctrl-C or a request to end. */
export function controllerCommand(
  options: Omit<ControllerOptions, 'onFailure'>,
  environment: CliEnvironment,
): Promise<number> {
  const { screen } = environment;
  return untilEnded(
    environment,
    async (onFailure) => {
      const home = await environment.control({ ...options, onFailure });
      screen.write(`Penstock controls ${home.server} as ${home.identity}\n`);
      if (home.healthUrl !== undefined) screen.write(`Its health is at ${home.healthUrl}/readyz\n`);
      if (home.logsUrl !== undefined) screen.write(`Its logs are at ${home.logsUrl}\n`);
      if (home.hooksUrl !== undefined) screen.write(`Webhooks come in at ${home.hooksUrl}/HOST\n`);
      return home;
    },
    ({ message }) => message,
  );
}
