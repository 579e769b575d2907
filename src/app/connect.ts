import type { Connection, ServerChoice } from '../cli/environment.ts';
import { createClient } from '../client/client.ts';
import { openCluster } from './cluster.ts';
import type { ProcessEnvironment } from './environment.ts';

/** The server that a command talks to: see {@link openCluster}. */
export async function connect(choice: ServerChoice, environment: ProcessEnvironment): Promise<Connection> {
  const { transport, ...place } = await openCluster(choice, environment);
  return { client: createClient(transport), transport, ...place, [Symbol.dispose]: () => transport.close() };
}
