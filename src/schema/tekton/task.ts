// tidy: table
import { anything, list, object, text, textList } from '../builders.ts';
import { resources, sidecarMembers, stepMembers } from '../core/container.ts';
import { volume } from '../core/volumes.ts';
import {
  paramSpecs,
  params,
  reference,
  runMetadata,
  taskResults,
  whenExpressions,
  workspaceDeclarations,
} from './values.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const stepWorkspaces = list(
  'Workspaces only this step may use.',
  object(
    'One workspace.',
    { name: text('Name of the workspace.'), mountPath: text('Where it appears.') },
    { required: ['name'] },
  ),
);

const output = object('Where the output is copied to.', { path: text('A file.') });

const step = object('One step: a container that runs to its end.', {
  name: text('Name of the step.'),
  displayName: text('Name for people.'),
  ...stepMembers,
  script: text('A script to run instead of a command; a first line #! names the interpreter, /bin/sh otherwise.'),
  computeResources: resources,
  timeout: text('Longest the step may take, such as 30s or 1h30m.'),
  workspaces: stepWorkspaces,
  onError: text('continue: a failure of this step does not fail the task; stopAndFail is the default.'),
  stdoutConfig: output,
  stderrConfig: output,
  ref: reference('StepAction'),
  params,
  results: taskResults,
  when: whenExpressions,
});

const sidecar = object('A container that runs beside the steps and is ended after the last of them.', {
  name: text('Name of the sidecar.'),
  ...stepMembers,
  ...sidecarMembers,
  script: text('A script to run instead of a command.'),
  computeResources: resources,
  workspaces: stepWorkspaces,
});

const stepTemplate = object('What all steps have unless they say otherwise.', {
  ...stepMembers,
  ...sidecarMembers,
  name: text('Ignored.'),
  computeResources: resources,
});

/** The members of a Task's `spec`. */
export const taskSpecMembers: Readonly<Record<string, StructuralSchema>> = {
  displayName: text('Name for people.'),
  description: text('What the task does.'),
  params: paramSpecs,
  steps: list('The steps, one after another.', step),
  stepTemplate,
  sidecars: list('Containers that run beside the steps.', sidecar),
  volumes: list('Volumes that steps may mount.', volume),
  workspaces: workspaceDeclarations('task'),
  results: taskResults,
};

/** `spec` of a Task, and `taskSpec` of a TaskRun. */
export const taskSpec: StructuralSchema = object('What the task does.', taskSpecMembers);

/** `taskSpec` of a pipeline task: a task, or with `apiVersion` and `kind` a custom task whose `spec` is its own affair. */
export const embeddedTask: StructuralSchema = object('A task written in place.', {
  ...taskSpecMembers,
  apiVersion: text('API version, for custom tasks.'),
  kind: text('Kind, for custom tasks.'),
  metadata: runMetadata,
  spec: anything('Spec of a custom task.'),
});

/** What a run may set for single steps. */
export const stepSpecs: StructuralSchema = list(
  'Settings for single steps.',
  object(
    'Settings for one step.',
    { name: text('Name of the step.'), computeResources: resources },
    { required: ['name', 'computeResources'] },
  ),
);

/** What a run may set for single sidecars. */
export const sidecarSpecs: StructuralSchema = list(
  'Settings for single sidecars.',
  object(
    'Settings for one sidecar.',
    { name: text('Name of the sidecar.'), computeResources: resources },
    { required: ['name', 'computeResources'] },
  ),
);

/** `debug` of a TaskRun. */
export const debug: StructuralSchema = object('Where to stop for looking inside.', {
  breakpoints: object('The places.', {
    onFailure: text('enabled: stop where a step fails.'),
    beforeSteps: textList('Stop before these steps.'),
  }),
});
