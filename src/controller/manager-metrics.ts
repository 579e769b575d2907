import type { Metrics } from '../telemetry/metrics.ts';
import type { CacheStatus, ManagerStatus } from './manager.ts';

/** Shows how full queues and caches are. `status` is asked when somebody looks; `undefined` while no manager runs. */
export function observeManager(metrics: Metrics, status: () => ManagerStatus | undefined): void {
  metrics.readGauges<'controller' | 'state'>({
    name: 'penstock_queue_keys',
    help: 'Keys of a controller by state: ready, delayed (a retry or a deadline), running.',
    labels: ['controller', 'state'],
    *read() {
      for (const { name: controller, ready, delayed, running } of status()?.controllers ?? []) {
        yield { labels: { controller, state: 'ready' }, value: ready };
        yield { labels: { controller, state: 'delayed' }, value: delayed };
        yield { labels: { controller, state: 'running' }, value: running.length };
      }
    },
  });
  const caches = (name: string, help: string, value: (cache: CacheStatus) => number): void =>
    metrics.readGauges<'type'>({
      name,
      help,
      labels: ['type'],
      *read() {
        for (const cache of status()?.caches ?? []) yield { labels: { type: cache.type }, value: value(cache) };
      },
    });
  caches('penstock_cache_objects', 'Objects in a cache.', ({ objects }) => objects);
  caches('penstock_cache_synced', 'Whether a cache has been filled: 1, or not yet: 0.', ({ synced }) =>
    synced ? 1 : 0,
  );
  caches('penstock_cache_lists', 'Lists that a cache has made since it began.', ({ counts }) => counts.lists);
  caches(
    'penstock_cache_failures',
    'Lists and watches that failed since a cache began.',
    ({ counts }) => counts.failures,
  );
}
