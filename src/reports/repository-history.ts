import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { ControllerHost, ControllerQueue, ReconcileResult, Reconciler } from '../controller/contract.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { runKeys } from '../forge/kinds/run-keys.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import { succeededCondition } from '../tekton/pipeline-run/children.ts';
import type { PipelineRun } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Runs that a Repository remembers, as published. */
const entriesMax = 5;
/** Shortest time between two writes to one Repository, in milliseconds: each wakes all who watch it. */
export const historySpacingMs = 1_000;
/** Tries of a write that meets another one. */
const triesMax = 4;

interface HistoryEntry {
  readonly pipelineRunName?: string;
  readonly [member: string]: unknown;
}

interface RepositoryWithHistory extends Repository {
  readonly pipelinerun_status?: readonly HistoryEntry[];
}

/**
 * Adds runs that have ended to `pipelinerun_status` of their Repositories, which people and `tkn pac` look at: the first at
 * once, and together what ends soon after it. Nothing depends on it: what cannot be written is logged, and that is all.
 */
export class RepositoryHistory implements Reconciler {
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #queue: ControllerQueue;
  /** What the next write adds, for Repositories that one is due for or that were written lately. */
  readonly #waiting = new Map<string, readonly HistoryEntry[]>();

  /** Registers itself with `host`. */
  constructor(options: { readonly client: ApiClient; readonly logger: Logger; readonly host: ControllerHost }) {
    this.#client = options.client;
    this.#logger = options.logger;
    this.#queue = options.host.controller({ name: 'repository-history', reconciler: this, workers: 1 });
  }

  remember(repository: Repository, run: PipelineRun, spec: CommitStatusSpec): void {
    const key = keyOf(repository);
    const waiting = this.#waiting.get(keyText(key));
    this.#waiting.set(keyText(key), withEntries(waiting ?? [], [entryOf(run, spec)]));
    if (waiting === undefined) this.#queue.add(key);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const entries = this.#waiting.get(keyText(key)) ?? [];
    if (entries.length === 0) {
      this.#waiting.delete(keyText(key));
      return {};
    }
    this.#waiting.set(keyText(key), []);
    try {
      await addEntries(this.#client, key, entries);
    } catch (thrown) {
      this.#logger.warn('runs could not be added to the history of their Repository', {
        repository: keyText(key),
        runs: entries.map(({ pipelineRunName = '' }) => pipelineRunName).join(', '),
        error: errorText(thrown),
      });
    }
    return { requeueAfterMs: historySpacingMs };
  }
}

/** As many as are remembered, the last that ended last; of one run the last word. */
function withEntries(before: readonly HistoryEntry[], added: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const names = new Set(added.map(({ pipelineRunName }) => pipelineRunName));
  return [...before.filter(({ pipelineRunName }) => !names.has(pipelineRunName)), ...added].slice(-entriesMax);
}

async function addEntries(client: ApiClient, key: ObjectKey, added: readonly HistoryEntry[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    const live: RepositoryWithHistory = await client.get(repositories, key);
    const { uid = '', resourceVersion = '' } = live.metadata;
    const entries = withEntries(live.pipelinerun_status ?? [], added) as never;
    try {
      await client.patch(
        repositories,
        key,
        { metadata: { uid, resourceVersion }, pipelinerun_status: entries },
        { type: 'merge' },
      );
      return;
    } catch (thrown) {
      if (!isApiError(thrown, 'Conflict') || tries === triesMax) throw thrown;
    }
  }
}

// tidy: table
function entryOf({ metadata, status }: PipelineRun, { report }: CommitStatusSpec): HistoryEntry {
  const annotations = metadata.annotations ?? {};
  const condition = succeededCondition(status);
  const entry: Readonly<Record<string, unknown>> = {
    pipelineRunName: metadata.name ?? '',
    startTime: status?.startTime,
    completionTime: status?.completionTime,
    sha: report.sha,
    sha_url: annotations[runKeys.shaUrl],
    title: annotations[runKeys.shaTitle],
    logurl: report.detailsUrl,
    target_branch: annotations[runKeys.branch],
    event_type: annotations[runKeys.eventType],
    conditions: condition === undefined ? [] : [condition],
  };
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}
