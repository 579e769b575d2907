import { fromRfc3339 } from '../../base/clock.ts';
import { limitOf } from '../../gate/limit.ts';
import type { WaitingRun } from '../../gate/queue-view.ts';
import type { Gate, TimeWindow } from '../../gate/types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { formatSpan } from '../progress/style.ts';
import { formatTable } from '../table.ts';

/** A gate in words: its rules, its limit now and why, and the runs that hold its slots. */
export function describeGate(
  gate: Gate,
  runs: readonly PipelineRun[],
  waiting: readonly WaitingRun[],
  nowMs: number,
): string {
  const { spec } = gate;
  const limit = limitOf(gate, nowMs);
  const slots = gate.status?.slots ?? [];
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['gate', gate.metadata.name ?? ''],
    ['governs', governsText(gate)],
    ['limit', limit.value === Number.POSITIVE_INFINITY ? 'none' : `${limit.value}: ${limit.reason}`],
    ['per Repository', numberText(spec.maxRunningPerRepository)],
    ['per branch', numberText(spec.maxRunningPerBranch)],
    ['order', spec.order ?? 'Priority'],
    [
      'weights',
      spec.weights &&
        Object.entries(spec.weights)
          .map((entry) => entry.join(' '))
          .join(', '),
    ],
    ['windows', spec.windows?.map(windowText).join('; ')],
    ['on delete', spec.onDelete ?? 'Release'],
    ...(gate.status?.conditions ?? [])
      .filter(({ status }) => status === 'True')
      .map(({ type, message }) => [type.toLowerCase(), message] as const),
    ['running', String(slots.length)],
    ['waiting', waitingText(waiting, nowMs)],
  ];
  const shown = lines.flatMap(([name, text]) =>
    text === undefined || text === '' ? [] : [`${name.padEnd(16)}${text}\n`],
  );
  return `${shown.join('')}${slots.length === 0 ? '' : `\n${slotTable(gate, runs, nowMs)}`}`;
}

function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function governsText({ spec }: Gate): string {
  const labels = [
    ...Object.entries(spec.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(spec.selector?.matchExpressions ?? []).map(
      ({ key, operator, values }) => `${key} ${operator}${values ? ` (${values.join(', ')})` : ''}`,
    ),
  ];
  const parts = [
    ...(spec.namespaces ? [`in ${spec.namespaces.join(', ')}`] : []),
    ...(spec.repository === undefined ? [] : [`of Repository ${spec.repository}`]),
    ...(labels.length > 0 ? [`with ${labels.join(', ')}`] : []),
  ];
  return parts.length === 0 ? 'all runs' : `runs ${parts.join(' ')}`;
}

function windowText({ days, from, to, timeZone = 'UTC', maxRunning }: TimeWindow): string {
  const limit = maxRunning === undefined ? '' : `, at most ${maxRunning}`;
  return `${days ? `${days.join(' ')} ` : ''}${from} to ${to} ${timeZone}${limit}`;
}

function waitingText(waiting: readonly WaitingRun[], nowMs: number): string {
  if (waiting.length === 0) return '0';
  const oldestMs = Math.min(...waiting.map(({ rank }) => rank.createdMs));
  return `${waiting.length}, the oldest for ${formatSpan(nowMs - oldestMs)}`;
}

function slotTable({ status }: Gate, runs: readonly PipelineRun[], nowMs: number): string {
  const byKey = new Map(runs.map((run) => [keyText(keyOf(run)), run]));
  const rows = (status?.slots ?? []).map((slot) => {
    const startMs = fromRfc3339(byKey.get(keyText(slot))?.status?.startTime);
    const since = startMs === undefined ? '-' : formatSpan(nowMs - startMs);
    return [slot.namespace, slot.name, slot.repository ?? '-', since];
  });
  return formatTable(['NAMESPACE', 'RUNNING', 'REPOSITORY', 'SINCE'], rows);
}
