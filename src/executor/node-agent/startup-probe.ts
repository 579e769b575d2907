import { sleep, type Clock } from '../../base/clock.ts';
import type { Container, Probe } from '../../kube/pod.ts';
import type { RunningContainer } from '../runtime/container-runtime.ts';
import { PodConfigError } from './config-error.ts';

/** Kubernetes' defaults. */
const periodSecondsDefault = 10;
const timeoutSecondsDefault = 1;
const failureThresholdDefault = 3;

/** Throws {@link PodConfigError} for a startup probe that cannot be run here. */
export function checkStartupProbe(container: Container): void {
  const probe = container.startupProbe;
  if (!probe || probe.exec) return;
  const message = `container "${container.name}": only exec startup probes are supported outside a cluster`;
  throw new PodConfigError(message);
}

/**
 * Runs the startup probe until it succeeds (true) or has failed too often (false). Ends with false, too, when `signal`
 * aborts: the container ended or the pod is being stopped.
 */
export async function awaitStartup(
  clock: Clock,
  probe: Probe,
  container: RunningContainer,
  signal: AbortSignal,
): Promise<boolean> {
  const threshold = probe.failureThreshold ?? failureThresholdDefault;
  const pause = (seconds: number): Promise<void> => sleep(clock, seconds * 1000, signal).catch(() => undefined);
  if (probe.initialDelaySeconds) await pause(probe.initialDelaySeconds);
  for (let failures = 0; failures < threshold && !signal.aborted; failures++) {
    if ((await probeOnce(clock, probe, container, signal)) === 0) return true;
    if (failures + 1 < threshold) await pause(probe.periodSeconds ?? periodSecondsDefault);
  }
  return false;
}

async function probeOnce(
  clock: Clock,
  probe: Probe,
  container: RunningContainer,
  signal: AbortSignal,
): Promise<number> {
  const timeout = new AbortController();
  const cancel = clock.schedule((probe.timeoutSeconds ?? timeoutSecondsDefault) * 1000, () => timeout.abort());
  try {
    return await container.execute(probe.exec?.command ?? [], AbortSignal.any([signal, timeout.signal]));
  } finally {
    cancel();
  }
}
