import { fromRfc3339 } from '../../base/clock.ts';
import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { limitOf } from '../../gate/limit.ts';
import { queueOf } from '../../gate/queue-view.ts';
import { type Gate, gates } from '../../gate/types.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { formatSpan } from '../progress/style.ts';
import { formatTable } from '../table.ts';
import { describeGate } from './describe-gate.ts';
import { type ListForm, queueTable } from './queue-command.ts';
import { readQueueFacts } from './queue-facts.ts';
import { withServer } from './server.ts';

/** Waiting runs that `gate show` lists; `penstock queue` lists all. */
export const shownRunsMax = 20;

/** `penstock gate list` as typed. */
export interface GateListCommand extends ServerChoice {
  readonly output: ListForm;
}

/** A command about one gate as typed. */
export interface GateCommand extends ServerChoice {
  readonly name: string;
}

/** `penstock gate list`: every gate, what it lets run, and how many wait. */
export async function gateListCommand(command: GateListCommand, environment: CliEnvironment): Promise<number> {
  const { clock, screen } = environment;
  const { items } = await withServer(environment, command, (client) => client.list(gates));
  const nowMs = clock.now();
  if (command.output === 'json') for (const gate of items) screen.write(`${JSON.stringify(gate)}\n`);
  else screen.write(items.length === 0 ? 'there are no gates\n' : gateTable(items, nowMs));
  return exitCodes.succeeded;
}

function gateTable(items: readonly Gate[], nowMs: number): string {
  return formatTable(
    ['NAME', 'RUNNING', 'LIMIT', 'WAITING', 'OLDEST', 'ORDER', 'REASON'],
    items.map((gate) => {
      const { value, reason } = limitOf(gate, nowMs);
      const oldestMs = fromRfc3339(gate.status?.oldestWaiting);
      return [
        gate.metadata.name ?? '',
        String(gate.status?.slots?.length ?? 0),
        value === Number.POSITIVE_INFINITY ? '-' : String(value),
        String(gate.status?.waiting ?? 0),
        oldestMs === undefined ? '-' : formatSpan(nowMs - oldestMs),
        gate.spec.order ?? 'Priority',
        reason,
      ];
    }),
  );
}

/** `penstock gate show NAME`: its rules, what runs, and the head of its line. */
export async function gateShowCommand({ name, ...choice }: GateCommand, environment: CliEnvironment): Promise<number> {
  const { clock, screen } = environment;
  const [gate, facts] = await withServer(environment, choice, (client) =>
    Promise.all([getGate(client, name), readQueueFacts(client, clock)]),
  );
  const waiting = queueOf(facts).filter((row) => row.gates.includes(name));
  screen.write(describeGate(gate, facts.runs, waiting, facts.nowMs));
  if (waiting.length > 0) screen.write(`\n${queueTable(waiting.slice(0, shownRunsMax), facts.nowMs)}`);
  const more = waiting.length - shownRunsMax;
  if (more > 0) screen.write(`and ${more} more: penstock queue --gate ${name}\n`);
  return exitCodes.succeeded;
}

async function getGate(client: ApiClient, name: string): Promise<Gate> {
  return known(name, () => client.get(gates, { namespace: '', name }));
}

async function known<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    if (!isApiError(thrown, 'NotFound')) throw thrown;
    throw new UserError(`there is no gate "${name}"`, {
      code: 'GATE_UNKNOWN',
      remedy: '`penstock gate list` lists them',
      cause: thrown,
    });
  }
}

/** `penstock gate pause NAME` and `penstock gate resume NAME`: what runs goes on, nothing more starts meanwhile. */
export async function gatePauseCommand(
  { name, paused, ...choice }: GateCommand & { readonly paused: boolean },
  environment: CliEnvironment,
): Promise<number> {
  const before = await withServer(environment, choice, async (client) => {
    const gate = await getGate(client, name);
    const patch = { spec: { paused } };
    await known(name, () => client.patch(gates, { namespace: '', name }, patch, { type: 'merge' }));
    return gate;
  });
  const again = (before.spec.paused ?? false) === paused ? ' already' : '';
  const waiting = before.status?.waiting ?? 0;
  const news = paused ? `is paused${again}: nothing starts` : `is open${again}`;
  environment.screen.write(`gate "${name}" ${news}; ${waiting} ${waiting === 1 ? 'run waits' : 'runs wait'}\n`);
  return exitCodes.succeeded;
}
