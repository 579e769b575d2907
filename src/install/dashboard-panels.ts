/** What the dashboard shows: rows of panels, each with its expressions. `$__rate_interval` and the variables are Grafana's. */

export interface Panel {
  readonly title: string;
  /** What a person should conclude from it. */
  readonly description: string;
  readonly unit: 'short' | 's' | 'bytes' | 'ops' | 'percentunit';
  /** Legend and PromQL. */
  readonly queries: readonly (readonly [legend: string, expression: string])[];
  readonly stacked?: true;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const where = 'job=~"$job"';

function rate(metric: string, by: string, labels = ''): string {
  return `sum by (${by}) (rate(${metric}{${where}${labels}}[$__rate_interval]))`;
}

function quantile(part: number, metric: string, by = ''): string {
  const grouping = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${part}, sum by (${grouping}) (rate(${metric}_bucket{${where}}[$__rate_interval])))`;
}

function sum(metric: string, by: string): string {
  return `sum by (${by}) (${metric}{${where}})`;
}

export const rows: readonly Row[] = [
  {
    title: 'Runs',
    panels: [
      {
        title: 'PipelineRuns that ended',
        description: 'By outcome. "lost" means that evidence was lost: see the TaskRuns.',
        unit: 'ops',
        stacked: true,
        queries: [['{{outcome}}', rate('penstock_pipelinerun_seconds_count', 'outcome')]],
      },
      {
        title: 'PipelineRun duration',
        description: 'From start to end.',
        unit: 's',
        queries: [
          ['median', quantile(0.5, 'penstock_pipelinerun_seconds')],
          ['99 %', quantile(0.99, 'penstock_pipelinerun_seconds')],
        ],
      },
      {
        title: 'Unfinished',
        description: 'A number that only grows means that runs do not end.',
        unit: 'short',
        queries: [
          ['PipelineRuns', `max(penstock_pipelineruns_unfinished{${where}})`],
          ['TaskRuns', `max(penstock_taskruns_unfinished{${where}})`],
        ],
      },
      {
        title: 'TaskRuns that ended',
        description: 'By outcome.',
        unit: 'ops',
        stacked: true,
        queries: [['{{outcome}}', rate('penstock_taskrun_seconds_count', 'outcome')]],
      },
      {
        title: 'Time to start',
        description: 'From creation to start: what gates and busy controllers cost.',
        unit: 's',
        queries: [
          ['PipelineRuns, 99 %', quantile(0.99, 'penstock_pipelinerun_start_seconds')],
          ['TaskRuns, 99 %', quantile(0.99, 'penstock_taskrun_start_seconds')],
        ],
      },
      {
        title: 'Logs of steps',
        description: 'Stored whole or with a marked gap, and pods that wait for their logs to be stored.',
        unit: 'short',
        queries: [
          ['{{outcome}} a second', rate('penstock_step_logs_total', 'outcome')],
          ['pods held', `sum(penstock_step_logs_pods{${where}})`],
        ],
      },
    ],
  },
  {
    title: 'Git events',
    panels: [
      {
        title: 'Webhooks',
        description:
          'By answer. "failed" and "unavailable" are sent again by most hosts, but not for ever; "forged" knows no secret.',
        unit: 'ops',
        stacked: true,
        queries: [['{{source}} {{result}}', rate('penstock_webhooks_total', 'source, result')]],
      },
      {
        title: 'Answer to webhooks',
        description: 'An event is on disk before its answer. Hosts give up after about ten seconds.',
        unit: 's',
        queries: [
          ['{{source}} median', quantile(0.5, 'penstock_webhook_seconds', 'source')],
          ['{{source}} 99 %', quantile(0.99, 'penstock_webhook_seconds', 'source')],
        ],
      },
      {
        title: 'Deliveries unfinished',
        description: 'Events that have not led to their runs, or to a reason why not.',
        unit: 'short',
        queries: [['deliveries', `max(penstock_deliveries_unfinished{${where}})`]],
      },
      {
        title: 'Oldest unfinished delivery',
        description: 'Minutes mean that a host, a secret or a quota is in the way: the tries by cause say which.',
        unit: 's',
        queries: [['age', `max(penstock_delivery_oldest_unfinished_seconds{${where}})`]],
      },
      {
        title: 'Runs of events',
        description: '"adopted" was there already; "failed" could not be created, and its status says why.',
        unit: 'ops',
        stacked: true,
        queries: [['{{outcome}}', rate('penstock_event_runs_total', 'outcome')]],
      },
      {
        title: 'Events',
        description: 'What became of each, and tries that failed and are made again, by cause.',
        unit: 'ops',
        queries: [
          ['{{reason}}', rate('penstock_events_total', 'reason')],
          ['again: {{cause}}', rate('penstock_event_retries_total', 'cause')],
        ],
      },
    ],
  },
  {
    title: 'Statuses at Git hosts',
    panels: [
      {
        title: 'Undelivered statuses',
        description: 'Those that their host has not been seen to show yet.',
        unit: 'short',
        queries: [['statuses', `max(penstock_statuses_undelivered{${where}})`]],
      },
      {
        title: 'Oldest undelivered status',
        description: 'So long somebody has been looking at a status that is not true.',
        unit: 's',
        queries: [['age', `max(penstock_status_oldest_undelivered_seconds{${where}})`]],
      },
      {
        title: 'Posts',
        description: 'By outcome. "doubtful" had no clear answer and is read back; "limited" was told to wait.',
        unit: 'ops',
        stacked: true,
        queries: [['{{host}} {{outcome}}', rate('penstock_status_posts_total', 'host, outcome')]],
      },
      {
        title: 'Read back',
        description: 'After doubt. "other" is shown wrongly and sent again.',
        unit: 'ops',
        queries: [['{{host}} {{outcome}}', rate('penstock_status_read_backs_total', 'host, outcome')]],
      },
      {
        title: 'Comments',
        description: 'On pull requests.',
        unit: 'ops',
        queries: [['{{host}} {{outcome}}', rate('penstock_status_comments_total', 'host, outcome')]],
      },
    ],
  },
  {
    title: 'Gates',
    panels: [
      {
        title: 'Waiting and running',
        description: 'Running never exceeds the limit.',
        unit: 'short',
        queries: [
          ['{{gate}} waiting', sum('penstock_gate_waiting_runs', 'gate')],
          ['{{gate}} running', sum('penstock_gate_running_runs', 'gate')],
          ['{{gate}} limit', sum('penstock_gate_limit_runs', 'gate')],
        ],
      },
      {
        title: 'Waiting time',
        description: 'Of the run that waits longest, and of those that started.',
        unit: 's',
        queries: [
          ['{{gate}} oldest', sum('penstock_gate_oldest_waiting_seconds', 'gate')],
          ['{{gate}} 99 %', quantile(0.99, 'penstock_gate_wait_seconds', 'gate')],
        ],
      },
      {
        title: 'Started by gates',
        description: 'Runs a second.',
        unit: 'ops',
        queries: [['{{gate}}', rate('penstock_gate_started_runs_total', 'gate')]],
      },
    ],
  },
  {
    title: 'Controllers',
    panels: [
      {
        title: 'Reconciles',
        description: '"retried" that does not fall again means that something keeps failing.',
        unit: 'ops',
        stacked: true,
        queries: [['{{controller}} {{outcome}}', rate('penstock_reconcile_total', 'controller, outcome')]],
      },
      {
        title: 'Reconcile and queue time, 99 %',
        description: 'Time in the queue means too few workers, or an API that answers slowly.',
        unit: 's',
        queries: [
          ['{{controller}} ran', quantile(0.99, 'penstock_reconcile_seconds', 'controller')],
          ['{{controller}} waited', quantile(0.99, 'penstock_queue_wait_seconds', 'controller')],
        ],
      },
      {
        title: 'Queues',
        description: 'Keys by state.',
        unit: 'short',
        queries: [['{{controller}} {{state}}', sum('penstock_queue_keys', 'controller, state')]],
      },
      {
        title: 'Caches',
        description: 'Objects; more than one list means that a watch was lost.',
        unit: 'short',
        queries: [
          ['{{type}} objects', sum('penstock_cache_objects', 'type')],
          ['{{type}} lists', sum('penstock_cache_lists', 'type')],
          ['{{type}} failures', sum('penstock_cache_failures', 'type')],
        ],
      },
      {
        title: 'Leader',
        description: 'Exactly one replica leads.',
        unit: 'short',
        queries: [['leaders', `sum(penstock_leader{${where}})`]],
      },
      {
        title: 'Admission',
        description: 'Questions of the API server to our webhook.',
        unit: 'ops',
        queries: [['{{webhook}} {{outcome}}', rate('penstock_admission_reviews_total', 'webhook, outcome')]],
      },
    ],
  },
  {
    title: 'Kubernetes API',
    panels: [
      {
        title: 'Calls',
        description: 'By verb and resource.',
        unit: 'ops',
        stacked: true,
        queries: [['{{verb}} {{resource}}', rate('penstock_api_calls_total', 'verb, resource')]],
      },
      {
        title: 'Refusals and failures',
        description: '409 is ordinary; 429 slows us down; error means that no answer came.',
        unit: 'ops',
        queries: [
          ['{{code}} {{verb}} {{resource}}', rate('penstock_api_calls_total', 'code, verb, resource', ', code!~"2.."')],
        ],
      },
      {
        title: 'Latency, 99 %',
        description: 'Time until an answer was here.',
        unit: 's',
        queries: [['{{verb}}', quantile(0.99, 'penstock_api_call_seconds', 'verb')]],
      },
      {
        title: 'Flow control',
        description: 'The window shrinks when the server is slow or refuses.',
        unit: 'short',
        queries: [
          ['window', `sum(penstock_client_window{${where}})`],
          ['under way', `sum(penstock_client_under_way{${where}})`],
          ['waiting', `sum(penstock_client_waiting{${where}})`],
        ],
      },
    ],
  },
  {
    title: 'Process',
    panels: [
      {
        title: 'Memory',
        description: 'Resident.',
        unit: 'bytes',
        queries: [['{{instance}}', `process_resident_memory_bytes{${where}}`]],
      },
      {
        title: 'Processor',
        description: 'Cores in use.',
        unit: 'short',
        queries: [['{{instance}}', `rate(process_cpu_seconds_total{${where}}[$__rate_interval])`]],
      },
      {
        title: 'Event loop delay, 99 %',
        description: 'More than a tenth of a second is felt.',
        unit: 's',
        queries: [['{{instance}}', `nodejs_eventloop_lag_p99_seconds{${where}}`]],
      },
      {
        title: 'Embedded server',
        description: 'Writes a second, and pods of the machine.',
        unit: 'short',
        queries: [
          ['writes', `sum(rate(penstock_store_revision{${where}}[$__rate_interval]))`],
          ['{{phase}} pods', sum('penstock_node_pods', 'phase')],
        ],
      },
    ],
  },
];
