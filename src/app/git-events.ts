import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type Deferred, deferred } from '../base/deferred.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { ControllerName } from '../cli/environment.ts';
import type { CacheHost, ControllerHost, Lister } from '../controller/contract.ts';
import type { Place } from '../controller/manager.ts';
import { webhookFormats } from '../forge/forges.ts';
import { CloneServer } from '../forge/git/clone-server.ts';
import { createGitForge } from '../forge/git/git-forge.ts';
import { createGitProgram, type GitSurroundings } from '../forge/git/git-program.ts';
import type { WarningRecorder } from '../engine/warning-recorder.ts';
import type { HookReceiver } from '../forge/hook-receiver.ts';
import { deliveries } from '../forge/kinds/delivery.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { type OpenForges, openForges } from '../forge/open-forges.ts';
import type { PostFence } from '../forge/post-fence.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import type { LogArchive } from '../logs/log-archive.ts';
import { createFetch, type FetchLike, type OutgoingFetch, type ProxySettings } from '../net/outgoing-fetch.ts';
import { createReports } from '../reports/create-reports.ts';
import { createDetailsPages, type DetailsPages } from '../reports/details/create-details.ts';
import { DetailsKey } from '../reports/details/details-key.ts';
import { detailsLinks } from '../reports/details/details-links.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { triggersAdmission } from '../triggers/admission/triggers-admission.ts';
import { createInbox } from '../triggers/inbox/create-inbox.ts';
import { keptOrLive } from './archived-log.ts';
import { collectWaitingPushes } from './waiting-pushes.ts';
import { registerRetention } from '../triggers/inbox/retention.ts';
import { createTriggers } from '../triggers/planner/create-triggers.ts';
import { repositoryEvents } from '../triggers/planner/repository-events.ts';
import { fetchingRemote } from '../triggers/resolve/fetching-remote.ts';
import { registerSchedules } from '../triggers/schedules/schedule-controller.ts';
import { secretReader } from '../triggers/secret-reader.ts';

/** What {@link GitEvents} are made of. */
export interface GitEventsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where Deliveries, settings and the App's secret are. */
  readonly systemNamespace: string;
  readonly proxy?: ProxySettings;
  /** Plain repositories can be used: git, and a folder for copies of those behind SSH; with a key steps can clone them. */
  readonly git?: { readonly surroundings: GitSurroundings; readonly cache: string; readonly cloneKey?: string };
  /**
   * This process says with `servedPages` where the pages that explain statuses are, which counts where the settings do not;
   * until then no status is worked out. Otherwise only the settings say it.
   */
  readonly servesPages?: true;
  /** Sees every request to a Git host. */
  readonly observeFetch?: (fetch: FetchLike) => FetchLike;
}

/** Bytes of the key by which links to pages are signed. */
const detailsKeyBytes = 32;

/** What a manager is given to work with, and for whom. */
export interface GitControllers {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly names: readonly ControllerName[];
  readonly events: WarningRecorder;
  /** Open only while this process leads: nothing is told to a Git host otherwise. Absent = it is the only one. */
  readonly fence?: PostFence;
  /** Logs of steps whose pods are gone; absent = they are read from pods. */
  readonly archive?: LogArchive;
}

/** From what pages are made. */
export interface GitPages {
  readonly client: ApiClient;
  /** Only objects in this namespace may be read; absent = in all. */
  readonly namespace?: string;
  readonly archive?: LogArchive;
}

/**
 * What one process has to do with Git hosts: connections and budgets, which outlive the managers whose controllers use them,
 * and the way in for webhooks.
 */
export class GitEvents implements Disposable {
  readonly forges: OpenForges;
  /** Absent where plain repositories cannot be used. */
  readonly clones: CloneServer | undefined;
  readonly #options: GitEventsOptions;
  readonly #definitions: OutgoingFetch;
  readonly #pagesAddress: Deferred<string | undefined> = deferred();

