import type { CliEnvironment, ServeOptions } from './environment.ts';
import { untilEnded } from './until-ended.ts';

/** `penstock serve`: the embedded server until Ctrl-C or a request to end. */
export function serveCommand(options: Omit<ServeOptions, 'onFailure'>, environment: CliEnvironment): Promise<number> {
  const { screen } = environment;
  return untilEnded(
    environment,
    async (onFailure) => {
      const home = await environment.serve({ ...options, onFailure });
      for (const notice of home.notices) screen.writeError(`note: ${notice}\n`);
      screen.write(`Penstock listens on ${home.url}\n`);
      if (home.hooksUrl !== undefined) screen.write(`Webhooks come in at ${home.hooksUrl}/HOST\n`);
      screen.write(`Use it with: KUBECONFIG=${home.kubeconfig} kubectl get pipelineruns -A\n`);
      return home;
    },
    ({ message }) => `the data can no longer be kept: ${message}`,
  );
}
