import { jsonEqual } from '../../base/json.ts';
import type { Condition } from '../../kube/object.ts';
import type { PipelineRun, TaskRun } from '../types.ts';
import { type Causes, collect, forbidden, invalid, type Problem } from './causes.ts';
import { pendingTaskRunMessage } from './runs.ts';

/** Tekton's words, by which tools recognise these refusals. */
const words = {
  PipelineRun: {
    done: 'Once the PipelineRun is complete, no updates are allowed',
    started: 'Once the PipelineRun has started, only status updates are allowed',
    pending:
      'PipelineRun cannot be Pending after it is started: PipelineRunPending can only be set when a run is created',
  },
  TaskRun: {
    done: 'Once the TaskRun is complete, no updates are allowed',
    started: 'Once the TaskRun has started, only status and statusMessage updates are allowed',
    pending: `TaskRun cannot be Pending after it is started: ${pendingTaskRunMessage}`,
  },
} as const;

interface Run {
  readonly spec: Readonly<Record<string, unknown>> & { readonly status?: string; readonly managedBy?: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/**
 * What is wrong with an update of a PipelineRun's spec: only `status` may change, nothing once the run is complete, and
 * a run that has been created without `PipelineRunPending`, or that has left it, cannot go back (law 4), and a cancel is not
 * taken back (law 8). Both objects have their defaults.
 */
export function validatePipelineRunUpdate(run: PipelineRun, old: PipelineRun): readonly Problem[] {
  const change = { kind: 'PipelineRun', pending: 'PipelineRunPending', mutable: ['status'] } as const;
  return collect(checkUpdate(run as unknown as Run, old as unknown as Run, change));
}

/** The same for a TaskRun, whose `statusMessage` may change too. */
export function validateTaskRunUpdate(run: TaskRun, old: TaskRun): readonly Problem[] {
  const change = { kind: 'TaskRun', pending: 'TaskRunPending', mutable: ['status', 'statusMessage'] } as const;
  return collect(checkUpdate(run as unknown as Run, old as unknown as Run, change));
}

interface Change {
  readonly kind: 'PipelineRun' | 'TaskRun';
  readonly pending: string;
  readonly mutable: readonly string[];
}

function* checkUpdate(run: Run, old: Run, { kind, pending, mutable }: Change): Causes {
  if (jsonEqual(run.spec, old.spec)) return;
  if (run.spec.managedBy !== old.spec.managedBy) {
    yield invalid('spec.managedBy', 'managedBy is immutable');
    return;
  }
  if (isDone(old)) {
    yield forbidden(firstDifference(run, old, []), words[kind].done);
    return;
  }
  const changed = firstDifference(run, old, mutable);
  if (changed !== 'spec') yield forbidden(changed, words[kind].started);
  if (run.spec.status === pending && old.spec.status !== pending) yield invalid('spec.status', words[kind].pending);
  else if (finality(run) < finality(old)) {
    yield forbidden('spec.status', `${old.spec.status} cannot be taken back: a cancel that was accepted holds`);
  }
}

/** How much a cancel takes away; it may grow, not shrink (law 8). A stop starts nothing new either, but may be lifted. */
function finality({ spec }: Run): number {
  if (spec.status === 'Cancelled' || spec.status === 'TaskRunCancelled') return 2;
  return spec.status === 'CancelledRunFinally' ? 1 : 0;
}

function isDone({ status }: Run): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Succeeded');
  return condition !== undefined && condition.status !== 'Unknown';
}

/** The path of the first member of the specs that differs and is none of `except`; `spec` when there is none. */
function firstDifference(run: Run, old: Run, except: readonly string[]): string {
  const members = [...new Set([...Object.keys(run.spec), ...Object.keys(old.spec)])];
  const member = members.find((name) => !except.includes(name) && !jsonEqual(run.spec[name], old.spec[name]));
  return member === undefined ? 'spec' : `spec.${member}`;
}
