/** Pages from the objects as they are now. */
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { globalRepositoryKey } from '../../forge/access/global-repository.ts';
import { type CompleteRepository, withDefaults } from '../../forge/access/with-defaults.ts';
import { type CommitStatus, commitStatuses } from '../../forge/kinds/commit-status.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { repositories } from '../../forge/kinds/repository.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { statusTargetOf } from '../../forge/kinds/status-target.ts';
import { maskerOf } from '../../telemetry/secret-mask.ts';
import { label } from '../../tekton/pipeline-run/labels.ts';
import { type PipelineRun, pipelineRuns, taskRuns } from '../../tekton/types.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { found } from '../api-reads.ts';
import { repositoryOf } from '../desired.ts';
import type { ReadLog } from '../excerpts.ts';
import { secretsOfRepository, secretsOfRun, type SecretValues } from '../run-secrets.ts';
import { statusKeyOf } from '../status-name.ts';
import { lastLines } from '../text/log-findings.ts';
import type { Snippet } from '../text/run-text.ts';
import { type FailedStep, allFailedSteps } from '../text/task-lines.ts';
import { deliveryPage } from './delivery-page.ts';
import { type DetailsPage, pageLabelOf } from './details-path.ts';
import { keptPage } from './kept-page.ts';
import { cleanPage, type Page } from './page.ts';
import { runPage, type RunPageFacts, type StepLog } from './run-page.ts';

/** Most failed steps whose logs a page has. */
export const logsMax = 5;
/** Most lines, and bytes, of each of them. */
export const logLinesMax = 100;
export const logBytesMax: number = 64 * 1024;
/** Longest time that a page waits for logs, in milliseconds. */
export const logMsMax = 10_000;
/** Most TaskRuns, attempts and statuses that are read for a page, each. */
const readMax = 500;
/** Longest value of a label; names of objects may be longer. */
const labelCharactersMax = 63;

export interface PageReaderOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly readLog: ReadLog;
  readonly secretValues: SecretValues;
  /** Where Deliveries are. */
  readonly systemNamespace: string;
  /** Only objects in this namespace may be read; absent = in all. */
  readonly namespace?: string;
}

/** A page, ready to be shown, and whether anything is left of what it is about. */
export interface ReadPage {
  readonly page: Page;
  readonly isGone: boolean;
}

/** Reads what a page is about. Rejects when the API does not answer. */
export async function readPage(options: PageReaderOptions, page: DetailsPage, settings: Settings): Promise<ReadPage> {
  if (page.kind === 'delivery') {
    const place = { namespace: options.systemNamespace, name: page.name };
    const delivery = await found(options.client.get(deliveries, place));
    return delivery === undefined ? gonePage(options, page) : liveDelivery(options, delivery);
  }
  const run = await found(options.client.get(pipelineRuns, page));
  return run === undefined ? gonePage(options, page) : liveRun(options, run, settings);
}

async function liveRun(options: PageReaderOptions, run: PipelineRun, settings: Settings): Promise<ReadPage> {
  const { client } = options;
  const { namespace = '', labels = {} } = run.metadata;
  const series = labels[penstockKeys.series];
  const [children, attempts, shown, repository] = await Promise.all([
    list(client.list(taskRuns, { namespace, labelSelector: childrenOf(run), limit: readMax })),
    series === undefined
      ? [run]
      : list(
          client.list(pipelineRuns, { namespace, labelSelector: `${penstockKeys.series}=${series}`, limit: readMax }),
        ),
    statusOf(client, run),
    repositoryAt(options, namespace, repositoryOf(run)),
  ]);
  const secrets = await secretsIn(options, secretsOfRun(run, children, repository));
  const logs = await logsFor(options, { run, taskRuns: children, secrets, settings });
  return {
    page: cleanPage(runPage({ run, taskRuns: children, attempts, shown, ...logs }), maskIn(secrets)),
    isGone: false,
  };
}

function childrenOf({ metadata: { name = '', uid = '' } }: PipelineRun): string {
  return name.length > labelCharactersMax ? `${label.pipelineRunUid}=${uid}` : `${label.pipelineRun}=${name}`;
}

async function liveDelivery(options: PageReaderOptions, delivery: Delivery): Promise<ReadPage> {
  const { runs = [], notices = [] } = delivery.status ?? {};
  const concerned = new Map(
    [...runs, ...notices].map(({ namespace, repository: name }) => [`${namespace}/${name}`, { namespace, name }]),
  );
  const values = await Promise.all([...concerned.values()].map((place) => repositorySecrets(options, place)));
  return { page: cleanPage(deliveryPage(delivery), maskerOf(values.flat())), isGone: false };
}

