import { type Clock, fromRfc3339, toRfc3339 } from '../base/clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { Lister, ReconcileResult, Reconciler } from '../controller/contract.ts';
import { isTerminal } from '../forge/forge.ts';
import { type CompleteRepository, withDefaults } from '../forge/access/with-defaults.ts';
import { type CommitStatus, type CommitStatusSpec, commitStatuses } from '../forge/kinds/commit-status.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { penstockKeys, runKeys } from '../forge/kinds/run-keys.ts';
import type { LiveSettings } from '../forge/kinds/live-settings.ts';
import type { Settings } from '../forge/kinds/settings.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import { apiVersionOf } from '../kube/resource.ts';
import { maskerOf } from '../telemetry/secret-mask.ts';
import { isDone } from '../tekton/pipeline-run/children.ts';
import { type PipelineRun, pipelineRuns, type TaskRun, taskRuns } from '../tekton/types.ts';
import { found } from './api-reads.ts';
import { type ReportFacts, repositoryOf, specOfDeletedRun, specOfNotice, specOfRun } from './desired.ts';
import type { DetailsLinks } from './details/details-links.ts';
import { type DetailsPage, pageLabelOf } from './details/details-path.ts';
import type { Excerpts } from './excerpts.ts';
import type { NewestWritten } from './newest-written.ts';
import { newest, orderOf } from './order.ts';
import { secretsOfRepository, type SecretValues } from './run-secrets.ts';
import { stateOfRun } from './run-state.ts';
import { type Source, sourceOfRun } from './sources.ts';

/** How long a CommitStatus is kept after its last word, once what it tells of is gone. In milliseconds. */
export const keptMs: number = 30 * 24 * 3_600_000;
/** Those that are kept are looked at again so often. */
const lookMs = 24 * 3_600_000;
/** A run that a cache has lost and the API still has is looked for again so soon. */
const laggingMs = 1_000;
/** Longest value of a label; names of objects may be longer. */
const labelCharactersMax = 63;
/** Writes that may meet another one before the queue is asked to try later. */
const writesMax = 4;

/** What the reconciler of what is to be shown is made of. */
export interface DesireParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly statuses: Lister<CommitStatus>;
  readonly taskRuns: Lister<TaskRun>;
  readonly repositories: Lister<Repository>;
  /** The one that others take their defaults from. */
  readonly globalRepository: () => Repository | undefined;
  readonly sourcesOf: (key: ObjectKey) => readonly Source[];
  readonly settings: LiveSettings;
  readonly details: DetailsLinks;
  readonly excerpts: Excerpts;
  readonly secretValues: SecretValues;
  readonly again: (key: ObjectKey) => void;
  readonly written: NewestWritten;
  /** Told of each CommitStatus that was made here, and since when what it tells of is there. */
  readonly created: (key: ObjectKey, uid: string, since: string | undefined) => void;
  /** Told of each run whose end was written. */
  readonly ended: (run: PipelineRun, repository: Repository | undefined, spec: CommitStatusSpec) => void;
}

/** Brings `spec` of a CommitStatus in line with the runs and notices of its context. The only writer of `spec`. */
export class DesireReconciler implements Reconciler {
  readonly #parts: DesireParts;
  /** The last that was seen of runs that are gone: it may say how they ended. */
  readonly #gone = new Map<string, PipelineRun>();

  constructor(parts: DesireParts) {
    this.#parts = parts;
  }

