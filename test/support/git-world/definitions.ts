/** Definitions of `.tekton` whose steps simulated nodes run. */
import { stringify } from 'yaml';

const prefix = 'pipelinesascode.tekton.dev';

export interface DefinitionOptions {
  /** `[push, pull_request]` by default. */
  readonly onEvent?: string;
  /** Every branch by default. */
  readonly onTargetBranch?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Names of the tasks, which run one after another. */
  readonly tasks?: readonly string[];
}

/** A PipelineRun of one step a task. */
export function definition(name: string, options: DefinitionOptions = {}): string {
  const { onEvent = '[push, pull_request]', onTargetBranch = '*', annotations = {}, tasks = ['work'] } = options;
  return stringify({
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name,
      annotations: { [`${prefix}/on-event`]: onEvent, [`${prefix}/on-target-branch`]: onTargetBranch, ...annotations },
    },
    spec: {
      pipelineSpec: {
        tasks: tasks.map((task, index) => ({
          name: task,
          ...(index === 0 ? {} : { runAfter: [tasks[index - 1]] }),
          taskSpec: { steps: [{ name: 'work', image: 'busybox', script: 'echo {{ revision }}' }] },
        })),
      },
    },
  });
}
