/**
 * The API by which logs of steps are read that outlived their pods: `taskruns/log` and `taskruns/logs`, of a group of its own, so
 * that an API server can be told to hand on requests for it.
 */
export const keptLogs = {
  group: 'logs.penstock.dev',
  version: 'v1alpha1',
  resources: ['taskruns/log', 'taskruns/logs'],
} as const;
