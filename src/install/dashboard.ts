import { type Panel, type Row, rows } from './dashboard-panels.ts';

/** Where the dashboard is, from the root. */
export const dashboardPath = 'deploy/grafana/penstock.json';

/** Of the 24 columns of Grafana. */
const panelWidth = 8;
const panelsARow = 3;
const panelHeight = 8;

const datasource = { type: 'prometheus', uid: '$datasource' };

/** The dashboard as a file that Grafana imports. */
export function dashboardText(): string {
  const dashboard = {
    uid: 'penstock',
    title: 'Penstock',
    tags: ['penstock', 'ci'],
    editable: true,
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: variables },
    panels: panelsOf(rows),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const variables = [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
  {
    name: 'job',
    label: 'Job',
    type: 'query',
    datasource,
    query: 'label_values(penstock_reconcile_total, job)',
    refresh: 2,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  },
];

function panelsOf(shown: readonly Row[]): readonly unknown[] {
  const panels: unknown[] = [];
  let y = 0;
  for (const row of shown) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, gridPos: { h: 1, w: 24, x: 0, y } });
    y++;
    for (const [index, panel] of row.panels.entries()) {
      const x = (index % panelsARow) * panelWidth;
      const top = y + Math.floor(index / panelsARow) * panelHeight;
      panels.push(timeSeries(panel, panels.length + 1, { h: panelHeight, w: panelWidth, x, y: top }));
    }
    y += Math.ceil(row.panels.length / panelsARow) * panelHeight;
  }
  return panels;
}

function timeSeries({ title, description, unit, queries, stacked }: Panel, id: number, gridPos: object): object {
  const custom = stacked ? { fillOpacity: 30, stacking: { mode: 'normal' } } : { fillOpacity: 5 };
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource,
      legendFormat,
      expr,
    })),
  };
}
