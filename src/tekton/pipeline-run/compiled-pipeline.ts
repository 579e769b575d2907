import { present } from '../../base/assert.ts';
import { buildGraph, type Graph } from '../graph.ts';
import { resultReferencesOfTask } from '../references.ts';
import type { ResultReference } from '../variables.ts';
import type { PipelineSpec, PipelineTask } from '../types.ts';

/** Whether a pipeline task stands under `tasks` or under `finally`. */
export type PipelinePart = 'tasks' | 'finally';

/** A pipeline task with what is worth knowing before any child exists. */
export interface CompiledTask {
  readonly task: PipelineTask;
  readonly part: PipelinePart;
  /** Names of the tasks that must be done first. Empty for `finally`. */
  readonly parents: readonly string[];
  /** Results of other tasks that this one uses. */
  readonly references: readonly ResultReference[];
}

/** A pipeline spec whose params are substituted, ready to be walked in time linear in tasks and edges. */
export interface CompiledPipeline {
  readonly spec: PipelineSpec;
  readonly byName: ReadonlyMap<string, CompiledTask>;
  /** DAG tasks, parents before children. */
  readonly tasks: readonly CompiledTask[];
  readonly finally: readonly CompiledTask[];
}

/** A compiled pipeline, or which dependency is unknown or which tasks form a cycle. */
export type Compilation =
  | { readonly ok: true; readonly pipeline: CompiledPipeline }
  | { readonly ok: false; readonly message: string };

/** Specs are read-only once shared, so the same object always compiles to the same; large runs are looked at often. */
const compilations = new WeakMap<PipelineSpec, Compilation>();

/** Compiles `spec`, once per object. */
export function compilePipeline(spec: PipelineSpec): Compilation {
  const known = compilations.get(spec);
  if (known) return known;
  const compilation = compile(spec);
  compilations.set(spec, compilation);
  return compilation;
}

function compile(spec: PipelineSpec): Compilation {
  const built = buildGraph(spec.tasks ?? []);
  if (!built.ok) return built;
  const sources = new Map((spec.tasks ?? []).map((task) => [task.name, task]));
  const tasks = built.graph.order.map((name) => compileTask(sources, name, built.graph));
  const finals = (spec.finally ?? []).map(compileFinal);
  const byName = new Map([...tasks, ...finals].map((compiled) => [compiled.task.name, compiled]));
  return { ok: true, pipeline: { spec, byName, tasks, finally: finals } };
}

function compileTask(sources: ReadonlyMap<string, PipelineTask>, name: string, graph: Graph): CompiledTask {
  const task = present(sources.get(name), 'the graph names only tasks of its pipeline');
  return { task, part: 'tasks', parents: [...graph.parents(name)], references: resultReferencesOfTask(task) };
}

function compileFinal(task: PipelineTask): CompiledTask {
  return { task, part: 'finally', parents: [], references: resultReferencesOfTask(task) };
}
