/** The Grafana dashboard, as Grafana imports it. */
import type { JsonObject } from '../base/json.ts';

/** One graph: queries in PromQL by the legend of their lines. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: 'short' | 's' | 'ops' | 'bytes' | 'percentunit';
  readonly lines: Readonly<Record<string, string>>;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const quantile = (of: number, histogram: string, by: string): string =>
  `histogram_quantile(${of}, sum by (le, ${by}) (rate(${histogram}_bucket[$__rate_interval])))`;

const rate = (counter: string, by: string): string => `sum by (${by}) (rate(${counter}[$__rate_interval]))`;

/** Metrics that the controllers export, in the order in which one looks when something is wrong. */
export const dashboardRows: readonly Row[] = [
  {
    title: 'Gates',
    panels: [
      {
        title: 'Runs at gates',
        description: 'Waiting runs that grow while running ones are at their limit: the limit is the bottleneck.',
        unit: 'short',
        lines: {
          'waiting {{gate}}': 'max by (gate) (penstock_gate_waiting_runs)',
          'running {{gate}}': 'max by (gate) (penstock_gate_running_runs)',
          'limit {{gate}}': 'max by (gate) (penstock_gate_limit_runs)',
        },
      },
      {
        title: 'Wait at gates',
        description: 'How long runs waited that were let go, and how long the oldest has waited that was not.',
        unit: 's',
        lines: {
          'p50 {{gate}}': quantile(0.5, 'penstock_gate_wait_seconds', 'gate'),
          'p99 {{gate}}': quantile(0.99, 'penstock_gate_wait_seconds', 'gate'),
          'oldest {{gate}}': 'max by (gate) (penstock_gate_oldest_waiting_seconds)',
        },
      },
      {
        title: 'Runs let go',
        description: 'How many runs a second each gate admits.',
        unit: 'ops',
        lines: { '{{gate}}': rate('penstock_gate_started_runs_total', 'gate') },
      },
    ],
  },
  {
    title: 'Controllers',
    panels: [
      {
        title: 'Reconciles',
        description: 'Many retries mean an API that refuses or is slow; terminal ones are worth a look at the log.',
        unit: 'ops',
        lines: { '{{controller}} {{outcome}}': rate('penstock_reconcile_total', 'controller, outcome') },
      },
      {
        title: 'Duration of reconciles',
        description: 'Mostly the time of API calls.',
        unit: 's',
        lines: {
          'p50 {{controller}}': quantile(0.5, 'penstock_reconcile_seconds', 'controller'),
          'p99 {{controller}}': quantile(0.99, 'penstock_reconcile_seconds', 'controller'),
        },
      },
      {
        title: 'Wait for a worker',
        description: 'More than a second for long: the controllers do not keep up.',
        unit: 's',
        lines: {
          'p50 {{controller}}': quantile(0.5, 'penstock_queue_wait_seconds', 'controller'),
          'p99 {{controller}}': quantile(0.99, 'penstock_queue_wait_seconds', 'controller'),
        },
      },
    ],
  },
  {
    title: 'Replicas',
    panels: [
      {
        title: 'Admission',
        description: 'Questions of API servers. Failed ones were left to the failure policy.',
        unit: 'ops',
        lines: { '{{webhook}} {{outcome}}': rate('penstock_admission_reviews_total', 'webhook, outcome') },
      },
      {
        title: 'CPU',
        description: 'Cores used by each replica.',
        unit: 'short',
        lines: { '{{pod}}': 'rate(process_cpu_seconds_total{job="$job"}[$__rate_interval])' },
      },
      {
        title: 'Memory',
        description: 'Resident memory of each replica.',
        unit: 'bytes',
        lines: { '{{pod}}': 'process_resident_memory_bytes{job="$job"}' },
      },
    ],
  },
];

const columns = 24;
const panelHeight = 8;

/** The dashboard. Its `uid` stays the same, so that an import replaces the one before. */
export function grafanaDashboard(): JsonObject {
  const datasource = { type: 'datasource', name: 'datasource', query: 'prometheus', label: 'Data source' };
  const job = { type: 'textbox', name: 'job', label: 'Job', query: 'penstock-metrics' };
  return {
    uid: 'penstock',
    title: 'Penstock',
    description: 'Gates, controllers and replicas of Penstock.',
    tags: ['penstock', 'tekton'],
    schemaVersion: 39,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [datasource, job] },
    panels: dashboardRows.flatMap(rowPanels),
  };
}

function rowPanels(row: Row, index: number): readonly JsonObject[] {
  const top = index * (panelHeight + 1);
  const first = dashboardRows.slice(0, index).reduce((count, { panels }) => count + panels.length + 1, 1);
  const width = columns / row.panels.length;
  const header = { id: first, type: 'row', title: row.title, gridPos: { x: 0, y: top, w: columns, h: 1 }, panels: [] };
  const graphs = row.panels.map((panel, column) => ({
    id: first + column + 1,
    type: 'timeseries',
    title: panel.title,
    description: panel.description,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    gridPos: { x: column * width, y: top + 1, w: width, h: panelHeight },
    targets: Object.entries(panel.lines).map(([legendFormat, expr], line) => ({
      refId: String.fromCharCode(65 + line),
      legendFormat,
      expr,
    })),
  }));
  return [header, ...graphs];
}
