import type { Clock } from '../../base/clock.ts';
import type { Indexers, ObservedLister } from '../../controller/contract.ts';
import { keyOf, keyText, type KubeObject, type ObjectKey } from '../../kube/object.ts';
import { compareResourceVersions } from '../../kube/resource-version.ts';

/** How long what was written counts as newer than a cache that never shows it, in milliseconds. */
const rememberedMs = 60_000;

/** A cache, together with what this process wrote and the cache does not show yet. */
export interface FreshLister<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  byIndex(name: string, value: string): readonly T[];
  /** `object` was just written, and came back so. */
  wrote(object: T): void;
}

/**
 * Reads its own writes: decisions that count what was decided before must not rest on a cache that lags behind. What
 * other processes wrote may still be missing. `indexers` must be those under which `cache` was asked for.
 */
export function freshLister<T extends KubeObject>(
  cache: ObservedLister<T>,
  indexers: Indexers<T>,
  clock: Clock,
): FreshLister<T> {
  const written = new Map<string, { readonly object: T; readonly atMs: number }>();
  const seen = (object: T): void => {
    const text = keyText(keyOf(object));
    const own = written.get(text)?.object;
    if (own !== undefined && !isNewer(own, object)) written.delete(text);
  };
  cache.addHandler({
    added: seen,
    updated: (_previous, object) => seen(object),
    deleted: (object) => written.delete(keyText(keyOf(object))),
  });
  const dropOld = (): void => {
    for (const [text, { atMs }] of written) if (clock.monotonicMs() - atMs > rememberedMs) written.delete(text);
  };
  return {
    get(key) {
      const own = written.get(keyText(key))?.object;
      const cached = cache.get(key);
      return own !== undefined && (cached === undefined || isNewer(own, cached)) ? own : cached;
    },
    byIndex(name, value) {
      dropOld();
      const cached = cache.byIndex(name, value).filter((object) => !written.has(keyText(keyOf(object))));
      const own = [...written.values()].map(({ object }) => object);
      return [...cached, ...own.filter((object) => indexers[name]?.(object).includes(value))];
    },
    wrote(object) {
      const cached = cache.get(keyOf(object));
      if (cached === undefined || isNewer(object, cached)) {
        written.set(keyText(keyOf(object)), { object, atMs: clock.monotonicMs() });
      }
    },
  };
}

function isNewer(a: KubeObject, b: KubeObject): boolean {
  if (a.metadata.uid !== b.metadata.uid) return false;
  return (compareResourceVersions(a.metadata.resourceVersion, b.metadata.resourceVersion) ?? 0) > 0;
}
