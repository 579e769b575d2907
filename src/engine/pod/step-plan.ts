import { parseGoDuration } from '../../tekton/durations.ts';
import { stepContainerName } from '../../tekton/task-variables.ts';
import type { ResolvedTask } from '../../tekton/task-run/contract.ts';
import { mergedSteps } from '../../tekton/task-run/step-template.ts';
import type { Step } from '../../tekton/types.ts';
import { collectContainer, podPaths } from './names.ts';

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
  /** Whether the step has a directory for credentials: when there are some, or it names it. */
  readonly credentials: boolean;
}

/** The steps of a pod, and the flags of a container after them if their results need one to report them. */
export interface PodSteps {
  readonly steps: readonly StepPlan[];
  /** The text of the script that writes credentials, if there are any. */
  readonly credentialsScript?: string;
  readonly collectorFlags?: readonly string[];
}

/** Cannot be made into a pod: becomes the run's final message. */
export class PodPlanError extends Error {
  override readonly name = 'PodPlanError';
  readonly code = 'POD_PLAN';
}

/** What a script without an interpreter of its own is run by. */
const preamble = '#!/bin/sh\nset -e\n';

/**
 * The steps of a Task as containers-to-be. `credentialsScript` gives each of them credentials. A step that relies on its image's own command runs bare, since nobody here
 * knows what to wrap; the results it may write are reported by the next wrapped step or by a collector. Throws
 * {@link PodPlanError} where it asks for more than that.
 */
export function planSteps(task: ResolvedTask, credentialsScript?: string): PodSteps {
  const results = (task.spec.results ?? []).filter(({ value }) => value === undefined);
  const resultFlags = results.flatMap(({ name }) => ['--result', name]);
  const merged = mergedSteps(task.spec);
  const texts = JSON.stringify(merged);
  const namesCredentials = texts.includes(podPaths.credentials);
  const steps = merged.map((step, index) => {
    const container = stepContainerName(step, index);
    const exitCodeIsRead = texts.includes(`${podPaths.steps}/${container}/exitCode`);
    const own = ownFlags(step);
    const credentials = credentialsScript === undefined ? [] : credentialsFlags;
    const knowsCommand = Boolean(step.script) || (step.command ?? []).length > 0;
    if (!knowsCommand && (own.length > 0 || exitCodeIsRead)) throw new PodPlanError(noCommandText(step, index));
    const flags = knowsCommand ? [...credentials, ...own, ...resultFlags] : [];
    const wrapped = flags.length > 0 || (knowsCommand && exitCodeIsRead);
    return {
      index,
      container,
      step,
      ...(step.script ? { script: scriptText(step.script) } : {}),
      ...(wrapped ? { wrapperFlags: [...directoryFlags(container), ...flags] } : {}),
      credentials: (wrapped && credentials.length > 0) || namesCredentials,
    };
  });
  const needsCollector = resultFlags.length > 0 && steps.at(-1)?.wrapperFlags === undefined;
  return {
    steps,
    ...(credentialsScript === undefined ? {} : { credentialsScript }),
    ...(needsCollector ? { collectorFlags: [...directoryFlags(collectContainer), ...resultFlags] } : {}),
  };
}

/** Whether any container of the pod runs the wrapper. */
export function usesWrapper({ steps, collectorFlags }: PodSteps): boolean {
  return collectorFlags !== undefined || steps.some(({ wrapperFlags }) => wrapperFlags !== undefined);
}

const credentialsFlags: readonly string[] = ['--credentials', `${podPaths.scripts}/credentials`];

function directoryFlags(container: string): readonly string[] {
  return ['--directory', `${podPaths.steps}/${container}`];
}

function scriptText(script: string): string {
  return script.trimStart().startsWith('#!') ? script.trimStart() : preamble + script;
}

/** The wrapper's flags for what `step` itself asks for; none when it can do without. */
function ownFlags(step: Step): readonly string[] {
  const timeoutMs = step.timeout === undefined ? 0 : (parseGoDuration(step.timeout) ?? 0);
  return [
    ...(step.onError === 'continue' ? ['--on-error', 'continue'] : []),
    ...(timeoutMs > 0 ? ['--timeout', String(timeoutMs / 1000)] : []),
    ...(step.stdoutConfig?.path ? ['--stdout', step.stdoutConfig.path] : []),
    ...(step.stderrConfig?.path ? ['--stderr', step.stderrConfig.path] : []),
    ...(step.results ?? []).flatMap(({ name }) => ['--step-result', name]),
  ];
}

function noCommandText(step: Step, index: number): string {
  const which = `spec.steps[${index}]${step.name ? ` ("${step.name}")` : ''}`;
  const why =
    "results, onError, timeout and stdoutConfig need to know a step's command, and this one relies on its image's own";
  return `${which}: ${why}; give it a command or a script`;
}
