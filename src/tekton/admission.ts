import { isJsonObject, jsonEqual, type JsonObject } from '../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../kube/admission.ts';
import { ApiStatusError, type StatusCause } from '../kube/api-error.ts';
import { type RunDefaults, tektonDefaults, withDefaults } from './defaults.ts';
import type { Pipeline, PipelineRun, Task, TaskRun } from './types.ts';
import { signaturePrefix } from './pipeline-run/labels.ts';
import type { Problem } from './validation/causes.ts';
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
  const unsigned = request.operation === 'CREATE' ? withoutSignatures(object) : object;
  const filled = withDefaults(request.type.kind, unsigned, defaults);
  return filled === object ? undefined : filled;
}

/** A new object has not been signed: whatever says so was copied from another, or made up. */
function withoutSignatures(object: JsonObject): JsonObject {
  const { metadata } = object;
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  if (!isJsonObject(metadata) || !isJsonObject(annotations)) return object;
  const kept = Object.entries(annotations).filter(([key]) => !key.startsWith(signaturePrefix));
  if (kept.length === Object.keys(annotations).length) return object;
  return { ...object, metadata: { ...metadata, annotations: Object.fromEntries(kept) } };
}

function validate(
  request: AdmissionRequest,
  defaults: RunDefaults,
): readonly StatusCause[] | ApiStatusError | undefined {
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

/**
 * What is wrong with an object of `kind` that has its defaults and the shape of its schema; empty for other kinds. What
 * is not supported comes alone: it would only show up again as follow-up errors.
 */
function problemsOf(kind: string, object: JsonObject): readonly Problem[] {
  const unsupported = unsupportedIn(kind, object);
  return unsupported.length > 0 ? unsupported : invalidIn(kind, object);
}

/** The features that an object of `kind` uses and this version does not have. */
export function unsupportedIn(kind: string, object: JsonObject): readonly Problem[] {
  const { spec } = withSpec(object) as unknown as { readonly spec: object };
  switch (kind) {
    case 'Task':
      return unsupportedTaskFeatures(spec);
    case 'Pipeline':
      return unsupportedFeatures(spec);
    case 'TaskRun':
      return unsupportedTaskRunFeatures(spec);
    case 'PipelineRun':
      return unsupportedPipelineRunFeatures(spec);
    default:
      return [];
  }
}

/** What is invalid in an object of `kind`, whether its features are supported or not. */
export function invalidIn(kind: string, object: JsonObject): readonly Problem[] {
  const whole = withSpec(object) as unknown;
  switch (kind) {
    case 'Task': {
      const { metadata, spec } = whole as Task;
      return [...checkObjectName(metadata.name, 'metadata.name'), ...validateTaskSpec(spec)];
    }
    case 'Pipeline': {
      const { metadata, spec } = whole as Pipeline;
      return [...checkObjectName(metadata.name, 'metadata.name'), ...validatePipelineSpec(spec)];
    }
    case 'TaskRun':
      return validateTaskRun(whole as TaskRun);
    case 'PipelineRun':
      return validatePipelineRun(whole as PipelineRun);
    default:
      return [];
  }
}

/** Definitions may change in any way; runs may not, and are not validated again: they were when they were created. */
function problemsOfUpdate(kind: string, object: JsonObject, old: JsonObject): readonly Problem[] {
  if (jsonEqual(object['spec'], old['spec'])) return [];
  if (kind === 'TaskRun')
    return validateTaskRunUpdate(withSpec(object) as unknown as TaskRun, withSpec(old) as unknown as TaskRun);
  if (kind === 'PipelineRun') {
    return validatePipelineRunUpdate(
      withSpec(object) as unknown as PipelineRun,
      withSpec(old) as unknown as PipelineRun,
    );
  }
  return problemsOf(kind, object);
}

function withSpec(object: JsonObject): JsonObject {
  return object['spec'] === undefined ? { ...object, spec: {} } : object;
}

function plainCauses(problems: readonly Problem[]): readonly StatusCause[] {
  return problems.map(({ reason, field, message }) => ({ reason, field, message }));
}
