import { type Json, type JsonObject, isJsonList, isJsonObject } from '../base/json.ts';

/** Something that `tekton.dev/v1beta1` had and `v1` has not. */
export interface RemovedFeature {
  /** Path in the object, `spec.resources`. */
  readonly field: string;
  readonly message: string;
}

/** An object in the words of `tekton.dev/v1`. */
export interface Converted {
  readonly object: JsonObject;
  /** What has no counterpart; with any of these the object must not be used. */
  readonly removed: readonly RemovedFeature[];
}

/**
 * The same Task, Pipeline or PipelineRun in `tekton.dev/v1`: an object that is in it already comes back itself. Bundles
 * become the resolver that took their place. What has the wrong shape stays as it is, for the schema to refuse.
 */
export function convertToV1(object: JsonObject): Converted {
  const { apiVersion, kind, spec } = object;
  if (apiVersion !== 'tekton.dev/v1beta1') return { object, removed: [] };
  const conversion = new Conversion();
  const converted = isJsonObject(spec) ? { spec: conversion.spec(String(kind), spec) } : {};
  return { object: { ...object, apiVersion: 'tekton.dev/v1', ...converted }, removed: conversion.removed };
}

class Conversion {
  readonly removed: RemovedFeature[] = [];

  spec(kind: string, spec: JsonObject): JsonObject {
    if (kind === 'Task') return this.#task(spec, 'spec');
    if (kind === 'Pipeline') return this.#pipeline(spec, 'spec');
    return kind === 'PipelineRun' ? this.#pipelineRun(spec) : spec;
  }

  #task(spec: JsonObject, field: string): JsonObject {
    this.#refuse(spec, 'resources', field, 'PipelineResources no longer exist; use workspaces, params and results');
    return {
      ...spec,
      ...members(spec, 'steps', resourcesRenamed),
      ...members(spec, 'sidecars', resourcesRenamed),
      ...member(spec, 'stepTemplate', resourcesRenamed),
    };
  }

  #pipeline(spec: JsonObject, field: string): JsonObject {
    this.#refuse(spec, 'resources', field, 'PipelineResources no longer exist; use workspaces, params and results');
    return {
      ...spec,
      ...members(spec, 'tasks', (task, index) => this.#pipelineTask(task, `${field}.tasks[${index}]`)),
      ...members(spec, 'finally', (task, index) => this.#pipelineTask(task, `${field}.finally[${index}]`)),
    };
  }

  #pipelineTask(task: JsonObject, field: string): JsonObject {
    this.#refuse(task, 'resources', field, 'PipelineResources no longer exist; use workspaces, params and results');
    this.#refuse(task, 'conditions', field, 'conditions no longer exist; use when');
    return {
      ...task,
      ...member(task, 'taskRef', (reference) => withoutBundle(reference, 'task')),
      ...member(task, 'taskSpec', (spec) => this.#task(spec, `${field}.taskSpec`)),
    };
  }

  #pipelineRun(spec: JsonObject): JsonObject {
    this.#refuse(spec, 'resources', 'spec', 'PipelineResources no longer exist; use workspaces, params and results');
    const { serviceAccountName, podTemplate, timeout, ...rest } = spec;
    return {
      ...rest,
      ...member(spec, 'pipelineRef', (reference) => withoutBundle(reference, 'pipeline')),
      ...member(spec, 'pipelineSpec', (pipeline) => this.#pipeline(pipeline, 'spec.pipelineSpec')),
      ...members(spec, 'taskRunSpecs', taskRunSpec),
      ...merged(rest, 'timeouts', { pipeline: timeout }),
      ...merged(rest, 'taskRunTemplate', { serviceAccountName, podTemplate }),
    };
  }

  #refuse(object: JsonObject, key: string, field: string, message: string): void {
    if (object[key] !== undefined) this.removed.push({ field: `${field}.${key}`, message });
  }
}

function resourcesRenamed(step: JsonObject): JsonObject {
  const { resources, ...rest } = step;
  return resources === undefined ? step : { ...rest, computeResources: resources };
}

function withoutBundle(reference: JsonObject, defaultKind: string): JsonObject {
  const { bundle, name, kind } = reference;
  if (bundle === undefined) return reference;
  const asked = typeof kind === 'string' && kind !== '' ? kind.toLowerCase() : defaultKind;
  const params = { bundle, name, kind: asked };
  return {
    resolver: 'bundles',
    params: Object.entries(params).flatMap(([key, value]) => (value === undefined ? [] : [{ name: key, value }])),
  };
}

const taskRunSpecNames = {
  taskServiceAccountName: 'serviceAccountName',
  taskPodTemplate: 'podTemplate',
  stepOverrides: 'stepSpecs',
  sidecarOverrides: 'sidecarSpecs',
} as const;

function taskRunSpec(spec: JsonObject): JsonObject {
  const renamed = Object.fromEntries(
    Object.entries(spec).map(([key, value]) => [
      Object.hasOwn(taskRunSpecNames, key) ? taskRunSpecNames[key as keyof typeof taskRunSpecNames] : key,
      value,
    ]),
  );
  return {
    ...renamed,
    ...members(renamed, 'stepSpecs', resourcesRenamed),
    ...members(renamed, 'sidecarSpecs', resourcesRenamed),
  };
}

function member(object: JsonObject, key: string, change: (value: JsonObject) => JsonObject): JsonObject {
  const value = object[key];
  return isJsonObject(value) ? { [key]: change(value) } : {};
}

function members(
  object: JsonObject,
  key: string,
  change: (value: JsonObject, index: number) => JsonObject,
): JsonObject {
  const list = object[key];
  if (!isJsonList(list)) return {};
  return { [key]: list.map((item, index): Json => (isJsonObject(item) ? change(item, index) : item)) };
}

/** `object[key]` with what is there of `added`; what it says itself wins. */
function merged(object: JsonObject, key: string, added: JsonObject): JsonObject {
  const present = Object.fromEntries(Object.entries(added).filter(([, value]) => value !== undefined));
  const value = object[key] ?? {};
  return Object.keys(present).length === 0 || !isJsonObject(value) ? {} : { [key]: { ...present, ...value } };
}
