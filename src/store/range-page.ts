import type { EventLog } from './event-log.ts';
import type { KeyIndex } from './key-index.ts';
import type { RangePage, StoreKey, StoredValue } from './store.ts';

/** What a scan asks for. */
export interface Scan {
  readonly prefix: StoreKey;
  readonly after: StoreKey | undefined;
  /** The most items; 0 = no limit. */
  readonly limit: number;
}

/** What differs from the newest values at a revision of the past: the value a key had then, `undefined` = absent. */
type Difference = ReadonlyMap<StoreKey, StoredValue | undefined>;

/** The newest values that a scan asks for. */
export function newestPage(index: KeyIndex, scan: Scan, revision: number): RangePage {
  return pageOf(index.values(scan.prefix, scan.after), index.count(scan.prefix, scan.after), scan.limit, revision);
}

/** The values at `revision`, which must be in the log: the newest ones, with what happened since taken back. */
export function pastPage(index: KeyIndex, log: EventLog, scan: Scan, revision: number): RangePage {
  const difference = differenceSince(log, scan, revision);
  if (difference.size === 0) return newestPage(index, scan, revision);
  const restored = [...difference.values()].filter((stored) => stored !== undefined).sort(byKey);
  const hidden = [...difference.keys()].filter((key) => index.has(key)).length;
  const count = index.count(scan.prefix, scan.after) - hidden + restored.length;
  const unchanged = index.values(scan.prefix, scan.after);
  return pageOf(merged(unchanged, difference, restored), count, scan.limit, revision);
}

function differenceSince(log: EventLog, scan: Scan, revision: number): Difference {
  const difference = new Map<StoreKey, StoredValue | undefined>();
  for (let later = revision + 1; later <= log.newestRevision; later++) {
    const { event, replaced } = log.at(later);
    const asked = event.key.startsWith(scan.prefix) && (scan.after === undefined || event.key > scan.after);
    // The first change since then knows what was there before it.
    if (asked && !difference.has(event.key)) difference.set(event.key, replaced);
  }
  return difference;
}

/** Newest values without the changed ones, with the `restored` ones in their places. */
function* merged(
  newest: Iterable<StoredValue>,
  difference: Difference,
  restored: readonly StoredValue[],
): Generator<StoredValue, void, undefined> {
  let next = 0;
  for (const stored of newest) {
    for (let old = restored[next]; old !== undefined && old.key <= stored.key; old = restored[++next]) yield old;
    if (!difference.has(stored.key)) yield stored;
  }
  yield* restored.slice(next);
}

function pageOf(values: Iterable<StoredValue>, count: number, limit: number, revision: number): RangePage {
  const items: StoredValue[] = [];
  const wanted = limit === 0 ? count : Math.min(limit, count);
  if (wanted > 0) {
    for (const stored of values) {
      items.push(stored);
      if (items.length === wanted) break;
    }
  }
  return { items, revision, more: count > items.length, remaining: count - items.length };
}

function byKey(a: StoredValue, b: StoredValue): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
