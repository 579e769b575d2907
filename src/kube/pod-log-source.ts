import type { Pod } from './pod.ts';

/** What part of a container's log is wanted. Absent members do not narrow. */
export interface PodLogOptions {
  /** Go on until the container has ended; otherwise stop at what there is. */
  readonly follow: boolean;
  /** Start with the last so many lines. */
  readonly tailLines?: number;
  /** Start with lines not older than this. */
  readonly sinceSeconds?: number;
  /** Stop after so many bytes. */
  readonly limitBytes?: number;
  /** Start each line with its instant, RFC 3339 with nanosecond digits, and a space. */
  readonly timestamps: boolean;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** Where the logs of pods are read: the executor in the embedded home. */
export interface PodLogSource {
  /**
   * The log of `container` of this very pod (by uid). Fails with `ApiStatusError` before the first chunk when there is
   * none: `BadRequest` while the container waits to start, `NotFound` when the log is gone.
   */
  open(pod: Pod, container: string, options: PodLogOptions): AsyncIterable<Uint8Array>;
}
