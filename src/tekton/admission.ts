import { jsonEqual, type JsonObject } from '../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../kube/admission.ts';
import { ApiStatusError, type StatusCause } from '../kube/api-error.ts';
import { type RunDefaults, tektonDefaults, withDefaults } from './defaults.ts';
import type { Pipeline, PipelineRun, Task, TaskRun } from './types.ts';
import { collect, type Problem } from './validation/causes.ts';
import { isNestedTooDeep, nestingMax } from './validation/limits.ts';
import { checkObjectName } from './validation/names.ts';
import { validatePipelineSpec } from './validation/pipeline.ts';
import { validatePipelineRun, validateTaskRun } from './validation/runs.ts';
import { validateTaskSpec } from './validation/task.ts';
import {
  unsupportedFeatures,
  unsupportedPipelineRunFeatures,
  unsupportedTaskFeatures,
  unsupportedTaskRunFeatures,
} from './validation/unsupported-features.ts';
import { validatePipelineRunUpdate, validateTaskRunUpdate } from './validation/updates.ts';

/** Settings of {@link tektonAdmission}. */
export interface TektonAdmissionOptions {
  /** What runs get when they do not say; Tekton's own by default. */
  readonly defaults?: Partial<RunDefaults>;
}

/**
 * Admission of Task, Pipeline, TaskRun and PipelineRun: fills in defaults, validates what is created and changed, and
 * refuses changes that a run does not allow. Writes of the status are not looked at: they are the controllers' own.
 */
export function tektonAdmission(options: TektonAdmissionOptions = {}): AdmissionPlugin {
  const defaults = { ...tektonDefaults, ...options.defaults };
  return {
    name: 'tekton',
    mutate: (request) => mutate(request, defaults),
    validate: (request) => validate(request, defaults),
  };
}

function mutate(request: AdmissionRequest, defaults: RunDefaults): JsonObject | undefined {
  const { object } = request;
  if (!concerns(request) || object === undefined || isNestedTooDeep(object)) return undefined;
  const filled = withDefaults(request.type.kind, object, defaults);
  return filled === object ? undefined : filled;
}

function validate(request: AdmissionRequest, defaults: RunDefaults): readonly StatusCause[] | ApiStatusError | undefined {
  const { object, oldObject } = request;
  if (!concerns(request) || object === undefined || request.operation === 'DELETE') return undefined;
  if (isNestedTooDeep(object)) {
    return new ApiStatusError('BadRequest', `lists and maps are nested more than ${nestingMax} deep`);
  }
  const { kind } = request.type;
  // An object being deleted changes only to let go of its finalizers.
  if ((object as unknown as Task).metadata.deletionTimestamp !== undefined) return undefined;
  if (oldObject === undefined) return plainCauses(problemsOf(kind, object));
  const old = withDefaults(kind, oldObject, defaults);
  return plainCauses(problemsOfUpdate(kind, object, old));
}

function concerns({ type, subresource }: AdmissionRequest): boolean {
  return type.group === 'tekton.dev' && subresource === undefined;
}

/** What is wrong with an object of `kind` that has its defaults and the shape of its schema; empty for other kinds. */
export function problemsOf(kind: string, object: JsonObject): readonly Problem[] {
  switch (kind) {
    case 'Task': {
      const { metadata, spec = {} } = object as unknown as Partial<Task> & Pick<Task, 'metadata'>;
      return first(collect(checkObjectName(metadata.name, 'metadata.name')), unsupportedTaskFeatures(spec), validateTaskSpec(spec));
    }
    case 'Pipeline': {
      const { metadata, spec = {} } = object as unknown as Partial<Pipeline> & Pick<Pipeline, 'metadata'>;
      return first(collect(checkObjectName(metadata.name, 'metadata.name')), unsupportedFeatures(spec), validatePipelineSpec(spec));
    }
    case 'TaskRun': {
      const run = withSpec(object) as unknown as TaskRun;
      return first(unsupportedTaskRunFeatures(run.spec), validateTaskRun(run));
    }
    case 'PipelineRun': {
      const run = withSpec(object) as unknown as PipelineRun;
      return first(unsupportedPipelineRunFeatures(run.spec), validatePipelineRun(run));
    }
    default:
      return [];
  }
}

/** Definitions may change in any way; runs may not, and are not validated again: they were when they were created. */
function problemsOfUpdate(kind: string, object: JsonObject, old: JsonObject): readonly Problem[] {
  if (jsonEqual(object['spec'], old['spec'])) return [];
  if (kind === 'TaskRun') return validateTaskRunUpdate(withSpec(object) as unknown as TaskRun, withSpec(old) as unknown as TaskRun);
  if (kind === 'PipelineRun') {
    return validatePipelineRunUpdate(withSpec(object) as unknown as PipelineRun, withSpec(old) as unknown as PipelineRun);
  }
  return problemsOf(kind, object);
}

function withSpec(object: JsonObject): JsonObject {
  return object['spec'] === undefined ? { ...object, spec: {} } : object;
}

/** All of the first list that is not empty: what is not supported would only show up as follow-up errors in the next. */
function first(...lists: readonly (readonly Problem[])[]): readonly Problem[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function plainCauses(problems: readonly Problem[]): readonly StatusCause[] {
  return problems.map(({ reason, field, message }) => ({ reason, field, message }));
}
