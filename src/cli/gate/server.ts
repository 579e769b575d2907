import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { UnexpectedAnswerError } from '../../client/unexpected-answer.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import type { CliEnvironment, Connection, ServerChoice } from '../environment.ts';

/**
 * Does `work` with the server that was chosen. What the server refuses, and a server that cannot be reached, become a
 * `UserError` in the server's own words.
 */
export async function withServer<T>(
  environment: CliEnvironment,
  choice: ServerChoice,
  work: (client: ApiClient, connection: Connection) => Promise<T>,
): Promise<T> {
  using connection = await environment.connect(choice);
  try {
    return await work(connection.client, connection);
  } catch (thrown) {
    throw explainedAnswer(thrown, connection.server);
  }
}

/** What the server refused, and that it cannot be reached, as a `UserError`; everything else as it is. */
export function explainedAnswer(thrown: unknown, server: string): unknown {
  if (thrown instanceof ApiStatusError) {
    return new UserError(`${server} answers: ${thrown.message}`, { code: 'SERVER_REFUSED', cause: thrown });
  }
  if (!(thrown instanceof ConnectionError || thrown instanceof UnexpectedAnswerError)) return thrown;
  // A connection that failed names the server itself.
  const reason = thrown.message.replace(`${server}: `, '');
  return new UserError(`no answer from ${server}: ${reason}`, {
    code: 'SERVER_UNREACHABLE',
    remedy: 'start it with `penstock serve`, or name another with --kubeconfig',
    cause: thrown,
  });
}
