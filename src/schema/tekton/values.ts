// tidy: table
import { anything, choice, freeObject, keyedList, list, mapOf, object, text, textList, textMap } from '../builders.ts';
import { workspaceSources, claimTemplate } from '../core/volumes.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** A value: a string, a list of strings or a map of strings (numbers and booleans are taken as their text). */
export function paramValue(description: string): StructuralSchema {
  return anything(description);
}

/** `params` of runs, references and pipeline tasks. */
export const params: StructuralSchema = list(
  'Values for the declared params.',
  object(
    'A value for one param.',
    { name: text('Name of the param.'), value: paramValue('A string, a list of strings or a map of strings.') },
    { required: ['name', 'value'] },
  ),
);

const valueType = choice('Kind of value: string, array or object; inferred when absent.', [
  '',
  'string',
  'array',
  'object',
]);

const objectKeys = mapOf(
  'Keys an object value must have; all of type string.',
  object('One key.', { type: text('string.') }),
);

/** `params` of a Task, Pipeline or StepAction: declarations. */
export const paramSpecs: StructuralSchema = list(
  'Params the user of this may set.',
  object(
    'Declares one param.',
    {
      name: text('Name, as in $(params.name).'),
      type: valueType,
      description: text('What the param is for.'),
      properties: objectKeys,
      default: paramValue('Value when none is given; without it the param is required.'),
      enum: textList('Values that are allowed.'),
    },
    { required: ['name'] },
  ),
);

/** `results` of a Task or step: declarations. */
export const taskResults: StructuralSchema = list(
  'Results this writes.',
  object(
    'Declares one result.',
    {
      name: text('Name; written to the file $(results.name.path).'),
      type: valueType,
      description: text('What the result says.'),
      properties: objectKeys,
      value: paramValue('Taken from a step: $(steps.S.results.R).'),
    },
    { required: ['name'] },
  ),
);

/** `results` of a Pipeline: expressions over results of its tasks. */
export const pipelineResults: StructuralSchema = list(
  'Results of the whole pipeline.',
  object(
    'Declares one result.',
    {
      name: text('Name of the result.'),
      type: valueType,
      description: text('What the result says.'),
      value: paramValue('References such as $(tasks.T.results.R).'),
    },
    { required: ['name', 'value'] },
  ),
);

/** `when`: conditions that must all hold. */
export const whenExpressions: StructuralSchema = list(
  'Conditions that must all hold for this to run.',
  object('One condition: input, operator and values, or a CEL expression.', {
    input: text('What is looked at; variables are replaced.'),
    operator: text('in or notin.'),
    values: textList('What it is compared with.'),
    cel: text('A CEL expression that yields a boolean.'),
  }),
);

/** `workspaces` of a Task or Pipeline: declarations. */
export function workspaceDeclarations(of: 'task' | 'pipeline'): StructuralSchema {
  const mount: Readonly<Record<string, StructuralSchema>> = {
    mountPath: text('Where it appears; /workspace/NAME by default.'),
    readOnly: { type: 'boolean', description: 'Whether steps can only read it.' },
  };
  return list(
    `Directories the ${of} needs.`,
    object(
      'Declares one workspace.',
      {
        name: text('Name, as in $(workspaces.name.path).'),
        description: text('What the workspace is for.'),
        optional: { type: 'boolean', description: 'Whether a run may leave it out.' },
        ...(of === 'task' ? mount : {}),
      },
      { required: ['name'] },
    ),
  );
}

/** `workspaces` of a run: what the declared workspaces are. */
export const workspaceBindings: StructuralSchema = list(
  'What the declared workspaces are made of.',
  object(
    'Binds one workspace to exactly one volume source.',
    {
      name: text('Name of the workspace.'),
      subPath: text('Directory in the volume.'),
      volumeClaimTemplate: claimTemplate,
      ...workspaceSources,
    },
    { required: ['name'] },
  ),
);

/** A reference to a Task, Pipeline, StepAction or custom task. */
export function reference(what: string): StructuralSchema {
  return object(`Which ${what} to use: by name in the same namespace, or through a resolver.`, {
    name: text(`Name of the ${what}.`),
    kind: text(`Kind, ${what} by default.`),
    apiVersion: text('API version, for custom tasks.'),
    resolver: text('Resolver that fetches it: git, bundles, hub, cluster, http.'),
    params,
    bundle: text('Not supported any more; use the bundles resolver.'),
  });
}

/** Labels and annotations that created objects get. */
export const runMetadata: StructuralSchema = object('Labels and annotations of the created objects.', {
  labels: textMap('Labels.'),
  annotations: textMap('Annotations.'),
});

/** `conditions` of a run; only `Succeeded` says how it went. */
export const runConditions: StructuralSchema = keyedList(
  'How the run goes: the condition Succeeded is Unknown while it lasts, then True or False.',
  ['type'],
  object(
    'One condition.',
    {
      type: text('Succeeded.'),
      status: text('True, False or Unknown.'),
      reason: text('One word that says why.'),
      message: text('A sentence that says why.'),
      severity: text('Empty for an error.'),
      lastTransitionTime: text('When it last changed.'),
      observedGeneration: { type: 'integer', format: 'int64', description: 'Generation the condition is about.' },
    },
    { required: ['type', 'status'] },
  ),
);

/** `provenance` of a run's status. */
export const provenance: StructuralSchema = freeObject(
  'Where a remote definition came from, and the settings in force.',
);
