import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { runKeys } from '../forge/kinds/run-keys.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { succeededCondition } from '../tekton/pipeline-run/children.ts';
import type { PipelineRun } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Runs that a Repository remembers, as published. */
const entriesMax = 5;
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
 * Adds a run that has ended to `pipelinerun_status` of its Repository, which people and `tkn pac` look at. Nothing depends on
 * it: what cannot be written is logged, and that is all.
 */
export async function rememberRun(
  { client, logger }: { readonly client: ApiClient; readonly logger: Logger },
  repository: Repository,
  run: PipelineRun,
  spec: CommitStatusSpec,
): Promise<void> {
  try {
    await addEntry(client, repository, entryOf(run, spec));
  } catch (thrown) {
    logger.warn('a run could not be added to the history of its Repository', {
      repository: keyText(keyOf(repository)),
      run: run.metadata.name ?? '',
      error: errorText(thrown),
    });
  }
}

async function addEntry(client: ApiClient, repository: Repository, entry: HistoryEntry): Promise<void> {
  for (let tries = 1; ; tries++) {
    const live: RepositoryWithHistory = await client.get(repositories, keyOf(repository));
    const before = (live.pipelinerun_status ?? []).filter((one) => one.pipelineRunName !== entry.pipelineRunName);
    const { uid = '', resourceVersion = '' } = live.metadata;
    const entries = [...before, entry].slice(-entriesMax) as never;
    try {
      await client.patch(
        repositories,
        keyOf(repository),
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
