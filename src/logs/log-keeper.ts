import { errorText } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { InformerHandler } from '../controller/contract.ts';
import { pods } from '../kube/core-types.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Pod } from '../kube/pod.ts';
import type { PodLogKeeper } from '../kube/pod-log-keeper.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import type { BlobStore } from './blob-store.ts';
import { ContainerFollower } from './container-follower.ts';
import { stepContainers } from './container-progress.ts';
import { identityOf, type LogIdentity } from './log-format.ts';
import type { LogRecorder } from './log-recorder.ts';
import { secretsOfPod } from './pod-secrets.ts';

/** The finalizer by which the engine holds pods until their verdict is stored, and their logs are settled. */
export const holdingFinalizer = 'penstock.dev/verdict';

/** How many settled pods are remembered; the finalizer of an older one was removed long ago. */
const settledMax = 10_000;

/** What a {@link LogKeeper} asks of the program that runs it: the shared cache of pods. */
export interface LogKeeperHost {
  informer<T extends KubeObject>(type: ResourceType<T>): { addHandler(handler: InformerHandler<T>): void };
}

/** What a {@link LogKeeper} is made of. */
export interface LogKeeperOptions {
  readonly client: ApiClient;
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Most bytes of one log. Default 64 MiB. */
  readonly bytesMax?: number;
  /** How long the log of a container that is over is asked for in vain, in milliseconds. Default 10 min. */
  readonly giveUpMs?: number;
}

interface FollowedPod {
  pod: Pod;
  readonly followers: readonly ContainerFollower[];
}

/**
 * Stores the logs of the steps of every pod that the engine holds, and says when a pod may go. All it remembers may be lost at
 * any time: what is stored says where to go on, and the pods that are still held say for what.
 */
export class LogKeeper implements PodLogKeeper {
  readonly #options: LogKeeperOptions;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, FollowedPod>();
  readonly #settled = new Set<string>();
  readonly #listeners: ((pod: Pod) => void)[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #onStored: (whole: boolean) => void;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    const metrics = options.metrics ?? noMetrics;
    const total = metrics.counter<'outcome'>({
      name: 'penstock_step_logs_total',
      help: 'Logs of steps that were stored, by outcome: whole, or with a gap that is marked.',
      labels: ['outcome'],
    });
    this.#onStored = (whole) => total.add(1, { outcome: whole ? 'whole' : 'gap' });
    metrics.readGauge({
      name: 'penstock_step_logs_pods',
      help: 'Pods whose logs are being stored.',
      read: () => this.#followed.size,
    });
  }

  /** Watches the pods of `host` from now on. */
  register(host: LogKeeperHost): void {
    const seen = (pod: Pod): void => this.#seen(pod);
    host.informer(pods).addHandler({
      added: seen,
      updated: (_previous, pod) => seen(pod),
      deleted: (pod) => this.#gone(pod),
    });
  }

  isSettled(pod: Pod): boolean {
    const uid = pod.metadata.uid ?? '';
    if (!isHeld(pod) || this.#settled.has(uid)) return true;
    // Whoever asks may have seen the pod first, and what was settled long ago is forgotten.
    if (!this.#followed.has(uid) && !this.#stop.signal.aborted) this.#follow(uid, pod);
    return false;
  }

  onSettled(listener: (pod: Pod) => void): void {
    this.#listeners.push(listener);
  }

  /** The log that is being recorded here, if it is. */
  recorderOf({ podUid, container }: Pick<LogIdentity, 'podUid' | 'container'>): LogRecorder | undefined {
    return this.#followed.get(podUid)?.followers.find((follower) => follower.container === container)?.recorder;
  }

  /** The logs of a TaskRun that are being recorded here. */
  recording(namespace: string, taskRun: string): readonly LogIdentity[] {
    return [...this.#followed.values()].flatMap(({ pod, followers }) =>
      followers
        .filter(({ recorder }) => recorder !== undefined)
        .map(({ container }) => identityOf(pod, container))
        .filter((log) => log.namespace === namespace && log.taskRun === taskRun),
    );
  }

  /** Stops reading and recording; what is not stored yet is read again by whoever comes next. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  #seen(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const known = this.#followed.get(uid);
    if (known !== undefined) {
      known.pod = pod;
      for (const follower of known.followers) follower.podChanged(pod);
      return;
    }
    if (!isHeld(pod) || this.#settled.has(uid) || this.#stop.signal.aborted) return;
    this.#follow(uid, pod);
  }

  #gone(pod: Pod): void {
    for (const follower of this.#followed.get(pod.metadata.uid ?? '')?.followers ?? []) follower.podGone();
  }

  #follow(uid: string, pod: Pod): void {
    let values: Promise<readonly string[]> | undefined;
    const secretsOf = (held: Pod): Promise<readonly string[]> => {
      // Once a pod; an error is not remembered.
      values ??= secretsOfPod(this.#options.client, held).catch((thrown: unknown) => {
        values = undefined;
        throw thrown;
      });
      return values;
    };
    const parts = { ...this.#options, secretsOf, onStored: this.#onStored };
    const followers = stepContainers(pod).map((container) => new ContainerFollower(parts, pod, container));
    const followed: FollowedPod = { pod, followers };
    this.#followed.set(uid, followed);
    const running = this.#run(uid, followed).catch((thrown: unknown) => {
      if (!this.#stop.signal.aborted) {
        this.#options.logger.error('following the logs of a pod ended', {
          pod: pod.metadata.name,
          error: errorText(thrown),
        });
      }
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  async #run(uid: string, followed: FollowedPod): Promise<void> {
    await Promise.all(followed.followers.map((follower) => follower.run(this.#stop.signal)));
    this.#followed.delete(uid);
    this.#remember(uid);
    for (const listener of this.#listeners) listener(followed.pod);
  }

  #remember(uid: string): void {
    this.#settled.add(uid);
    if (this.#settled.size <= settledMax) return;
    const [oldest] = this.#settled;
    if (oldest !== undefined) this.#settled.delete(oldest);
  }
}

function isHeld(pod: Pod): boolean {
  return (pod.metadata.finalizers ?? []).includes(holdingFinalizer);
}
