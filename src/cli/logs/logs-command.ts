import { sleep } from '../../base/clock.ts';
import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, type KubeObject, type ObjectKey } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { isDone } from '../../tekton/pipeline-run/children.ts';
import { type PipelineRun, pipelineRuns, type TaskRun, taskRuns } from '../../tekton/types.ts';
import { type CliEnvironment, type Connection, exitCodes, type ServerChoice } from '../environment.ts';
import { withServer } from '../gate/server.ts';
import { keptSteps, type LogWishes, stepLog } from './step-log.ts';

/** `penstock logs RUN` as typed. */
export interface LogsCommand extends ServerChoice {
  readonly run: string;
  readonly task?: string;
  readonly step?: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly namespace?: string;
}

/** A TaskRun, which may be gone. */
interface Source {
  readonly key: ObjectKey;
  readonly object?: TaskRun;
  /** What stands in front of its lines. */
  readonly task: string;
}

/** What was found under the name of the run. */
interface Found {
  readonly sources: readonly Source[];
  /** Whether nothing more will come. */
  readonly done: boolean;
}

/** While a run is followed, it is asked this often, in milliseconds, what has started. */
const lookEveryMs = 500;

/**
 * Shows the logs of a run, task by task and step by step, each line with `[task : step]` before it. 1 when one that there was
 * cannot be had any more: why is told.
 */
export async function logsCommand(command: LogsCommand, environment: CliEnvironment): Promise<number> {
  const stop = new AbortController();
  const forget = environment.onInterrupt(() => stop.abort());
  try {
    const whole = await withServer(environment, command, (_client, connection) =>
      show(command, connection, environment, stop.signal),
    );
    if (stop.signal.aborted) return exitCodes.cancelled;
    return whole ? exitCodes.succeeded : exitCodes.failed;
  } finally {
    forget();
  }
}

async function show(
  command: LogsCommand,
  connection: Connection,
  environment: CliEnvironment,
  signal: AbortSignal,
): Promise<boolean> {
  const key = { namespace: command.namespace ?? connection.namespace, name: command.run };
  const missed = new Set<string>();
  const shown = new Set<string>();
  const tasks = new Set<string>();
  const steps = new Set<string>();
  while (!signal.aborted) {
    const { sources, done } = await find(connection, key);
    let isNew = false;
    for (const source of sources) {
      tasks.add(source.task);
      if (command.task !== undefined && source.task !== command.task) continue;
      for (const step of await stepsOf(connection, source)) {
        steps.add(step);
        const id = `${source.key.name}/${step}`;
        if (shown.has(id) || (command.step !== undefined && step !== command.step)) continue;
        const missing = (why: string): void => {
          if (!missed.has(id)) environment.screen.writeError(`[${source.task} : ${step}] there is no log: ${why}\n`);
          missed.add(id);
        };
        const wishes: LogWishes = { follow: command.follow, timestamps: command.timestamps, signal, missing };
        if (await print(environment, source.task, step, stepLog(connection, source, step, wishes))) {
          shown.add(id);
          isNew = true;
        }
      }
    }
    if (!command.follow || (done && !isNew)) {
      refuseUnknown(command, key, tasks, steps);
      break;
    }
    if (!isNew) await sleep(environment.clock, lookEveryMs, signal).catch(() => undefined);
  }
  return missed.size === 0;
}

/** A name that nothing bears is told: silence would look like a task or step that wrote nothing. */
function refuseUnknown(
  { task, step }: LogsCommand,
  key: ObjectKey,
  tasks: ReadonlySet<string>,
  steps: ReadonlySet<string>,
): void {
  const run = `${key.namespace}/${key.name}`;
  if (task !== undefined && !tasks.has(task)) {
    throw noLogs(`no task ${task} of ${run} has started`, 'the tasks that have', [...tasks]);
  }
  if (step !== undefined && !steps.has(step)) {
    const place = task === undefined ? run : `the task ${task} of ${run}`;
    throw noLogs(`no step ${step} of ${place} has started`, 'the steps that have', [...steps]);
  }
}

function noLogs(message: string, what: string, names: readonly string[]): UserError {
  const remedy =
    names.length > 0 ? `${what}: ${names.join(', ')}` : 'nothing of it has started yet; --follow waits for it';
  return new UserError(message, { code: 'NO_LOGS', remedy });
}

async function find(connection: Connection, key: ObjectKey): Promise<Found> {
  const { client } = connection;
  const run = await unlessMissing(client, pipelineRuns, key);
  if (run !== undefined) return { sources: await tasksOf(client, run), done: isDone(run) };
  const single = await unlessMissing(client, taskRuns, key);
  if (single !== undefined) return { sources: [{ key, object: single, task: taskName(single) }], done: isDone(single) };
  const kept = await keptSteps(connection, key);
  if (kept.steps.length > 0) return { sources: [{ key, task: key.name }], done: true };
  const why = 'why' in kept ? kept.why : 'no log of one is kept';
  throw new UserError(`there is no run ${key.namespace}/${key.name}, and ${why}`, {
    code: 'NO_LOGS',
    remedy: 'after a PipelineRun is gone, ask for its TaskRuns by name',
  });
}

async function tasksOf(client: ApiClient, run: PipelineRun): Promise<readonly Source[]> {
  const { namespace, name } = keyOf(run);
  const labelSelector = `tekton.dev/pipelineRun=${name}`;
  const { items } = await client.list(taskRuns, { namespace, labelSelector });
  return items
    .map((object) => ({ key: keyOf(object), object, task: taskName(object) }))
    .toSorted((a, b) => (startOf(a.object) < startOf(b.object) ? -1 : 1));
}

function startOf({ status, metadata }: TaskRun): string {
  return `${status?.startTime ?? metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`;
}

function taskName({ metadata }: TaskRun): string {
  return metadata.labels?.['tekton.dev/pipelineTask'] ?? metadata.name ?? '';
}

/** In the order in which they run. */
async function stepsOf(connection: Connection, { key, object }: Source): Promise<readonly string[]> {
  const known = (object?.status?.steps ?? []).map(({ name }) => name ?? '').filter((name) => name !== '');
  return known.length > 0 ? known : (await keptSteps(connection, key)).steps;
}

async function unlessMissing<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await client.get(type, key);
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}

/** Prints whole lines, as they come. Answers whether there was anything. */
async function print(
  { screen }: CliEnvironment,
  task: string,
  step: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const decoder = new TextDecoder();
  let held = '';
  let any = false;
  for await (const chunk of chunks) {
    any = true;
    const lines = (held + decoder.decode(chunk, { stream: true })).split('\n');
    held = lines.pop() ?? '';
    if (lines.length > 0) screen.write(lines.map((line) => `[${task} : ${step}] ${line}\n`).join(''));
  }
  held += decoder.decode();
  if (held !== '') screen.write(`[${task} : ${step}] ${held}\n`);
  return any;
}
