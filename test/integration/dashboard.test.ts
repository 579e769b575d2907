import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts';
import { dashboardPath, dashboardText } from '../../src/install/dashboard.ts';
import { rows } from '../../src/install/dashboard-panels.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Names of the metrics that the sources make. */
function madeNames(): ReadonlySet<string> {
  const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['src/install/**'] }).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  const names = sources.flatMap((path) => read(path).match(/(?<=')penstock_[a-z_]+(?=')/g) ?? []);
  return new Set(names);
}

function namesIn(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:penstock|process|nodejs)_[a-z0-9_]+\b/g))];
}

/** Metrics without a panel, and why none is needed. */
const shownElsewhere: Readonly<Record<string, string>> = {
  penstock_cache_synced: 'readiness names caches that are not',
  penstock_client_latency_seconds: 'a mean; the panel of the latency has quantiles by verb',
  penstock_client_refused: 'the panel of refusals has them by resource, with code 429',
  penstock_store_history_revisions: 'bounded by compaction; only of the embedded server',
  penstock_status_superseded_total: 'an older attempt that is not shown is as it should be: nothing to act on',
  penstock_webhook_body_bytes: 'for choosing limits, once; what is too large is among the webhooks that were refused',
};

const documented = new Set(
  Array.from(read('docs/metrics.md').matchAll(/^\| `(penstock_[a-z_]+)`/gm), (match) => match[1]),
);

describe('the dashboard', () => {
  it('is what its panels say: npm run dashboard', () => {
    assert.equal(read(dashboardPath), dashboardText());
  });

  it('uses only metrics that there are', async () => {
    const text = await createPrometheusMetrics({ processMetrics: true }).text();
    const known = new Set([...madeNames(), ...Array.from(text.matchAll(/^# TYPE (\S+)/gm), (match) => match[1])]);
    const used = rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(([, query]) => query)));
    assert.ok(used.length > 30);
    const unknown = namesIn(used.join('\n'))
      .map((name) => (known.has(name) ? name : name.replace(/_(?:bucket|count|sum)$/, '')))
      .filter((name) => !known.has(name));
    assert.deepEqual(unknown, []);
  });

  it('shows every metric but those that say little over time', () => {
    const shown = new Set(namesIn(dashboardText()).map((name) => name.replace(/_(?:bucket|count|sum)$/, '')));
    const notShown = [...madeNames()].filter((name) => !shown.has(name)).toSorted();
    assert.deepEqual(notShown, Object.keys(shownElsewhere).toSorted());
  });

  it('tells at a glance how late statuses and events are', () => {
    const latest = rows
      .filter(({ title }) => ['Git events', 'Statuses at Git hosts'].includes(title))
      .flatMap(({ panels }) => panels)
      .filter(({ unit }) => unit === 's')
      .flatMap(({ queries }) => queries.map(([, query]) => namesIn(query)[0]));
    for (const name of ['penstock_delivery_oldest_unfinished_seconds', 'penstock_status_oldest_undelivered_seconds']) {
      assert.ok(latest.includes(name), name);
    }
  });
});

describe('docs/metrics.md', () => {
  it('explains every metric, and no other', () => {
    const made = madeNames();
    assert.deepEqual(
      [...made].filter((name) => !documented.has(name)),
      [],
    );
    assert.deepEqual(
      [...documented].filter((name) => name === undefined || !made.has(name)),
      [],
    );
  });
});
