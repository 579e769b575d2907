import type { Pod } from './pod.ts';

/**
 * Who keeps the logs of pods, as those see it who let pods go: a pod whose logs are not settled stays (law 9).
 */
export interface PodLogKeeper {
  /** Whether all that can be had of the logs of this very pod (by uid) is stored. */
  isSettled(pod: Pod): boolean;
  /** Calls `listener` each time the logs of a pod have become settled, with the pod as it was seen last. */
  onSettled(listener: (pod: Pod) => void): void;
}