  constructor(options: GitEventsOptions) {
    const { clock, random, logger, proxy, git, observeFetch, servesPages } = options;
    this.#options = options;
    if (servesPages !== true) this.servedPages(undefined);
    const { cloneKey: key } = git ?? {};
    this.clones = git && key ? new CloneServer({ clock, surroundings: git.surroundings, key }) : undefined;
    // What definitions name is somebody else's word: nothing private is reached for it.
    this.#definitions = createFetch({ clock, ...(proxy === undefined ? {} : { proxy }) });
    this.forges = openForges({
      clock,
      random,
      logger,
      ...(proxy === undefined ? {} : { proxy }),
      ...(observeFetch === undefined ? {} : { observeFetch }),
      ...(git === undefined ? {} : { git: this.#plainGit(git) }),
    });
  }

  /** Where there are Deliveries: managers whose controllers are registered look for them nowhere else. */
  get places(): readonly Place[] {
    return [{ type: deliveries, namespace: this.#options.systemNamespace }];
  }

  /** Gives the controllers that `names` asks for to a manager. */
  register({ client, host, names, events, archive, fence }: GitControllers): void {
    const { clock, random, logger, metrics, systemNamespace } = this.#options;
    const forges = fence === undefined ? this.forges : this.forges.within(fence);
    const parts = { client, host, clock, random, logger, metrics, systemNamespace, events, forges };
    const readSecret = secretReader(client);
    if (names.includes('triggers')) {
      const fetcher = fetchingRemote(this.#definitions);
      createTriggers({ ...parts, readSecret, fetcher });
      registerSchedules({ ...parts, events: repositoryEvents({ client, clock, logger }) });
      registerRetention(parts);
    }
    if (names.includes('reports')) {
      const readLog = keptOrLive(archive, client);
      const details = detailsLinks(this.#detailsKey(client), this.#pagesAddress.promise);
      createReports({ ...parts, ...readLog, details, readSecret });
    }
  }

  /** The rules of Repositories and Deliveries, with a cache of `host`. */
  admission(host: CacheHost): AdmissionPlugin {
    const { clock, systemNamespace } = this.#options;
    const known = host.informer(repositories);
    return triggersAdmission({ clock, systemNamespace, listRepositories: () => known.list() });
  }

  /** The way in for webhooks. `known` is a cache that is kept as long as somebody listens. */
  inbox(client: ApiClient, known: Lister<Repository>): HookReceiver {
    const { clock, random, logger, metrics, systemNamespace } = this.#options;
    return createInbox({
      client,
      systemNamespace,
      formats: webhookFormats,
      repositories: known,
      readSecret: secretReader(client),
      clock,
      random,
      logger,
      metrics,
    });
  }

  /** Says where the pages are, as long as the settings do not; the first word counts. undefined = nowhere. */
  servedPages(address: string | undefined): void {
    this.#pagesAddress.resolve(address);
  }

  /** The pages that statuses lead to. Logs come from `archive`, if there is one, else from pods. */
  pages({ client, namespace, archive }: GitPages): DetailsPages {
    const { clock, logger, systemNamespace } = this.#options;
    return createDetailsPages({
      client,
      clock,
      logger,
      systemNamespace,
      key: this.#detailsKey(client),
      ownAddress: this.#pagesAddress.promise,
      ...(namespace === undefined ? {} : { namespace }),
      ...keptOrLive(archive, client),
    });
  }

  #detailsKey(client: ApiClient): DetailsKey {
    const { clock, logger, systemNamespace } = this.#options;
    const newKey = (): string => randomBytes(detailsKeyBytes).toString('hex');
    return new DetailsKey({ client, clock, logger, systemNamespace, newKey });
  }

  /** Asks the hooks of plain repositories of this machine for what they could not tell while nobody listened. */
  async collectWaitingPushes(known: readonly Repository[]): Promise<void> {
    const { clock, random, logger, git } = this.#options;
    if (git === undefined) return;
    const program = createGitProgram({ clock, surroundings: git.surroundings });
    await collectWaitingPushes({ git: program, clock, random }, known, logger);
  }

  [Symbol.dispose](): void {
    this.servedPages(undefined);
    this.forges.close();
    this.#definitions.close();
  }

  #plainGit({ surroundings, cache }: NonNullable<GitEventsOptions['git']>): ReturnType<typeof createGitForge> {
    const { clock, random } = this.#options;
    const { clones } = this;
    const git = createGitProgram({ clock, surroundings });
    const forge = createGitForge({ git, clock, random, cache: join(cache, 'git'), ...(clones ? { clones } : {}) });
    if (clones) clones.directoryOf = (project) => forge.directoryOf(project);
    return forge;
  }
}
