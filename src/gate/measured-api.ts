import type { Clock } from '../base/clock.ts';
import type { Transport } from '../kube/transport.ts';
import type { ApiHealth } from './cluster-signs.ts';

/** The mean is that of the calls of this span and the one before, in milliseconds. */
const spanMs = 15_000;
/** A refusal with 429 counts for so long, in milliseconds. */
const throttledMs = 30_000;

interface Span {
  readonly startMs: number;
  calls: number;
  totalMs: number;
}

/** `transport`, and how its calls fare: watches and logs, which take as long as they are open, do not count. */
export function measureApi(
  transport: Transport,
  clock: Clock,
): { readonly transport: Transport; readonly health: ApiHealth } {
  let before: Span = { startMs: 0, calls: 0, totalMs: 0 };
  let current: Span = { startMs: 0, calls: 0, totalMs: 0 };
  let refusedMs = Number.NEGATIVE_INFINITY;
  const turn = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - current.startMs < spanMs) return;
    const isNext = nowMs - current.startMs < 2 * spanMs;
    before = isNext ? current : { startMs: nowMs, calls: 0, totalMs: 0 };
    current = { startMs: nowMs, calls: 0, totalMs: 0 };
  };
  return {
    async transport(request) {
      const startMs = clock.monotonicMs();
      const response = await transport(request);
      if (response.body.kind === 'watch' || response.body.kind === 'stream') return response;
      turn();
      current.calls++;
      current.totalMs += clock.monotonicMs() - startMs;
      if (response.status === 429) refusedMs = clock.monotonicMs();
      return response;
    },
    health: {
      latencyMs() {
        turn();
        const calls = current.calls + before.calls;
        return calls === 0 ? 0 : (current.totalMs + before.totalMs) / calls;
      },
      throttled: () => clock.monotonicMs() - refusedMs < throttledMs,
    },
  };
}
