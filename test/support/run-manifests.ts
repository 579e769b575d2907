/** Small manifests for tests: JSON, which is YAML, too. */
import type { PipelineRun, PipelineRunSpec, PipelineTask, TaskSpec } from '../../src/tekton/types.ts';

/** A task of one step that runs `script` in /bin/sh. */
export function shellTask(name: string, script: string, rest: Partial<PipelineTask> = {}): PipelineTask {
  return { name, taskSpec: shellSpec(script), ...rest };
}

/** What a task of one step `step` runs. */
export function shellSpec(script: string, rest: Partial<TaskSpec> = {}): TaskSpec {
  return { steps: [{ name: 'step', image: 'busybox', script: `#!/bin/sh\n${script}\n` }], ...rest };
}

/** A PipelineRun of tasks written out. */
export function pipelineRun(
  name: string,
  tasks: readonly PipelineTask[],
  { pipelineSpec, ...rest }: Partial<PipelineRunSpec> = {},
): PipelineRun {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name },
    spec: { pipelineSpec: { tasks, ...pipelineSpec }, ...rest },
  };
}

/** Objects as the documents of one file. */
export function documents(...objects: readonly object[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object, undefined, 2)}\n`).join('');
}
