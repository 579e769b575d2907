// tidy: table
import { anything, choice, freeObject, instant, integer, list, long, object, text, textMap } from '../builders.ts';
import { env, resources } from '../core/container.ts';
import { podTemplateMembers } from '../core/pod.ts';
import { pipelineSpec } from './pipeline.ts';
import { debug, sidecarSpecs, stepSpecs, taskSpec } from './task.ts';
import {
  paramValue,
  params,
  provenance,
  reference,
  runConditions,
  runMetadata,
  whenExpressions,
  workspaceBindings,
} from './values.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const podTemplate = object('Settings of the pods that run the steps.', {
  ...podTemplateMembers,
  env,
});

const results = list(
  'Results, once the run has ended.',
  object(
    'One result.',
    { name: text('Name.'), type: text('string, array or object.'), value: paramValue('Value.') },
    { required: ['name', 'value'] },
  ),
);

const common: Readonly<Record<string, StructuralSchema>> = {
  conditions: runConditions,
  observedGeneration: long('Generation of the spec the status is about.'),
  annotations: textMap('Further facts.'),
  startTime: instant('When it started; pending runs have none.'),
  completionTime: instant('When it ended.'),
  results,
  provenance,
  spanContext: textMap('Trace it belongs to.'),
};

const terminated = object(
  'It has ended.',
  {
    exitCode: integer('Exit code.'),
    signal: integer('Signal that ended it.'),
    reason: text('One word.'),
    message: text('What it left.'),
    startedAt: { ...instant('When it started.'), nullable: true },
    finishedAt: { ...instant('When it ended.'), nullable: true },
    containerID: text('Id in the runtime.'),
  },
  { required: ['exitCode'] },
);

const stateMembers: Readonly<Record<string, StructuralSchema>> = {
  name: text('Name of the step.'),
  container: text('Name of its container in the pod.'),
  imageID: text('Id of the image.'),
  waiting: object('It has not started.', { reason: text('One word.'), message: text('A sentence.') }),
  running: object('It runs.', { startedAt: { ...instant('Since when.'), nullable: true } }),
  terminated,
};

const stepStates = list(
  'What each step does.',
  object('What one step does.', {
    ...stateMembers,
    terminationReason: text('Completed, Continued, Error, TimeoutExceeded, Skipped, Cancelled or OOMKilled.'),
    results,
    provenance,
    inputs: anything('Artifacts read.'),
    outputs: anything('Artifacts written.'),
  }),
);

/** The whole of a TaskRun's `spec`. */
export const taskRunSpec: StructuralSchema = object('Which task to run, and with what.', {
  params,
  taskRef: reference('Task'),
  taskSpec,
  serviceAccountName: text('Service account of the pod; default by default.'),
  status: choice('TaskRunCancelled ends the run. TaskRunPending is refused: pending TaskRuns do not exist.', [
    '',
    'TaskRunCancelled',
    'TaskRunPending',
  ]),
  statusMessage: text('Why the status was set.'),
  retries: integer('How often a failed run is tried again.'),
  timeout: text('Longest one attempt may take, such as 10m; 1h by default, 0 for no limit.'),
  podTemplate,
  workspaces: workspaceBindings,
  stepSpecs,
  sidecarSpecs,
  computeResources: resources,
  debug,
  managedBy: text('Who runs it; absent or tekton.dev/pipeline means this server.'),
});

/** The whole of a TaskRun's `status`. */
export const taskRunStatus: StructuralSchema = object('How the run goes.', {
  ...common,
  podName: text('Pod of the newest attempt.'),
  steps: stepStates,
  sidecars: list('What each sidecar does.', object('What one sidecar does.', stateMembers)),
  retriesStatus: list('Status of earlier attempts.', freeObject('Status of one attempt.')),
  artifacts: freeObject('Artifacts read and written.'),
  taskSpec: freeObject('The task as it was run.'),
});

const taskRunTemplate = object('Settings of all TaskRuns of the run.', {
  podTemplate,
  serviceAccountName: text('Service account of all pods; default by default.'),
});

const taskRunSpecs = list(
  'Settings for single tasks of the pipeline.',
  object('Settings for one task.', {
    pipelineTaskName: text('Name of the task in the pipeline.'),
    serviceAccountName: text('Service account of its pod.'),
    podTemplate,
    stepSpecs,
    sidecarSpecs,
    metadata: runMetadata,
    computeResources: resources,
    timeout: text('Longest one attempt may take.'),
  }),
);

const timeouts = object('Longest times, such as 1h30m; 0 means no limit.', {
  pipeline: text('For the whole run; 1h by default.'),
  tasks: text('For the tasks; what finally leaves by default.'),
  finally: text('For the finally tasks; what the tasks leave by default.'),
});

/** The whole of a PipelineRun's `spec`. */
export const pipelineRunSpec: StructuralSchema = object('Which pipeline to run, and with what.', {
  pipelineRef: reference('Pipeline'),
  pipelineSpec,
  params,
  status: choice(
    'Cancelled, CancelledRunFinally and StoppedRunFinally end the run; PipelineRunPending holds it back.',
    ['', 'PipelineRunPending', 'Cancelled', 'CancelledRunFinally', 'StoppedRunFinally'],
  ),
  timeouts,
  taskRunTemplate,
  taskRunSpecs,
  workspaces: workspaceBindings,
  managedBy: text('Who runs it; absent or tekton.dev/pipeline means this server.'),
});

const childReferences = list(
  'The runs made for the tasks.',
  object('One run.', {
    apiVersion: text('API version.'),
    kind: text('TaskRun, CustomRun or PipelineRun.'),
    name: text('Name of the run.'),
    displayName: text('Name of the task for people.'),
    pipelineTaskName: text('Name of the task in the pipeline.'),
    whenExpressions,
  }),
);

const skippedTasks = list(
  'Tasks that were not run.',
  object(
    'One task.',
    { name: text('Name of the task.'), reason: text('Why it was not run.'), whenExpressions },
    { required: ['name', 'reason'] },
  ),
);

/** The whole of a PipelineRun's `status`. */
export const pipelineRunStatus: StructuralSchema = object('How the run goes.', {
  ...common,
  childReferences,
  skippedTasks,
  finallyStartTime: instant('When the finally tasks started.'),
  pipelineSpec: freeObject('The pipeline as it was run.'),
});
