import { checkParams } from '../params.ts';
import { defaultPipelineRunOptions } from '../pipeline-run/contract.ts';
import { preparePipeline } from '../pipeline-run/prepare.ts';
import { checkBindings, bindingsOf } from '../pipeline-run/workspaces.ts';
import { userErrorPrefix } from '../pipeline-run/reasons.ts';
import { paramReferencesOfPipeline } from '../references.ts';
import type { PipelineRun, PipelineSpec } from '../types.ts';
import { validatePipelineSpec } from '../validation/pipeline.ts';
import { errorAt, type Finding, findingsOf } from './finding.ts';
import { absentText, type IndexedObject, type ObjectIndex } from './indexed-objects.ts';
import { lintTaskUses } from './task-use.ts';
import { lintGivenParams } from './suspicious.ts';

/**
 * What only shows when a PipelineRun is seen together with the Pipeline and Tasks it refers to. `isSound`: nothing is
 * wrong with it by itself.
 */
export function lintPipelineRun(
  { document, object }: IndexedObject,
  index: ObjectIndex,
  isSound: boolean,
): readonly Finding[] {
  const run = object as unknown as PipelineRun;
  const namespace = run.metadata.namespace ?? '';
  const source = sourceOf(run, document, namespace, index);
  if (source === undefined) return [];
  if ('severity' in source) return [source];
  const { spec } = source;
  const findings = [
    ...(source.document === document ? [] : findingsOf(validatePipelineSpec(spec, 'spec', run.spec), source.document)),
    ...checkRun(run, spec, document),
    ...lintGivenParams(run, spec, document),
    ...lintTaskUses(spec, source.field, source.document, namespace, index),
  ];
  const hasErrors = !isSound || findings.some(({ severity }) => severity === 'error');
  return hasErrors ? findings : [...findings, ...prepareOffline(run, document, namespace, index)];
}

interface Source {
  readonly spec: PipelineSpec;
  readonly document: number;
  /** Where the spec stands in its document. */
  readonly field: string;
}

function sourceOf(
  run: PipelineRun,
  document: number,
  namespace: string,
  index: ObjectIndex,
): Source | Finding | undefined {
  const { pipelineSpec, pipelineRef } = run.spec;
  if (pipelineSpec) return { spec: pipelineSpec, document, field: 'spec.pipelineSpec' };
  const name = pipelineRef?.name;
  if (!name) return undefined;
  const found = index.findPipeline(name, namespace);
  if (found) return { spec: found.object.spec ?? {}, document: found.document, field: 'spec' };
  return errorAt(document, 'spec.pipelineRef.name', 'CouldntGetPipeline', absentText('Pipeline', name, index));
}

function checkRun(run: PipelineRun, spec: PipelineSpec, document: number): readonly Finding[] {
  const params = checkParams(spec.params ?? [], run.spec.params ?? [], paramReferencesOfPipeline(spec));
  const workspaces = checkBindings(spec, bindingsOf(run));
  return [
    ...(params ? [errorAt(document, 'spec.params', params.reason, params.message)] : []),
    ...(workspaces ? [errorAt(document, 'spec.workspaces', workspaces.reason, workspaces.message)] : []),
  ];
}

/** Asks the engine itself, so that nothing it would refuse passes here. */
function prepareOffline(run: PipelineRun, document: number, namespace: string, index: ObjectIndex): readonly Finding[] {
  const lookup = <T>(found: IndexedObject<T> | undefined) =>
    found ? ({ state: 'found', object: found.object } as const) : ({ state: 'absent' } as const);
  const preparation = preparePipeline({
    run,
    taskRuns: [],
    findPipeline: (name) => lookup(index.findPipeline(name, namespace)),
    findTask: (name) => lookup(index.findTask(name, namespace)),
    nowMs: 0,
    options: defaultPipelineRunOptions,
  });
  if (preparation.kind !== 'refused') return [];
  const { reason, message } = preparation.refusal;
  return [errorAt(document, 'spec', reason, message.replace(userErrorPrefix, ''))];
}
