import { type Clock, sleep } from '../base/clock.ts';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { ControllerOptions } from '../cli/environment.ts';
import { createClient } from '../client/client.ts';
import { Manager } from '../controller/manager.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import type { ObservedLister } from '../controller/contract.ts';
import type { Transport } from '../kube/transport.ts';
import type { LogArchive } from '../logs/log-archive.ts';
import { createDetailsMount } from '../server/details-mount.ts';
import { createHooksMount } from '../server/hooks-mount.ts';
import type { ReadinessCheck } from '../server/health-mount.ts';
import type { Listener } from '../server/listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GitEvents } from './git-events.ts';
import { listenOn, listenWithFolder } from './listen.ts';

/** So long webhooks are taken after a stop, in milliseconds: they are sent here a little longer, and not every host tries again. */
export const hooksDrainMs = 5_000;

/** What the way in is made of besides. */
export interface ClusterHooksParts {
  readonly transport: Transport;
  readonly logger: Logger;
  /** Logs of steps whose pods are gone; absent = they are not kept. */
  readonly archive?: LogArchive;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** The way in for webhooks of one replica. Every replica takes them, whoever leads: it needs nothing but a cache of Repositories. */
export class ClusterHooks {
  readonly #clock: Clock;
  readonly #manager: Manager;
  readonly #known: ObservedLister<Repository>;
  readonly #listener: Listener;
  readonly #stopping = new AbortController();

  private constructor(clock: Clock, manager: Manager, known: ObservedLister<Repository>, listener: Listener) {
    this.#clock = clock;
    this.#manager = manager;
    this.#known = known;
    this.#listener = listener;
  }

  /** Listens where `--hooks-port` says; undefined when it says nothing. Webhooks are refused until the cache is filled. */
  static async listen(
    { hooks, namespace }: Pick<ControllerOptions, 'hooks' | 'namespace'>,
    git: GitEvents,
    { transport, logger, archive, clock = systemClock }: ClusterHooksParts,
  ): Promise<ClusterHooks | undefined> {
    if (hooks === undefined) return undefined;
    const { host, port, tlsFolder } = hooks;
    const client = createClient(transport);
    const parts = { clock, random: systemRandom, logger };
    const scope = namespace === undefined ? {} : { namespace };
    const manager = new Manager({ ...parts, client, dropManagedFields: true, ...scope });
    const known = manager.informer(repositories);
    const pages = git.pages({ client, ...scope, ...(archive === undefined ? {} : { archive }) });
    const otherwise = createDetailsMount({ pages });
    const mount = createHooksMount({ ...parts, receiver: git.inbox(client, known), otherwise });
    const at = { mount, host, port };
    const listener = await (tlsFolder === undefined
      ? listenOn(at, '--hooks-port')
      : listenWithFolder(at, '--hooks-port', { folder: tlsFolder, code: 'HOOKS_TLS', clock, logger }));
    return new ClusterHooks(clock, manager, known, listener);
  }

  get url(): string {
    return `${this.#listener.url}/hooks`;
  }

  /** Fills the cache; resolves once it is filled, or stopped before. */
  async start(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#manager.start(signal).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
    });
  }

  readiness(): readonly ReadinessCheck[] {
    const ok = this.#known.hasSynced();
    return [{ name: 'hooks', ok, detail: ok ? 'webhooks are taken' : 'waiting for the Repositories' }];
  }

  /** Takes webhooks for {@link hooksDrainMs} more, where it took any, and ends. */
  async stop(): Promise<void> {
    if (this.#known.hasSynced()) await sleep(this.#clock, hooksDrainMs);
    this.#stopping.abort();
    await this.#listener.close();
    await this.#manager.stop();
  }
}
