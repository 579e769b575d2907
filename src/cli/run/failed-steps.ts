import type { ApiClient } from '../../client/api-client.ts';
import type { RunView, StepView, TaskView } from '../progress/run-view.ts';
import type { RunOutput } from './output.ts';
import { linesOf } from './step-logs.ts';

/** The most lines of a failing step that are shown. */
export const failedStepLinesMax = 500;

/** Shows the log of each step that failed, or its end when it is long. */
export async function reportFailedSteps(
  client: ApiClient,
  views: readonly RunView[],
  output: RunOutput,
): Promise<void> {
  for (const view of views) {
    for (const task of view.tasks) {
      for (const step of task.steps.filter(hasFailed)) await reportStep(client, view, task, step, output);
    }
  }
}

function hasFailed(step: StepView): boolean {
  return step.phase === 'failed' || step.phase === 'lost';
}

async function reportStep(
  client: ApiClient,
  { namespace, name: run }: RunView,
  { name: task, podName = '' }: TaskView,
  { name: step, container, exitCode, reason }: StepView,
  output: RunOutput,
): Promise<void> {
  const lines: string[] = [];
  const key = { namespace, name: podName };
  for await (const line of linesOf(client, key, { container, tailLines: failedStepLinesMax + 1 })) lines.push(line);
  const cut = lines.length > failedStepLinesMax;
  output.failedStep({
    run,
    task,
    step,
    lines: cut ? lines.slice(-failedStepLinesMax) : lines,
    cut,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
  });
}
