import { resultReferencesOfTask } from './references.ts';
import type { PipelineTask } from './types.ts';

/** Who waits for whom among the tasks of a pipeline. */
export interface Graph {
  parents(name: string): readonly string[];
  children(name: string): readonly string[];
  /** Every task, parents before children, otherwise as they stand in the pipeline. */
  readonly order: readonly string[];
}

/**
 * The graph of `tasks`: edges from `runAfter` and from uses of results. Fails on a dependency that does not exist and on
 * a cycle, which it names (`a → b → a`). Kahn's algorithm: linear in tasks and edges.
 */
export function buildGraph(
  tasks: readonly PipelineTask[],
):
  | { readonly ok: true; readonly graph: Graph }
  | { readonly ok: false; readonly message: string; readonly cycle?: readonly string[] } {
  const parents = new Map<string, readonly string[]>();
  const children = new Map<string, string[]>(tasks.map(({ name }) => [name, []]));
  for (const task of tasks) {
    const wanted = [...new Set([...(task.runAfter ?? []), ...resultReferencesOfTask(task).map((use) => use.task)])];
    for (const name of wanted) {
      const waiting = children.get(name);
      if (waiting === undefined)
        return { ok: false, message: `task "${task.name}" depends on task "${name}", which does not exist` };
      waiting.push(task.name);
    }
    parents.set(task.name, wanted);
  }
  const order = orderOf(tasks, parents, children);
  if (order.length < parents.size) {
    const cycle = cycleIn(parents, new Set(order));
    return { ok: false, message: `tasks wait for each other: ${cycle.join(' → ')}`, cycle };
  }
  return {
    ok: true,
    graph: { parents: (name) => parents.get(name) ?? [], children: (name) => children.get(name) ?? [], order },
  };
}

function orderOf(
  tasks: readonly PipelineTask[],
  parents: ReadonlyMap<string, readonly string[]>,
  children: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const left = new Map([...parents].map(([name, list]) => [name, list.length]));
  const order = tasks.map(({ name }) => name).filter((name) => left.get(name) === 0);
  for (const done of order) {
    for (const name of children.get(done) ?? []) {
      const count = (left.get(name) ?? 0) - 1;
      left.set(name, count);
      // Appending while iterating is what makes the list a queue.
      if (count === 0) order.push(name);
    }
  }
  return order;
}

/** Follows unordered parents from any unordered task until one comes up again; the first name also ends the list. */
function cycleIn(parents: ReadonlyMap<string, readonly string[]>, ordered: ReadonlySet<string>): readonly string[] {
  const path = new Set<string>();
  let name = [...parents.keys()].find((candidate) => !ordered.has(candidate));
  while (name !== undefined && !path.has(name)) {
    path.add(name);
    name = parents.get(name)?.find((parent) => !ordered.has(parent));
  }
  const visited = [...path];
  const cycle = visited.slice(visited.indexOf(name ?? ''));
  return [...cycle, cycle[0] ?? ''].reverse();
}
