import type { Condition, KubeObject } from '../kube/object.ts';
import type {
  Container,
  ContainerState,
  EnvFromSource,
  EnvVar,
  SecurityContext,
  Volume,
  VolumeMount,
} from '../kube/pod.ts';
import type { ResourceType } from '../kube/resource.ts';

/** A param's or result's value: reference/tekton 1.7. */
export type ParamValue = string | readonly string[] | Readonly<Record<string, string>>;
export type ParamType = 'string' | 'array' | 'object';

export interface Param {
  readonly name: string;
  readonly value: ParamValue;
}

export interface ParamSpec {
  readonly name: string;
  readonly type?: ParamType;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly type?: 'string' }>>;
  readonly default?: ParamValue;
  readonly enum?: readonly string[];
}

export interface ResultSpec {
  readonly name: string;
  readonly type?: ParamType;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly type?: 'string' }>>;
  /** In a Task only `$(steps.S.results.R)`; in a Pipeline any expression of result references. */
  readonly value?: ParamValue;
}

export interface ResultValue {
  readonly name: string;
  readonly type?: ParamType;
  readonly value: ParamValue;
}

export interface WhenExpression {
  readonly input?: string;
  readonly operator?: 'in' | 'notin';
  readonly values?: readonly string[];
  readonly cel?: string;
}

export interface WorkspaceDeclaration {
  readonly name: string;
  readonly description?: string;
  readonly mountPath?: string;
  readonly readOnly?: boolean;
  readonly optional?: boolean;
}

/** A binding given by a run: exactly one volume source. */
export interface WorkspaceBinding {
  readonly name: string;
  readonly subPath?: string;
  readonly volumeClaimTemplate?: Readonly<Record<string, unknown>> & { readonly metadata?: { readonly name?: string } };
  readonly persistentVolumeClaim?: Volume['persistentVolumeClaim'];
  readonly emptyDir?: Volume['emptyDir'];
  readonly configMap?: Volume['configMap'];
  readonly secret?: Volume['secret'];
  readonly projected?: Volume['projected'];
  readonly csi?: Volume['csi'];
}

/** Which of the pipeline's workspaces a pipeline task gets, and under which name. */
export interface PipelineTaskWorkspace {
  readonly name: string;
  readonly workspace?: string;
  readonly subPath?: string;
}

export interface StepWorkspace {
  readonly name: string;
  readonly mountPath?: string;
}

export interface Step {
  readonly name?: string;
  readonly displayName?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly script?: string;
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFromSource[];
  readonly computeResources?: Readonly<Record<string, unknown>>;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly imagePullPolicy?: string;
  readonly securityContext?: SecurityContext;
  /** Go duration text. */
  readonly timeout?: string;
  readonly workspaces?: readonly StepWorkspace[];
  readonly onError?: string;
  readonly stdoutConfig?: { readonly path: string };
  readonly stderrConfig?: { readonly path: string };
  readonly ref?: Reference;
  readonly params?: readonly Param[];
  readonly results?: readonly ResultSpec[];
  readonly when?: readonly WhenExpression[];
  readonly [member: string]: unknown;
}

export type Sidecar = Container & { readonly script?: string; readonly workspaces?: readonly StepWorkspace[] };

/** A reference by name, or by resolver and params. */
export interface Reference {
  readonly name?: string;
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly resolver?: string;
  readonly params?: readonly Param[];
}

export interface TaskSpec {
  readonly displayName?: string;
  readonly description?: string;
  readonly params?: readonly ParamSpec[];
  readonly steps?: readonly Step[];
  readonly stepTemplate?: Step;
  readonly sidecars?: readonly Sidecar[];
  readonly volumes?: readonly Volume[];
  readonly workspaces?: readonly WorkspaceDeclaration[];
  readonly results?: readonly ResultSpec[];
}

/** A TaskSpec embedded in a PipelineTask, with the metadata its TaskRun gets. */
export interface EmbeddedTask extends TaskSpec {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}

export interface Task extends KubeObject {
  readonly spec: TaskSpec;
}

export interface Matrix {
  readonly params?: readonly Param[];
  readonly include?: readonly { readonly name?: string; readonly params?: readonly Param[] }[];
}

export interface PipelineTask {
  readonly name: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly taskRef?: Reference;
  readonly taskSpec?: EmbeddedTask;
  readonly pipelineRef?: Reference;
  readonly pipelineSpec?: PipelineSpec;
  readonly when?: readonly WhenExpression[];
  readonly retries?: number;
  readonly runAfter?: readonly string[];
  readonly params?: readonly Param[];
  readonly matrix?: Matrix;
  readonly workspaces?: readonly PipelineTaskWorkspace[];
  readonly timeout?: string;
  readonly onError?: string;
}

