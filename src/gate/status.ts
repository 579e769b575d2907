import { toRfc3339 } from '../base/clock.ts';
import { jsonEqual } from '../base/json.ts';
import type { Condition } from '../kube/object.ts';
import type { GateRuns } from './gate-index.ts';
import type { Limit } from './limit.ts';
import type { Gate, GateStatus, Slot } from './types.ts';

/** What a gate's status is made from. */
export interface StatusFacts {
  readonly limit: Limit;
  readonly slots: readonly Slot[];
  readonly runs: GateRuns;
  readonly waiting: number;
  readonly nowMs: number;
}

/** The status that says what the gate does. */
export function statusOf(gate: Gate, facts: StatusFacts): GateStatus {
  const { limit, slots, runs, waiting, nowMs } = facts;
  const oldest = runs.line.oldest()?.metadata.creationTimestamp;
  const adaptive = gate.status?.adaptive;
  const { generation } = gate.metadata;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    slots,
    running: slots.length,
    waiting,
    ...(limit.value === Number.POSITIVE_INFINITY ? {} : { limit: limit.value }),
    limitReason: limit.reason,
    ...(oldest === undefined ? {} : { oldestWaiting: oldest }),
    ...(adaptive ? { adaptive } : {}),
    conditions: conditionsOf(gate, [...runs.shared.keys()].sort(), nowMs),
  };
}

/** Says in the status of each of them when several gates govern one run: a run has to pass them all. */
function conditionsOf(gate: Gate, others: readonly string[], nowMs: number): readonly Condition[] {
  const before = gate.status?.conditions?.find(({ type }) => type === 'Overlaps');
  if (others.length === 0 && !before) return [];
  const message = `runs here are also governed by ${others.map((name) => `"${name}"`).join(', ')}: the stricter holds`;
  const now: Condition =
    others.length > 0
      ? { type: 'Overlaps', status: 'True', reason: 'SeveralGates', message }
      : { type: 'Overlaps', status: 'False', reason: 'OneGate', message: '' };
  const { lastTransitionTime = toRfc3339(nowMs), ...rest } = before ?? now;
  return [{ ...now, lastTransitionTime: rest.status === now.status ? lastTransitionTime : toRfc3339(nowMs) }];
}

/** How two statuses differ: `slots` must be written at once, `counts` may wait a little. */
export function sameStatus(stored: GateStatus | undefined, wanted: GateStatus): 'none' | 'counts' | 'slots' {
  if (jsonEqual(stored, wanted)) return 'none';
  return jsonEqual(decisive(stored), decisive(wanted)) ? 'counts' : 'slots';
}

function decisive(status: GateStatus | undefined): unknown {
  const { slots = [], limit, limitReason, adaptive, observedGeneration } = status ?? {};
  return { slots, limit, limitReason, adaptive, observedGeneration };
}