async function repositorySecrets(
  options: PageReaderOptions,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<readonly string[]> {
  // What cannot be masked is not shown: the page fails.
  return valuesOf(options, secretsOfRepository(await repositoryAt(options, namespace, name)));
}

async function valuesOf({ secretValues }: PageReaderOptions, places: readonly ObjectKey[]): Promise<readonly string[]> {
  return (await Promise.all(places.map(({ namespace, name }) => secretValues(namespace, name)))).flat();
}

/** The texts that are kept were masked when they were written. */
async function gonePage({ client, namespace }: PageReaderOptions, page: DetailsPage): Promise<ReadPage> {
  const within = page.kind === 'run' ? page.namespace : namespace;
  const kept = await list(
    client.list(commitStatuses, {
      ...(within === undefined ? {} : { namespace: within }),
      labelSelector: `${penstockKeys.page}=${pageLabelOf(page)}`,
      limit: readMax,
    }),
  );
  return { page: cleanPage(keptPage(page, kept), (text) => text), isGone: kept.length === 0 };
}

async function statusOf(client: ApiClient, run: PipelineRun): Promise<CommitStatus | undefined> {
  const [target, repository] = [statusTargetOf(run), repositoryOf(run)];
  if (target === undefined || repository === undefined) return undefined;
  const namespace = run.metadata.namespace ?? '';
  return found(client.get(commitStatuses, statusKeyOf({ namespace, repository, target })));
}

/** With what it takes over from the global one: the Secrets of that one's params, too. */
async function repositoryAt(
  { client, systemNamespace }: PageReaderOptions,
  namespace: string,
  name: string | undefined,
): Promise<CompleteRepository | undefined> {
  if (name === undefined) return undefined;
  const places = [{ namespace, name }, globalRepositoryKey(systemNamespace)];
  const [own, global] = await Promise.all(places.map((place) => found(client.get(repositories, place))));
  return own && withDefaults(own, global);
}

async function list<T>(answer: Promise<{ readonly items: readonly T[] }>): Promise<readonly T[]> {
  return (await answer).items;
}

/** Values to be masked, or why nobody knows them: then nothing of a log may be shown. */
type Secrets = readonly string[] | { readonly unknown: string };

async function secretsIn(options: PageReaderOptions, places: readonly ObjectKey[]): Promise<Secrets> {
  try {
    return await valuesOf(options, places);
  } catch (thrown) {
    return { unknown: `the secrets to be masked could not be read: ${errorText(thrown)}` };
  }
}

function maskIn(secrets: Secrets): (text: string) => string {
  return maskerOf('unknown' in secrets ? [] : secrets);
}

async function logsFor(
  options: PageReaderOptions,
  subject: Pick<RunPageFacts, 'run' | 'taskRuns'> & { readonly secrets: Secrets; readonly settings: Settings },
): Promise<Pick<RunPageFacts, 'logs' | 'noLogs'>> {
  const { run, taskRuns: children, secrets, settings } = subject;
  const failed = allFailedSteps(run, children).slice(0, logsMax);
  if (failed.length === 0) return { logs: [] };
  if (!settings.logSnippet) return { logs: [], noLogs: 'the setting error-log-snippet is off' };
  if ('unknown' in secrets) return { logs: [], noLogs: secrets.unknown };
  return { logs: await logsWithin(options, failed) };
}

async function logsWithin(options: PageReaderOptions, failed: readonly FailedStep[]): Promise<readonly StepLog[]> {
  const giveUp = new AbortController();
  let cancel: CancelTimer = () => undefined;
  const late: Snippet = { unavailable: `it could not be read within ${logMsMax / 1_000} s` };
  const tooLate = new Promise<Snippet>((resolve) => {
    cancel = options.clock.schedule(logMsMax, () => resolve(late));
  });
  const reads = failed.map((step) => Promise.race([logOf(options, step, giveUp.signal), tooLate]));
  const logs = await Promise.all(reads);
  cancel();
  giveUp.abort();
  return failed.flatMap((step, index) => {
    const log = logs[index];
    return log === undefined ? [] : [{ step, log }];
  });
}

async function logOf(
  { readLog }: PageReaderOptions,
  { taskRun, step }: FailedStep,
  signal: AbortSignal,
): Promise<Snippet> {
  const { podName } = taskRun.status ?? {};
  const { namespace = '', name = '' } = taskRun.metadata;
  if (podName === undefined) return { unavailable: 'there is no pod' };
  // One more than is shown: the last line may be an empty one.
  const place = {
    namespace,
    taskRun: name,
    podName,
    step: step.name,
    container: step.container,
    tailLines: logLinesMax + 1,
  };
  try {
    return { lines: lastLines(await readLog({ ...place, bytesMax: logBytesMax }, signal), logLinesMax) };
  } catch (thrown) {
    return { unavailable: errorText(thrown) };
  }
}
