// tidy: table
import { freeObject, integer, list, object, text, textList } from '../builders.ts';
import { embeddedTask } from './task.ts';
import { paramSpecs, params, pipelineResults, reference, whenExpressions, workspaceDeclarations } from './values.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const matrix = object('Runs the task once for each combination of values.', {
  params,
  include: list(
    'Further combinations, or values added to existing ones.',
    object('One combination.', { name: text('Name of the combination.'), params }),
  ),
});

const taskWorkspaces = list(
  'Which workspaces of the pipeline the task gets.',
  object(
    'One workspace.',
    {
      name: text('Name the task knows it by.'),
      workspace: text('Name the pipeline knows it by; the same by default.'),
      subPath: text('Directory in the workspace.'),
    },
    { required: ['name'] },
  ),
);

const pipelineTask = object('A task of the pipeline: by reference or written in place.', {
  name: text('Name, unique in the pipeline.'),
  displayName: text('Name for people.'),
  description: text('What the task is for.'),
  taskRef: reference('Task'),
  taskSpec: embeddedTask,
  pipelineRef: reference('Pipeline'),
  pipelineSpec: freeObject('A pipeline written in place.'),
  when: whenExpressions,
  retries: integer('How often a failed task is tried again.'),
  runAfter: textList('Tasks that must have finished before.'),
  params,
  matrix,
  workspaces: taskWorkspaces,
  timeout: text('Longest one attempt may take, such as 10m; 1h by default.'),
  onError: text('continue: a failure of this task does not fail the pipeline; stopAndFail is the default.'),
});

/** `spec` of a Pipeline, and `pipelineSpec` of a PipelineRun. */
export const pipelineSpec: StructuralSchema = object('What the pipeline does.', {
  displayName: text('Name for people.'),
  description: text('What the pipeline does.'),
  params: paramSpecs,
  tasks: list(
    'The tasks; they run in the order their references and runAfter demand, otherwise in parallel.',
    pipelineTask,
  ),
  finally: list('Tasks that run after all others, whatever became of them.', pipelineTask),
  workspaces: workspaceDeclarations('pipeline'),
  results: pipelineResults,
});
