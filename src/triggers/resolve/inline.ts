import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';

/** The Task called `name` that takes the place of the reference at `field`, a path in the spec of the Pipeline. */
export type FindTask = (name: string, field: string) => JsonObject;

/** Name of the Pipeline that is to take the place of `spec.pipelineRef`; undefined = the reference stays, or there is none. */
export function inlinedPipelineName(spec: JsonObject): string | undefined {
  return inlinedName(spec['pipelineRef'], 'Pipeline');
}

/** The spec of a Pipeline with its references to Tasks replaced; those to resolvers and kinds of others stay. */
export function inlineTasks(pipelineSpec: JsonObject, findTask: FindTask): JsonObject {
  return {
    ...pipelineSpec,
    ...inlinedList(pipelineSpec, 'tasks', findTask),
    ...inlinedList(pipelineSpec, 'finally', findTask),
  };
}

function inlinedList(pipelineSpec: JsonObject, key: 'tasks' | 'finally', findTask: FindTask): JsonObject {
  const list = pipelineSpec[key];
  if (!isJsonList(list)) return {};
  return { [key]: list.map((task, index) => inlined(task, `${key}[${index}]`, findTask)) };
}

function inlined(task: Json, field: string, findTask: FindTask): Json {
  if (!isJsonObject(task)) return task;
  const { taskRef, ...rest } = task;
  const name = inlinedName(taskRef, 'Task');
  return name === undefined ? task : { ...rest, taskSpec: embedded(findTask(name, field)) };
}

/** The name in a reference by name to a kind of Tekton. */
function inlinedName(reference: Json | undefined, kind: 'Pipeline' | 'Task'): string | undefined {
  if (!isJsonObject(reference)) return undefined;
  const { name, resolver, apiVersion } = reference;
  if (typeof name !== 'string' || name === '' || (resolver !== undefined && resolver !== '')) return undefined;
  if (typeof apiVersion === 'string' && apiVersion !== '' && !apiVersion.startsWith('tekton.dev/')) return undefined;
  return (reference['kind'] || kind) === kind ? name : undefined;
}

/** A Task as it stands in a Pipeline: its labels and annotations become those of its TaskRuns. */
function embedded({ spec, metadata }: JsonObject): JsonObject {
  const { labels, annotations } = isJsonObject(metadata) ? metadata : {};
  const kept = { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
  return {
    ...(isJsonObject(spec) ? spec : {}),
    ...(Object.keys(kept).length === 0 ? {} : { metadata: kept }),
  };
}
