import { type Metrics } from '../../telemetry/metrics.ts';

/** What became of a request. `refused`: it cannot be right; `unavailable`: we could not; the sender tries again. */
export type HookResult = 'accepted' | 'duplicate' | 'ignored' | 'forged' | 'refused' | 'unavailable' | 'failed';

/** From a request that is whole to its answer, in seconds. */
const secondsBuckets: readonly number[] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
/** Sizes of bodies, in bytes. */
const bytesBuckets: readonly number[] = [1_000, 10_000, 30_000, 100_000, 1_000_000, 10_000_000, 30_000_000];

/** The metrics of the inbox. `source` is a kind of host, or `incoming`. */
export class InboxMetrics {
  readonly #requests;
  readonly #seconds;
  readonly #bytes;

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter({
      name: 'penstock_webhooks_total',
      help: 'Webhooks by the kind of host and what became of them.',
      labels: ['source', 'result'],
    });
    this.#seconds = metrics.histogram({
      name: 'penstock_webhook_seconds',
      help: 'From a whole request to its answer, which for accepted ones comes after it is on disk.',
      labels: ['source'],
      buckets: secondsBuckets,
    });
    this.#bytes = metrics.histogram({
      name: 'penstock_webhook_body_bytes',
      help: 'Sizes of bodies that were read.',
      labels: ['source'],
      buckets: bytesBuckets,
    });
  }

  answered(source: string, result: HookResult, bytes: number, seconds: number): void {
    this.#requests.add(1, { source, result });
    this.#seconds.observe(seconds, { source });
    this.#bytes.observe(bytes, { source });
  }

  /** Before it was read. */
  refused(source: string): void {
    this.#requests.add(1, { source, result: 'refused' });
  }
}
