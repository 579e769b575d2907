import { UserError } from '../../base/errors.ts';
import { type WaitingRun, queueOf } from '../../gate/queue-view.ts';
import { repositoryKey } from '../../gate/types.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { formatSpan } from '../progress/style.ts';
import { formatTable } from '../table.ts';
import { readQueueFacts } from './queue-facts.ts';
import { withServer } from './server.ts';

/** The forms of `--output` of commands that list something. */
export type ListForm = 'table' | 'json';

/** `penstock queue` as typed. */
export interface QueueCommand extends ServerChoice {
  readonly gate?: string;
  readonly namespace?: string;
  readonly output: ListForm;
}

/** `penstock queue`: the waiting runs in the order in which they start, and what each waits for. */
export async function queueCommand(command: QueueCommand, environment: CliEnvironment): Promise<number> {
  const { clock, screen } = environment;
  const facts = await withServer(environment, command, (client) => readQueueFacts(client, clock));
  if (command.gate !== undefined && !facts.gates.some(({ metadata }) => metadata.name === command.gate)) {
    const known = facts.gates.map(({ metadata }) => metadata.name ?? '').join(', ');
    throw new UserError(`there is no gate "${command.gate}"`, {
      code: 'GATE_UNKNOWN',
      remedy: known === '' ? 'there are no gates' : `there are: ${known}`,
    });
  }
  const rows = queueOf(facts).filter(
    ({ run, gates }) =>
      (command.gate === undefined || gates.includes(command.gate)) &&
      (command.namespace === undefined || run.metadata.namespace === command.namespace),
  );
  if (command.output === 'json')
    for (const row of rows) screen.write(`${JSON.stringify(plainRow(row, facts.nowMs))}\n`);
  else screen.write(rows.length === 0 ? 'no run waits\n' : queueTable(rows, facts.nowMs));
  return exitCodes.succeeded;
}

/** Waiting runs as a table. */
export function queueTable(rows: readonly WaitingRun[], nowMs: number): string {
  const headings = ['POSITION', 'NAMESPACE', 'NAME', 'GATE', 'LIMIT', 'PRIORITY', 'AGE', 'REASON'];
  return formatTable(
    headings,
    rows.map((row) => [
      row.position === undefined ? '-' : String(row.position),
      row.run.metadata.namespace ?? '',
      row.run.metadata.name ?? '',
      row.gates.join(',') || '-',
      row.limit === undefined ? '-' : String(row.limit),
      row.rank.bump > 0 ? `${row.rank.priority} (bumped)` : String(row.rank.priority),
      formatSpan(nowMs - row.rank.createdMs),
      row.reason,
    ]),
  );
}

function plainRow({ run, rank, ...row }: WaitingRun, nowMs: number): object {
  const { namespace, name, uid, creationTimestamp, labels } = run.metadata;
  return {
    namespace,
    name,
    uid,
    repository: labels?.[repositoryKey],
    ...row,
    priority: rank.priority,
    bump: rank.bump,
    creationTimestamp,
    ageSeconds: Math.max(0, Math.round((nowMs - rank.createdMs) / 1000)),
  };
}
