import { fromRfc3339, toRfc3339 } from '../base/clock.ts';
import type { AdaptiveSpec, AdaptiveStatus, GateSpec } from './types.ts';

/** The limit is lowered at most this often, in milliseconds: distress takes a while to show that less helps. */
export const lowerEveryMs = 30_000;
/** The limit is raised by one step at most this often, in milliseconds. */
export const raiseEveryMs = 60_000;
/** What is left of the limit when it is lowered. */
const loweredTo = 0.5;
/** By which part the limit is raised, one run at least. */
const raisedBy = 0.1;

/** What the cluster shows. */
export interface ClusterSigns {
  /** Pods of runs that no node has room for. */
  readonly unschedulablePods: number;
  /** Mean latency of our API calls, in milliseconds. */
  readonly apiLatencyMs: number;
  /** Whether the API has lately refused calls because of too many (429). */
  readonly throttled: boolean;
  /** Nodes that report pressure on memory, disk or processes. */
  readonly nodesUnderPressure: readonly string[];
}

/**
 * The adaptive status that follows from what the cluster shows: halved at distress, raised a little when there has been none
 * for a while, and gone once it is back at `fixed`, the limit that the gate has without it (`Infinity` = none). A last change
 * that lies in the future, because a clock jumped back, counts as long ago.
 */
export function adapt(
  spec: GateSpec,
  fixed: number,
  running: number,
  current: AdaptiveStatus | undefined,
  signs: ClusterSigns,
  nowMs: number,
): AdaptiveStatus | undefined {
  const { adaptive } = spec;
  if (!adaptive) return undefined;
  const distress = distressOf(signs, adaptive);
  const lastMs = fromRfc3339(current?.lastChangeTime) ?? Number.NEGATIVE_INFINITY;
  const sinceMs = lastMs > nowMs ? Number.POSITIVE_INFINITY : nowMs - lastMs;
  // Somebody may have raised the least, or lowered the limit, since.
  const least = Math.min(adaptive.minRunning ?? 1, fixed);
  const limit = Math.max(least, Math.min(current?.limit ?? fixed, fixed));
  const lastChangeTime = toRfc3339(nowMs);
  if (distress !== undefined) {
    if (sinceMs < lowerEveryMs) return current;
    const lowered = Math.min(limit, loweredLimit(adaptive, limit, running));
    // Nothing to take away: a gate that was not lowered stays so; one that was says why it still is.
    if (lowered === limit && !current) return undefined;
    const verb = lowered < limit ? 'lowered to' : 'kept at';
    return { limit: lowered, reason: `${verb} ${lowered}: ${distress}`, lastChangeTime };
  }
  if (!current || sinceMs < raiseEveryMs) return current;
  const raised = limit + Math.max(1, Math.floor(limit * raisedBy));
  // Without a limit of its own the gate is back to normal once it may run twice what it does run.
  const unbound = fixed === Number.POSITIVE_INFINITY && raised >= 2 * Math.max(running, 1);
  if (raised >= fixed || unbound) return undefined;
  return { limit: raised, reason: `raised to ${raised}: no distress`, lastChangeTime };
}

/** From no limit, or one that was never reached, what runs is the measure. */
function loweredLimit({ minRunning = 1 }: AdaptiveSpec, limit: number, running: number): number {
  const measure = Math.min(limit, Math.max(running, 1));
  return Math.max(minRunning, Math.floor(measure * loweredTo));
}

function distressOf(signs: ClusterSigns, spec: NonNullable<GateSpec['adaptive']>): string | undefined {
  const { unschedulablePods, apiLatencyMs, throttled, nodesUnderPressure } = signs;
  if (unschedulablePods >= (spec.unschedulablePods ?? 1)) {
    return `${unschedulablePods} ${unschedulablePods === 1 ? 'pod is' : 'pods are'} unschedulable`;
  }
  if (nodesUnderPressure.length > 0) return `node ${nodesUnderPressure[0]} is under pressure`;
  if (throttled) return 'the API refuses calls because there are too many';
  if (apiLatencyMs >= (spec.apiLatencyMs ?? 1000)) return `API calls take ${Math.round(apiLatencyMs)} ms`;
  return undefined;
}
