/** What is read from and written into the Lease of an election. Pure. */
import { toRfc3339Micro } from '../base/clock.ts';
import { jsonEqual, type Json } from '../base/json.ts';
import { type Lease, leases } from '../kube/core-types.ts';
import type { ObjectKey } from '../kube/object.ts';
import { apiVersionOf } from '../kube/resource.ts';

/** The times of an election, in milliseconds. */
export interface ElectionTimes {
  /** So long others wait after the last renewal they have seen; whole seconds, as the API stores it. */
  readonly leaseMs: number;
  /** So long after its last renewal a leader stops by itself: shorter than `leaseMs`, by more than clocks drift apart. */
  readonly renewMs: number;
  /** Pause between tries, to become leader and to stay it; up to a fifth longer, drawn anew each time. */
  readonly retryMs: number;
}

/** The times of Kubernetes' own components. */
export const electionTimes: ElectionTimes = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

/** What has been seen of the lease, and when by our own monotonic clock: the times within it are those of other clocks. */
export interface LeaseSight {
  readonly lease: Lease;
  readonly seenMs: number;
}

/** The sight after the lease was read: only a change of what the holder writes counts as a sign of life. */
export function sightOf(previous: LeaseSight | undefined, lease: Lease, nowMs: number): LeaseSight {
  const same = previous !== undefined && jsonEqual(specOf(previous.lease), specOf(lease));
  return { lease, seenMs: same ? previous.seenMs : nowMs };
}

/** Who holds the lease; empty when nobody does. */
export function holderOf(sight: LeaseSight | undefined): string {
  return sight?.lease.spec?.holderIdentity ?? '';
}

/** Whether `identity` may write itself into the lease: it is free, its own, or has not changed for as long as it names. */
export function mayTake(sight: LeaseSight, identity: string, times: ElectionTimes, nowMs: number): boolean {
  const holder = holderOf(sight);
  if (holder === '' || holder === identity) return true;
  const namedMs = (sight.lease.spec?.leaseDurationSeconds ?? 0) * 1_000;
  return nowMs - sight.seenMs > Math.max(namedMs, times.leaseMs);
}

/** The lease with `identity` as its holder, based on the one that was seen: taken, or renewed. */
export function heldLease(
  key: ObjectKey,
  current: Lease | undefined,
  identity: string,
  times: ElectionTimes,
  wallMs: number,
): Lease {
  const now = toRfc3339Micro(wallMs);
  const spec = current?.spec;
  const renewal = spec?.holderIdentity === identity;
  return {
    apiVersion: apiVersionOf(leases),
    kind: leases.kind,
    metadata: current?.metadata ?? { ...key },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: times.leaseMs / 1_000,
      acquireTime: renewal ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (spec?.leaseTransitions ?? 0) + (renewal || current === undefined ? 0 : 1),
    },
  };
}

/** The lease given back: free for whoever comes first. */
export function freeLease(current: Lease, wallMs: number): Lease {
  return { ...current, spec: { ...current.spec, holderIdentity: '', renewTime: toRfc3339Micro(wallMs) } };
}

function specOf(lease: Lease): Json {
  return lease.spec ?? {};
}