export interface PipelineSpec {
  readonly displayName?: string;
  readonly description?: string;
  readonly params?: readonly ParamSpec[];
  readonly tasks?: readonly PipelineTask[];
  readonly finally?: readonly PipelineTask[];
  readonly workspaces?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly optional?: boolean;
  }[];
  readonly results?: readonly ResultSpec[];
}

export interface Pipeline extends KubeObject {
  readonly spec: PipelineSpec;
}

/** Pod fields that a run may set; merged field by field (reference/tekton 2.14). */
export interface PodTemplate {
  readonly env?: readonly EnvVar[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: SecurityContext;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

export interface PipelineTaskRunSpec {
  readonly pipelineTaskName?: string;
  readonly serviceAccountName?: string;
  readonly podTemplate?: PodTemplate;
  readonly stepSpecs?: readonly {
    readonly name: string;
    readonly computeResources?: Readonly<Record<string, unknown>>;
  }[];
  readonly sidecarSpecs?: readonly {
    readonly name: string;
    readonly computeResources?: Readonly<Record<string, unknown>>;
  }[];
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly computeResources?: Readonly<Record<string, unknown>>;
  readonly timeout?: string;
}

export type PipelineRunSpecStatus =
  | ''
  | 'PipelineRunPending'
  | 'Cancelled'
  | 'CancelledRunFinally'
  | 'StoppedRunFinally';

export interface PipelineRunSpec {
  readonly pipelineRef?: Reference;
  readonly pipelineSpec?: PipelineSpec;
  readonly params?: readonly Param[];
  readonly status?: PipelineRunSpecStatus;
  readonly timeouts?: { readonly pipeline?: string; readonly tasks?: string; readonly finally?: string };
  readonly taskRunTemplate?: { readonly podTemplate?: PodTemplate; readonly serviceAccountName?: string };
  readonly workspaces?: readonly WorkspaceBinding[];
  readonly taskRunSpecs?: readonly PipelineTaskRunSpec[];
  readonly managedBy?: string;
}

export interface ChildReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly displayName?: string;
  readonly pipelineTaskName: string;
  readonly whenExpressions?: readonly WhenExpression[];
}

export interface SkippedTask {
  readonly name: string;
  readonly reason: string;
  readonly whenExpressions?: readonly WhenExpression[];
}

export interface PipelineRunStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly pipelineSpec?: PipelineSpec;
  readonly results?: readonly { readonly name: string; readonly value: ParamValue }[];
  readonly childReferences?: readonly ChildReference[];
  readonly skippedTasks?: readonly SkippedTask[];
  readonly finallyStartTime?: string;
  readonly provenance?: Readonly<Record<string, unknown>>;
}

export interface PipelineRun extends KubeObject {
  readonly spec: PipelineRunSpec;
  readonly status?: PipelineRunStatus;
}

export interface TaskRunSpec {
  readonly params?: readonly Param[];
  readonly taskRef?: Reference;
  readonly taskSpec?: TaskSpec;
  readonly serviceAccountName?: string;
  readonly status?: '' | 'TaskRunCancelled' | 'TaskRunPending';
  readonly statusMessage?: string;
  readonly retries?: number;
  /** Go duration text, per attempt; default 1h, `0` none. */
  readonly timeout?: string;
  readonly podTemplate?: PodTemplate;
  readonly workspaces?: readonly WorkspaceBinding[];
  readonly stepSpecs?: PipelineTaskRunSpec['stepSpecs'];
  readonly sidecarSpecs?: PipelineTaskRunSpec['sidecarSpecs'];
  readonly computeResources?: Readonly<Record<string, unknown>>;
  readonly managedBy?: string;
}

export interface StepState extends ContainerState {
  readonly name: string;
  readonly container: string;
  readonly imageID?: string;
  readonly results?: readonly ResultValue[];
  readonly terminationReason?: string;
}

export interface SidecarState extends ContainerState {
  readonly name: string;
  readonly container: string;
  readonly imageID?: string;
}

export interface TaskRunStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly podName?: string;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly steps?: readonly StepState[];
  readonly sidecars?: readonly SidecarState[];
  readonly retriesStatus?: readonly TaskRunStatus[];
  readonly results?: readonly ResultValue[];
  readonly taskSpec?: TaskSpec;
  readonly provenance?: Readonly<Record<string, unknown>>;
}

export interface TaskRun extends KubeObject {
  readonly spec: TaskRunSpec;
  readonly status?: TaskRunStatus;
}

const tekton = { group: 'tekton.dev', version: 'v1', namespaced: true } as const;

export const tasks: ResourceType<Task> = { ...tekton, resource: 'tasks', kind: 'Task' };
export const pipelines: ResourceType<Pipeline> = { ...tekton, resource: 'pipelines', kind: 'Pipeline' };
export const taskRuns: ResourceType<TaskRun> = { ...tekton, resource: 'taskruns', kind: 'TaskRun' };
export const pipelineRuns: ResourceType<PipelineRun> = { ...tekton, resource: 'pipelineruns', kind: 'PipelineRun' };
