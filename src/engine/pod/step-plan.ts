import { parseGoDuration } from '../../tekton/durations.ts';
import { stepContainerName } from '../../tekton/task-variables.ts';
import type { ResolvedTask } from '../../tekton/task-run/contract.ts';
import { mergedSteps } from '../../tekton/task-run/step-template.ts';
import type { Step } from '../../tekton/types.ts';

/** A step on its way to become a container. */
export interface StepPlan {
  readonly index: number;
  readonly container: string;
  /** Laid over its template, all variables filled in. */
  readonly step: Step;
  /** The text of the script file, if the step has a script. */
  readonly script?: string;
  /** Flags of the wrapper; absent = the step runs bare. */
  readonly wrapperFlags?: readonly string[];
}

/** Cannot be made into a pod: becomes the run's final message. */
export class PodPlanError extends Error {
  override readonly name = 'PodPlanError';
  readonly code = 'POD_PLAN';
}

/** What a script without an interpreter of its own is run by. */
const preamble = '#!/bin/sh\nset -e\n';

/** The steps of a Task as containers-to-be. Throws {@link PodPlanError}. */
export function planSteps(task: ResolvedTask): readonly StepPlan[] {
  const results = (task.spec.results ?? []).filter(({ value }) => value === undefined).map(({ name }) => name);
  const steps = mergedSteps(task.spec);
  const texts = JSON.stringify(steps);
  return steps.map((step, index) => {
    const container = stepContainerName(step, index);
    const exitCodeIsRead = texts.includes(`/tekton/steps/${container}/exitCode`);
    const wrapperFlags = flagsOf(step, container, results, exitCodeIsRead);
    if (wrapperFlags && !step.script && (step.command ?? []).length === 0)
      throw new PodPlanError(noCommandText(step, index));
    return {
      index,
      container,
      step,
      ...(step.script ? { script: scriptText(step.script) } : {}),
      ...(wrapperFlags === undefined ? {} : { wrapperFlags }),
    };
  });
}

function scriptText(script: string): string {
  return script.trimStart().startsWith('#!') ? script.trimStart() : preamble + script;
}

/** The wrapper's flags for `step`, or nothing when it can do without. */
function flagsOf(
  step: Step,
  container: string,
  results: readonly string[],
  exitCodeIsRead: boolean,
): readonly string[] | undefined {
  const timeoutMs = step.timeout === undefined ? 0 : (parseGoDuration(step.timeout) ?? 0);
  const stepResults = (step.results ?? []).map(({ name }) => name);
  const flags = [
    ...(step.onError === 'continue' ? ['--on-error', 'continue'] : []),
    ...(timeoutMs > 0 ? ['--timeout', String(timeoutMs / 1000)] : []),
    ...(step.stdoutConfig?.path ? ['--stdout', step.stdoutConfig.path] : []),
    ...(step.stderrConfig?.path ? ['--stderr', step.stderrConfig.path] : []),
    ...results.flatMap((name) => ['--result', name]),
    ...stepResults.flatMap((name) => ['--step-result', name]),
  ];
  if (flags.length === 0 && !exitCodeIsRead) return undefined;
  return ['--directory', `/tekton/steps/${container}`, ...flags];
}

function noCommandText(step: Step, index: number): string {
  const which = `spec.steps[${index}]${step.name ? ` ("${step.name}")` : ''}`;
  const why =
    "results, onError, timeout and stdoutConfig need to know a step's command, and this one relies on its image's own";
  return `${which}: ${why}; give it a command or a script`;
}
