import { isJsonList, isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { formatGoDuration } from './durations.ts';
import { decodeParamValue } from './values.ts';

/** What a run gets when it does not say; Tekton's `config-defaults`. */
export interface RunDefaults {
  /** For one whole PipelineRun, and for one attempt of a TaskRun. */
  readonly timeoutMs: number;
  readonly serviceAccountName: string;
  /** `app.kubernetes.io/managed-by` of TaskRuns. */
  readonly managedBy: string;
}

/** Tekton's own. */
export const tektonDefaults: RunDefaults = {
  timeoutMs: 3_600_000,
  serviceAccountName: 'default',
  managedBy: 'tekton-pipelines',
};

const managedByLabel = 'app.kubernetes.io/managed-by';

/**
 * An object of `kind` with its defaults filled in and its values of params in their canonical form (a number is its text).
 * What has the wrong shape stays as it is, for the schema to refuse. The same object when there is nothing to do; filling
 * in twice changes nothing more.
 */
export function withDefaults(kind: string, object: JsonObject, defaults: RunDefaults): JsonObject {
  const spec = object['spec'];
  if (!isJsonObject(spec)) return object;
  switch (kind) {
    case 'Task':
      return withMember(object, 'spec', taskSpec);
    case 'Pipeline':
      return withMember(object, 'spec', pipelineSpec);
    case 'TaskRun':
      return withLabels(
        withMember(object, 'spec', (value) => taskRunSpec(value, defaults)),
        taskRunLabels(object, defaults),
      );
    case 'PipelineRun':
      return withLabels(
        withMember(object, 'spec', (value) => pipelineRunSpec(value, defaults)),
        pipelineRunLabels(object),
      );
    default:
      return object;
  }
}

type Fill = (value: JsonObject) => JsonObject;

function pipelineRunSpec(spec: JsonObject, defaults: RunDefaults): JsonObject {
  const filled = fillAll(spec, {
    params: each(paramValue),
    pipelineRef: reference('Pipeline', false),
    pipelineSpec,
    timeouts: (timeouts) => withAbsent(timeouts, 'pipeline', formatGoDuration(defaults.timeoutMs)),
    taskRunTemplate: (template) => withAbsent(template, 'serviceAccountName', defaults.serviceAccountName),
  });
  const timeouts = withAbsent(filled, 'timeouts', { pipeline: formatGoDuration(defaults.timeoutMs) });
  return withAbsent(timeouts, 'taskRunTemplate', { serviceAccountName: defaults.serviceAccountName });
}

function taskRunSpec(spec: JsonObject, defaults: RunDefaults): JsonObject {
  const filled = fillAll(spec, { params: each(paramValue), taskRef: reference('Task', true), taskSpec });
  const timed = withAbsent(filled, 'timeout', formatGoDuration(defaults.timeoutMs));
  return withAbsent(timed, 'serviceAccountName', defaults.serviceAccountName);
}

function pipelineSpec(spec: JsonObject): JsonObject {
  return fillAll(spec, {
    params: each(paramSpec),
    tasks: each(pipelineTask),
    finally: each(pipelineTask),
    results: each((result) => withMemberValue(result, 'value')),
  });
}

function pipelineTask(task: JsonObject): JsonObject {
  return fillAll(task, {
    params: each(paramValue),
    taskRef: reference('Task', true),
    taskSpec: (spec) => (spec['apiVersion'] === undefined ? taskSpec(spec) : spec),
  });
}

function taskSpec(spec: JsonObject): JsonObject {
  return fillAll(spec, {
    params: each(paramSpec),
    results: each(resultSpec),
    steps: each((step) => fillAll(step, { params: each(paramValue), results: each(resultSpec) })),
  });
}

/** The type stated, else `object` when there are properties, else that of the default, else `string`. */
function paramSpec(spec: JsonObject): JsonObject {
  const decoded = withMemberValue(spec, 'default');
  const { type, properties, default: fallback } = decoded;
  const inferred = isJsonObject(properties)
    ? 'object'
    : isJsonList(fallback)
      ? 'array'
      : isJsonObject(fallback)
        ? 'object'
        : 'string';
  const typed = type === undefined || type === '' ? { ...decoded, type: inferred } : decoded;
  return fillAll(typed, { properties: keyTypes });
}

function resultSpec(spec: JsonObject): JsonObject {
  const { type, properties } = spec;
  const typed =
    type === undefined || type === '' ? { ...spec, type: isJsonObject(properties) ? 'object' : 'string' } : spec;
  return fillAll(typed, { properties: keyTypes });
}

/** Every key of an object is of type string. */
function keyTypes(properties: JsonObject): JsonObject {
  return fillAll(
    properties,
    Object.fromEntries(Object.keys(properties).map((key) => [key, (one) => withAbsent(one, 'type', 'string')])),
  );
}

function paramValue(param: JsonObject): JsonObject {
  return withMemberValue(param, 'value');
}

function reference(kind: string, stated: boolean): Fill {
  return (value) => {
    const filled = fillAll(value, { params: each(paramValue) });
    const isCustom = value['apiVersion'] !== undefined && value['apiVersion'] !== '';
    return stated && value['resolver'] === undefined && !isCustom ? withAbsent(filled, 'kind', kind) : filled;
  };
}

function withMemberValue(object: JsonObject, member: string): JsonObject {
  const value = object[member];
  if (value === undefined) return object;
  const decoded = decodeParamValue(value);
  return decoded === value ? object : { ...object, [member]: decoded };
}

/** Fills members, each by its own function: that of a list gets the list, any other only objects. */
function fillAll(object: JsonObject, fills: Readonly<Record<string, Fill | ListFill>>): JsonObject {
  let filled = object;
  for (const [member, fill] of Object.entries(fills)) {
    const value = Object.hasOwn(object, member) ? object[member] : undefined;
    const next = 'list' in fill ? fillList(value, fill.list) : isJsonObject(value) ? fill(value) : value;
    if (next !== value) filled = { ...filled, [member]: next };
  }
  return filled;
}

interface ListFill {
  readonly list: Fill;
}

function each(list: Fill): ListFill {
  return { list };
}

function fillList(value: Json | undefined, fill: Fill): Json | undefined {
  if (!isJsonList(value)) return value;
  const filled = value.map((entry) => (isJsonObject(entry) ? fill(entry) : entry));
  return filled.every((entry, index) => entry === value[index]) ? value : filled;
}

function withMember(object: JsonObject, member: string, fill: Fill): JsonObject {
  return fillAll(object, { [member]: fill });
}

function withAbsent(object: JsonObject, member: string, value: Json): JsonObject {
  const present = object[member];
  return present === undefined || present === null || present === '' ? { ...object, [member]: value } : object;
}

function taskRunLabels(object: JsonObject, defaults: RunDefaults): JsonObject {
  const name = nameIn(object['spec'], 'taskRef');
  return { [managedByLabel]: defaults.managedBy, ...(name === undefined ? {} : { 'tekton.dev/task': name }) };
}

/** The pipeline's name; that of the run itself when its pipeline is embedded. */
function pipelineRunLabels(object: JsonObject): JsonObject {
  const name = nameIn(object['spec'], 'pipelineRef') ?? ownName(object['metadata']);
  return name === undefined || name === '' ? {} : { 'tekton.dev/pipeline': name };
}

function nameIn(spec: Json | undefined, member: string): string | undefined {
  const found = isJsonObject(spec) ? spec[member] : undefined;
  const name = isJsonObject(found) ? found['name'] : undefined;
  return typeof name === 'string' && isLabelValue(name) ? name : undefined;
}

function ownName(metadata: Json | undefined): string | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const { name, generateName } = metadata;
  if (typeof name === 'string' && isLabelValue(name)) return name;
  if (typeof generateName !== 'string') return undefined;
  const prefix = generateName.replace(/[^A-Za-z0-9]+$/, '');
  return isLabelValue(prefix) ? prefix : undefined;
}

function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(text);
}

/** Labels that a user has set stay. */
function withLabels(object: JsonObject, labels: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isJsonObject(metadata)) return object;
  const present = metadata['labels'];
  if (present !== undefined && present !== null && !isJsonObject(present)) return object;
  const missing = Object.keys(labels).filter((key) => !isJsonObject(present) || present[key] === undefined);
  if (missing.length === 0) return object;
  return { ...object, metadata: { ...metadata, labels: { ...labels, ...present } } };
}
