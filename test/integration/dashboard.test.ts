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
    const text = dashboardText();
    const notShown = [...madeNames()].filter((name) => !text.includes(name)).toSorted();
    assert.deepEqual(notShown, [
      'penstock_cache_synced',
      'penstock_client_latency_seconds',
      'penstock_client_refused',
      'penstock_store_history_revisions',
    ]);
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
