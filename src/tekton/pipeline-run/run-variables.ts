import { paramReplacements } from '../params.ts';
import { textReplacements, type Replacements } from '../replacements.ts';
import type { PipelineRun, PipelineSpec } from '../types.ts';

/** What a run's pipeline is called: the reference's name, or the run's own for an embedded spec. */
export function pipelineNameOf(run: PipelineRun): string {
  return run.spec.pipelineRef?.name ?? run.metadata.name ?? '';
}

/** What a run defines, to be replaced one after the other: its params, then the contexts they may name. */
export function runReplacements(run: PipelineRun, spec: PipelineSpec): readonly Replacements[] {
  return [paramReplacements(spec.params ?? [], run.spec.params ?? []), contextReplacements(run, spec)];
}

function contextReplacements(run: PipelineRun, spec: PipelineSpec): Replacements {
  const bound = new Set((run.spec.workspaces ?? []).map(({ name }) => name));
  return textReplacements([
    ['context.pipelineRun.name', run.metadata.name ?? ''],
    ['context.pipelineRun.namespace', run.metadata.namespace ?? ''],
    ['context.pipelineRun.uid', run.metadata.uid ?? ''],
    ['context.pipeline.name', pipelineNameOf(run)],
    ...(spec.workspaces ?? []).map(({ name }): readonly [string, string] => [
      `workspaces.${name}.bound`,
      String(bound.has(name)),
    ]),
  ]);
}
