import type { PodLogSource } from '../../src/kube/pod-log-source.ts';

const encoder = new TextEncoder();

/**
 * Logs of containers that wrote `NAME 1` to `NAME 3` so far; one who follows sees lines 4 and 5 come, then the end.
 * There is an await between the lines, so that they travel one by one.
 */
export const simulatedLogs: PodLogSource = {
  async *open(_pod, container, { follow, tailLines = 5, signal }) {
    const written = [1, 2, 3].slice(-tailLines);
    for (const line of follow ? [...written, 4, 5] : written) {
      if (signal?.aborted) return;
      await new Promise((resolve) => setImmediate(resolve));
      yield encoder.encode(`${container} ${line}\n`);
    }
  },
};
