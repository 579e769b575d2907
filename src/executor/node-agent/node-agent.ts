import { join } from 'node:path';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { persistentVolumeClaims, pods } from '../../kube/core-types.ts';
import type { PodLogSource } from '../../kube/pod-log-source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { CacheHost } from '../../controller/contract.ts';
import { PodLogs } from '../logs/pod-logs.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { ClaimBinder } from './claims.ts';
import { noLogs } from './container-logs.ts';
import { keepNodeRegistered } from './node-registration.ts';
import type { NodeFacts } from './pod-fields.ts';
import { DirectoryJournal, MemoryJournal, type PodJournal } from './pod-journal.ts';
import { PodKeeper } from './pod-keeper.ts';

/** Pods that run at a time, when nothing else is said; more wait, in the order they came. */
export const maxPodsDefault = 110;

/** How often directories of pods and claims that went while nobody looked are searched for. */
const sweepMs = 60_000;

/** What a node agent is made of. */
export interface NodeAgentOptions {
  readonly client: ApiClient;
  readonly host: CacheHost;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Pods with this `spec.nodeName` are ours. */
  readonly nodeName: string;
  /** Pods that run at a time. Default {@link maxPodsDefault}. */
  readonly maxPods?: number;
  /** Where pods, logs and volumes live: `pods/`, `logs/`, `volumes/`. Required unless the runtime uses no directories. */
  readonly directory?: string;
  /** Which pods were begun by the agent before; for runtimes without directories. Default: none. */
  readonly journal?: PodJournal;
  /** Default: one core, 1 GiB, loopback. */
  readonly facts?: NodeFacts;
  /** Trusted: claims (`namespace/name`) that are directories of the user's. They are never deleted. */
  readonly claimDirectories?: ReadonlyMap<string, string>;
  /** Trusted: host paths that pods may mount by hostPath volumes. Default: none. */
  readonly hostPaths?: readonly string[];
  /** Where logs are kept, if it was made before the agent (for the API server). Default: `<directory>/logs`. */
  readonly podLogs?: PodLogs;
  /** Most bytes of a container's log. */
  readonly logBytesMax?: number;
}

/** A kubelet for the embedded home. */
export interface NodeAgent {
  /** The logs of this node's pods; absent when the runtime uses no directories. */
  readonly podLogs: PodLogSource | undefined;
  /** Ends what a dead predecessor left, and begins to run pods. Resolves with the runtime's notices for the user. */
  start(): Promise<readonly string[]>;
  /** Kills every container and resolves when none is left. Writes nothing: the next agent reports these pods lost. */
  stop(): Promise<void>;
}

const factsDefault: NodeFacts = { cpuCores: 1, memoryBytes: 2 ** 30, hostIp: '127.0.0.1' };

/** Makes a node agent. It follows `host`'s caches at once, and runs nothing before {@link NodeAgent.start}. */
export function createNodeAgent(options: NodeAgentOptions): NodeAgent {
  const { client, host, runtime, clock, logger, directory = '' } = options;
  if (runtime.usesDirectories && directory === '') throw new TypeError('this runtime needs a directory');
  const { facts = factsDefault, maxPods = maxPodsDefault, claimDirectories = new Map(), hostPaths = [] } = options;
  const stopping = new AbortController();
  const onDisk = runtime.usesDirectories;
  const logBytes = options.logBytesMax === undefined ? {} : { bytesMax: options.logBytesMax };
  const newLogs = (): PodLogs => new PodLogs({ directory: join(directory, 'logs'), clock, logger, ...logBytes });
  const logs = onDisk ? (options.podLogs ?? newLogs()) : undefined;
  const journal = options.journal ?? (onDisk ? new DirectoryJournal(join(directory, 'pods')) : new MemoryJournal());
  const volumesDirectory = onDisk ? join(directory, 'volumes') : '';
  const shared = { ...options, facts, signal: stopping.signal };
  const claims = new ClaimBinder({ ...shared, directory: volumesDirectory, claimDirectories });
  const volumes = { claimDirectory: claims.directoryOf.bind(claims), hostPaths };
  const keeper = new PodKeeper({ ...shared, logs: logs ?? noLogs, volumes, journal, maxPods });
  const podCache = host.informer(pods);
  const claimCache = host.informer(persistentVolumeClaims);
  keeper.register(podCache);
  claims.register(claimCache);

  const sweep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(clock, sweepMs, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted || !podCache.hasSynced() || !claimCache.hasSynced()) continue;
      await Promise.all([keeper.sweep(podCache), claims.sweep(claimCache)]).catch((error: unknown) => {
        logger.warn('what deleted pods left could not be removed', { error });
      });
    }
  };
  const background: Promise<void>[] = [];
  return {
    podLogs: logs,
    async start() {
      const notices = await runtime.start();
      for (const container of journal.earlierContainers()) await runtime.endLeftover(container);
      const description = { nodeName: options.nodeName, maxPods, facts, runtimeName: runtime.name };
      background.push(keepNodeRegistered({ client, clock, logger }, description, stopping.signal), sweep());
      keeper.start();
      return notices;
    },
    async stop() {
      stopping.abort();
      await keeper.stopped();
      await Promise.all(background);
    },
  };
}
