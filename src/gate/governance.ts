import { type LabelSelector, labelSelectorFromObject } from '../kube/selectors.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { isLeftAlone } from './run-facts.ts';
import { type Gate, repositoryKey } from './types.ts';

/** Whether a gate governs runs with this metadata. A gate whose selector cannot be read governs nothing. */
export type Governs = (run: PipelineRun) => boolean;

const compiled = new WeakMap<Gate, Governs>();

/** The test of `gate`, compiled once for each version of it. */
function governedBy(gate: Gate): Governs {
  const known = compiled.get(gate);
  if (known) return known;
  const test = compile(gate);
  compiled.set(gate, test);
  return test;
}

function compile({ spec }: Gate): Governs {
  const namespaces = spec.namespaces && new Set(spec.namespaces);
  const selector = selectorOf(spec.selector);
  if (!selector) return () => false;
  return (run) =>
    !isLeftAlone(run) &&
    (namespaces?.has(run.metadata.namespace ?? '') ?? true) &&
    (spec.repository === undefined || run.metadata.labels?.[repositoryKey] === spec.repository) &&
    selector.matches(run.metadata.labels);
}

function selectorOf(selector: Gate['spec']['selector']): LabelSelector | undefined {
  try {
    return labelSelectorFromObject(selector ?? {});
  } catch {
    // Admission refuses such a gate with the reason; here it only matters that it governs nothing.
    return undefined;
  }
}

/** The gates that govern `run`, in order of name. */
export function gatesOf(run: PipelineRun, gates: readonly Gate[]): readonly Gate[] {
  return gates
    .filter((gate) => governedBy(gate)(run))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
}
