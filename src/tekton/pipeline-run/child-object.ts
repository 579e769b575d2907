import { formatGoDuration } from '../durations.ts';
import { childName } from '../names.ts';
import { controllerReference, type ObjectMeta } from '../../kube/object.ts';
import { substitutePodTemplate } from '../substitution.ts';
import type {
  PipelineRun,
  PipelineSpec,
  PipelineTask,
  PipelineTaskRunSpec,
  PodTemplate,
  TaskRun,
  TaskRunSpec,
  TaskSpec,
} from '../types.ts';
import type { PipelineRunInput, PipelineRunOptions } from './contract.ts';
import { label, onErrorAnnotation, staysWithRun } from './labels.ts';
import type { PipelinePart } from './compiled-pipeline.ts';
import { mergePodTemplates } from './pod-template.ts';
import { ignoresFailure } from './progress.ts';
import { taskRunTimeoutMs } from './timeouts.ts';
import { pipelineNameOf, runReplacements } from './run-variables.ts';
import { childBindings, declareWorkspaces, substitutedBindings, type BindingsByName } from './workspaces.ts';

/** What all children of one run share; made once per decision. */
export interface ChildContext {
  readonly run: PipelineRun;
  readonly pipelineName: string;
  /** Labels and annotations of the Pipeline referred to, as it is now. */
  readonly inherited: Pick<ObjectMeta, 'labels' | 'annotations'>;
  readonly bindings: BindingsByName;
  readonly podTemplate: PodTemplate | undefined;
  readonly overrides: ReadonlyMap<string, PipelineTaskRunSpec>;
  readonly options: PipelineRunOptions;
}

/**
 * Gathers what the children of the run share, whose pipeline is `spec`: its own fields with their variables filled in,
 * and what its Pipeline is labelled with, if that is known.
 */
export function childContext(
  { run, options, findPipeline }: Pick<PipelineRunInput, 'run' | 'options' | 'findPipeline'>,
  spec: PipelineSpec,
): ChildContext {
  const variables = runReplacements(run, spec);
  const fill = (template: PodTemplate | undefined): PodTemplate | undefined =>
    template && variables.reduce(substitutePodTemplate, template);
  const overrides = new Map(
    (run.spec.taskRunSpecs ?? []).map((entry) => {
      const podTemplate = fill(entry.podTemplate);
      return [entry.pipelineTaskName ?? '', podTemplate === undefined ? entry : { ...entry, podTemplate }];
    }),
  );
  const name = run.spec.pipelineRef?.name;
  const pipeline = name === undefined ? undefined : findPipeline(name);
  return {
    run,
    pipelineName: pipelineNameOf(run),
    inherited: pipeline?.state === 'found' ? pipeline.object.metadata : {},
    bindings: substitutedBindings(run, spec),
    podTemplate: fill(run.spec.taskRunTemplate?.podTemplate),
    overrides,
    options,
  };
}

/** The names of the TaskRuns of a pipeline task: one for now, a matrix will give one per combination. */
export function childNames(run: PipelineRun, task: PipelineTask): readonly string[] {
  return [childName(run.metadata.name ?? '', `-${task.name}`)];
}

/** The complete TaskRuns to create for `task`, whose variables are all filled in. */
export function childObjects(context: ChildContext, task: PipelineTask, part: PipelinePart): readonly TaskRun[] {
  return childNames(context.run, task).map((name) => childObject(context, task, part, name));
}

function childObject(context: ChildContext, task: PipelineTask, part: PipelinePart, name: string): TaskRun {
  const { run } = context;
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name,
      namespace: run.metadata.namespace ?? '',
      labels: childLabels(context, task, part),
      annotations: childAnnotations(context, task),
      ownerReferences: [controllerReference(run)],
    },
    spec: childSpec(context, task, part),
  };
}

function childSpec(context: ChildContext, task: PipelineTask, part: PipelinePart): TaskRunSpec {
  const { run, options } = context;
  const override = context.overrides.get(task.name) ?? {};
  const template = run.spec.taskRunTemplate ?? {};
  const workspaces = childBindings(run, task, context.bindings);
  return withoutAbsent({
    params: nonEmpty(task.params),
    taskRef: task.taskRef,
    taskSpec: task.taskSpec && declareWorkspaces(bareSpec(task.taskSpec), workspaces),
    serviceAccountName: override.serviceAccountName ?? template.serviceAccountName ?? options.defaultServiceAccountName,
    retries: task.retries === 0 ? undefined : task.retries,
    timeout: formatGoDuration(taskRunTimeoutMs(run, task, override, part, options)),
    podTemplate: mergePodTemplates(context.podTemplate, override.podTemplate),
    workspaces: nonEmpty(workspaces),
    stepSpecs: override.stepSpecs,
    sidecarSpecs: override.sidecarSpecs,
    computeResources: override.computeResources,
  });
}

/** First wins: what makes the child ours, `taskRunSpecs` metadata, the run's, its Pipeline's, the embedded spec's. */
function childLabels(context: ChildContext, task: PipelineTask, part: PipelinePart): Record<string, string> {
  const { run } = context;
  return {
    ...task.taskSpec?.metadata?.labels,
    ...context.inherited.labels,
    ...run.metadata.labels,
    ...context.overrides.get(task.name)?.metadata?.labels,
    [label.pipeline]: run.metadata.labels?.[label.pipeline] ?? context.pipelineName,
    [label.pipelineRun]: run.metadata.name ?? '',
    [label.pipelineRunUid]: run.metadata.uid ?? '',
    [label.pipelineTask]: task.name,
    [label.memberOf]: part,
  };
}

function childAnnotations(context: ChildContext, task: PipelineTask): Record<string, string> {
  const all = { ...context.inherited.annotations, ...context.run.metadata.annotations };
  const inherited = Object.entries(all).filter(([key]) => !staysWithRun(key));
  return {
    ...task.taskSpec?.metadata?.annotations,
    ...Object.fromEntries(inherited),
    ...context.overrides.get(task.name)?.metadata?.annotations,
    ...(ignoresFailure(task) ? { [onErrorAnnotation]: 'continue' } : {}),
  };
}

/** The TaskSpec inside a pipeline task, without what only a pipeline may say around it. */
function bareSpec(embedded: NonNullable<PipelineTask['taskSpec']>): TaskSpec {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, spec: _spec, ...rest } = embedded;
  return rest;
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutAbsent<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