  /** Remembers a run that is gone until its context has been looked at. */
  lost(key: ObjectKey, run: PipelineRun): void {
    this.#gone.set(keyText(key), run);
    this.#parts.again(key);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const shown = this.#parts.statuses.get(key);
    const sources = this.#parts.sourcesOf(key);
    const seen = this.#gone.get(keyText(key));
    const best = newest([...sources, ...(seen !== undefined && isDone(seen) ? [sourceOfRun(seen)] : [])]);
    const result = await this.#bring(key, shown, best, sources);
    if (result === 'waiting') return {};
    if (seen === undefined || seen !== this.#gone.get(keyText(key))) return result;
    this.#gone.delete(keyText(key));
    // Once more without it: what is left may have to go some day.
    return { requeueAfterMs: laggingMs };
  }

  async #bring(
    key: ObjectKey,
    shown: CommitStatus | undefined,
    best: Source | undefined,
    sources: readonly Source[],
  ): Promise<ReconcileResult | 'waiting'> {
    if (best !== undefined && (shown === undefined || best.attempt >= shown.spec.attempt)) {
      return this.#show(key, shown, best);
    }
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) return {};
    return this.#keep(key, shown, sources);
  }

  async #show(key: ObjectKey, shown: CommitStatus | undefined, source: Source): Promise<ReconcileResult | 'waiting'> {
    await this.#parts.settings.refresh();
    const settings = this.#parts.settings.current();
    const repository = this.#repositoryAt(key, source);
    const bare = await this.#bareFacts(source, settings, repository);
    const draft = specOf(source, bare);
    if (draft === undefined) return {};
    const uid = draft.run?.uid ?? '';
    if (orderOf(shown?.spec, draft) !== 'write') {
      this.#parts.excerpts.forget(uid);
      return {};
    }
    const facts = await this.#facts(key, source, bare, repository);
    if (facts === undefined) return 'waiting';
    const spec = specOf(source, facts);
    if (spec === undefined) return {};
    await this.#write(key, shown, spec, source, repository);
    if (source.kind === 'run' && isTerminal(spec.report.state)) this.#parts.ended(source.object, repository, spec);
    return {};
  }

  /** What a report is made from without asking anybody for quotes or secrets. */
  async #bareFacts(source: Source, settings: Settings, repository: Repository | undefined): Promise<ReportFacts> {
    const params = (repository?.spec?.params ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value] as const],
    );
    const children = source.kind === 'run' && isDone(source.object) ? await this.#childrenOf(source.object) : [];
    const detailsLink = await this.#parts.details(settings.detailsUrl);
    return { settings, detailsLink, taskRuns: children, params: Object.fromEntries(params), mask: (text) => text };
  }

  /** With quotes and the mask; undefined = they are being read. */
  async #facts(
    key: ObjectKey,
    source: Source,
    bare: ReportFacts,
    repository: Repository | undefined,
  ): Promise<ReportFacts | undefined> {
    const { settings, taskRuns: children } = bare;
    if (source.kind === 'notice') return { ...bare, mask: await this.#maskOf(repository) };
    const run = source.object;
    const state = stateOfRun(run);
    // Other texts quote nothing.
    if (!isTerminal(state) || state === 'succeeded') return bare;
    const subject = { run, taskRuns: children, repository: this.#completed(repository), settings };
    const excerpt = this.#parts.excerpts.of(subject, () => this.#parts.again(key));
    return excerpt && { ...bare, ...excerpt };
  }

  async #maskOf(repository: Repository | undefined): Promise<ReportFacts['mask']> {
    const places = secretsOfRepository(this.#completed(repository));
    const values = await Promise.all(places.map(({ namespace, name }) => this.#parts.secretValues(namespace, name)));
    return maskerOf(values.flat());
  }

  /** With what it takes over from the global one: the Secrets of that one's params, too. */
  #completed(repository: Repository | undefined): CompleteRepository | undefined {
    return repository && withDefaults(repository, this.#parts.globalRepository());
  }

  /** The TaskRuns of a run that is done, as they ended: those that the cache shows otherwise are read. */
  async #childrenOf(run: PipelineRun): Promise<readonly TaskRun[]> {
    const namespace = run.metadata.namespace ?? '';
    const names = (run.status?.childReferences ?? []).filter(({ kind }) => kind === 'TaskRun').map(({ name }) => name);
    const children = await Promise.all(names.map((name) => this.#childOf({ namespace, name })));
    return children.flatMap((child) => (child === undefined ? [] : [child]));
  }

  async #childOf(key: ObjectKey): Promise<TaskRun | undefined> {
    const cached = this.#parts.taskRuns.get(key);
    if (cached !== undefined && isDone(cached)) return cached;
    return found(this.#parts.client.get(taskRuns, key));
  }

  #repositoryAt({ namespace }: ObjectKey, source: Source): Repository | undefined {
    const name = source.kind === 'notice' ? source.notice.repository : repositoryOf(source.object);
    return name === undefined ? undefined : this.#parts.repositories.get({ namespace, name });
  }

  /** Writes `spec` unless something newer is there, however late the cache is. */
  async #write(
    key: ObjectKey,
    cached: CommitStatus | undefined,
    spec: CommitStatusSpec,
    source: Source,
    repository: Repository | undefined,
  ): Promise<void> {
    const { client, written } = this.#parts;
    const label = { [penstockKeys.page]: pageLabelOf(pageOfSource(source)) };
    let current = cached;
    for (let tries = 1; ; tries++) {
      if (orderOf(current?.spec, spec) !== 'write') return;
      try {
        if (current !== undefined)
          written.wrote(await client.update(commitStatuses, { ...withLabels(current, label), spec }));
        else await this.#create(key, spec, label, { source, repository });
        return;
      } catch (thrown) {
        const met =
          isApiError(thrown, 'Conflict') || isApiError(thrown, 'AlreadyExists') || isApiError(thrown, 'NotFound');
        if (!met || tries === writesMax) throw thrown;
        current = await found(client.get(commitStatuses, key));
      }
    }
  }

  async #create(
    key: ObjectKey,
    spec: CommitStatusSpec,
    label: Readonly<Record<string, string>>,
    { source, repository }: { readonly source: Source; readonly repository: Repository | undefined },
  ): Promise<void> {
    const { name = '', uid = '' } = repository?.metadata ?? {};
    const owner = { apiVersion: apiVersionOf(repositories), kind: repositories.kind, name, uid };
    const isLabel = spec.repository.length <= labelCharactersMax;
    const created = await this.#parts.client.create(commitStatuses, {
      apiVersion: apiVersionOf(commitStatuses),
      kind: commitStatuses.kind,
      metadata: {
        ...key,
        labels: { ...(isLabel ? { [runKeys.repository]: spec.repository } : {}), ...label },
        ...(repository === undefined ? {} : { ownerReferences: [owner] }),
      },
      spec,
    });
    this.#parts.written.wrote(created);
    this.#parts.created(key, created.metadata.uid ?? '', source.object.metadata.creationTimestamp);
  }

  /** A CommitStatus to which nothing newer is to be said. */
  async #keep(key: ObjectKey, shown: CommitStatus, sources: readonly Source[]): Promise<ReconcileResult> {
    const { run, report } = shown.spec;
    const here = sources.some((source) => source.kind === 'run' && source.object.metadata.uid === run?.uid);
    if (here) return {};
    if (run !== undefined && !isTerminal(report.state)) {
      const live = await found(this.#parts.client.get(pipelineRuns, run));
      if (live?.metadata.uid === run.uid) return { requeueAfterMs: laggingMs };
      // The CommitStatus is as the cache had it: one that was written meanwhile is not touched.
      const spec = specOfDeletedRun(shown.spec, toRfc3339(this.#parts.clock.now()));
      this.#parts.written.wrote(await this.#parts.client.update(commitStatuses, { ...shown, spec }));
      return {};
    }
    return sources.length > 0 ? {} : this.#retire(key, shown);
  }

  async #retire(key: ObjectKey, { metadata, status }: CommitStatus): Promise<ReconcileResult> {
    const lastMs = fromRfc3339(status?.acknowledged?.at ?? status?.failingSince ?? metadata.creationTimestamp) ?? 0;
    const leftMs = lastMs + keptMs - this.#parts.clock.now();
    if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, lookMs) };
    const { uid = '', resourceVersion = '' } = metadata;
    await found(this.#parts.client.delete(commitStatuses, key, { preconditions: { uid, resourceVersion } }));
    return {};
  }
}

function specOf(source: Source, facts: ReportFacts): CommitStatusSpec | undefined {
  return source.kind === 'run' ? specOfRun(source.object, facts) : specOfNotice(source.notice, source.object, facts);
}

/** The page that explains a source: what is left of it is found by it when the source is gone. */
function pageOfSource(source: Source): DetailsPage {
  const { namespace = '', name = '' } = source.object.metadata;
  return source.kind === 'run' ? { kind: 'run', namespace, name } : { kind: 'delivery', name };
}

function withLabels(object: CommitStatus, labels: Readonly<Record<string, string>>): CommitStatus {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
}
