import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { queueOf } from '../../gate/queue-view.ts';
import { priorityMax, rankOf, stateOf } from '../../gate/run-facts.ts';
import { startRun } from '../../gate/start-run.ts';
import { bumpKey } from '../../gate/types.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { readQueueFacts } from './queue-facts.ts';
import { withServer } from './server.ts';
import { findWaitingRun, notWaiting } from './waiting-run.ts';

/** `penstock gate bump RUN` and `penstock gate start RUN` as typed. */
export interface RunCommand extends ServerChoice {
  /** `NAME` or `NAMESPACE/NAME`. */
  readonly run: string;
  readonly namespace?: string;
}

/** `penstock gate bump RUN`: the run comes before all others that wait, whatever their priority. */
export async function bumpCommand(command: RunCommand, environment: CliEnvironment): Promise<number> {
  const { clock, screen } = environment;
  const text = await withServer(environment, command, async (client) => {
    const run = await findWaitingRun(client, command.run, command.namespace);
    const facts = await readQueueFacts(client, clock);
    const waiting = facts.runs.filter((other) => stateOf(other) === 'waiting');
    const highest = Math.max(0, ...waiting.filter(isOther(run)).map((other) => rankOf(other, false).bump));
    await bump(client, run, highest + 1);
    const { reason } = queueOf(facts).find((row) => row.run.metadata.uid === run.metadata.uid) ?? {};
    return `${keyText(keyOf(run))} comes before all other runs that wait${reason === undefined ? '' : ` (${reason} until now)`}`;
  });
  screen.write(`${text}\n`);
  return exitCodes.succeeded;
}

function isOther(run: PipelineRun): (other: PipelineRun) => boolean {
  return ({ metadata }) => metadata.uid !== run.metadata.uid;
}

async function bump(client: ApiClient, run: PipelineRun, value: number): Promise<void> {
  if (value > priorityMax) {
    throw new UserError(`a run that waits has the highest ${bumpKey} there can be, ${priorityMax}`, {
      code: 'BUMP_TOO_HIGH',
      remedy: 'lower or remove that annotation first',
    });
  }
  const patch = { metadata: { uid: run.metadata.uid ?? '', annotations: { [bumpKey]: String(value) } } };
  try {
    await client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound') || isApiError(thrown, 'Conflict')) throw notWaiting(run, 'it has been deleted');
    throw thrown;
  }
}

/** `penstock gate start RUN`: the run starts at once, whatever the limits say. */
export async function startCommand(command: RunCommand, environment: CliEnvironment): Promise<number> {
  const { clock, screen } = environment;
  const text = await withServer(environment, command, async (client) => {
    const run = await findWaitingRun(client, command.run, command.namespace);
    const row = queueOf(await readQueueFacts(client, clock)).find(
      ({ run: { metadata } }) => metadata.uid === run.metadata.uid,
    );
    if (!(await startRun(client, run))) throw notWaiting(run, 'it was started, cancelled or deleted just now');
    const counted = row && row.gates.length > 0 ? `; it counts in ${gatesText(row.gates)} all the same` : '';
    return `${keyText(keyOf(run))} starts now, whatever the limits${counted}`;
  });
  screen.write(`${text}\n`);
  return exitCodes.succeeded;
}

function gatesText(names: readonly string[]): string {
  return `${names.length === 1 ? 'gate' : 'gates'} ${names.map((name) => `"${name}"`).join(' and ')}`;
}
