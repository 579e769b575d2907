import type { OutputSink } from '../runtime/container-runtime.ts';

/** Where the agent keeps the output of containers. `PodLogs` is one; {@link noLogs} keeps nothing. */
export interface ContainerLogs {
  /** The log of a container that is about to start; a restarted one goes on in the same log. `secrets` are masked. */
  create(podUid: string, container: string, secrets: readonly string[]): OutputSink;
  /** No more output will come; readers may finish. */
  end(podUid: string, container: string): void;
  /** The end of the log, at most 2048 bytes and 80 lines. */
  tail(podUid: string, container: string): string;
  /** Says at the end of a log that was begun that more may be missing. Only while nothing writes to it. */
  markGap(podUid: string, container: string, why: string): void;
  /** Deletes the logs of a pod that is gone. */
  remove(podUid: string): Promise<void>;
}

/** Keeps nothing: for simulations. */
export const noLogs: ContainerLogs = {
  create: () => ({ write: () => undefined }),
  end: () => undefined,
  tail: () => '',
  markGap: () => undefined,
  remove: () => Promise.resolve(),
};
