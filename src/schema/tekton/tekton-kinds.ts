// tidy: table
import { topLevel } from '../core/object-meta.ts';
import { pipelineSpec } from './pipeline.ts';
import { pipelineRunSpec, pipelineRunStatus, taskRunSpec, taskRunStatus } from './runs.ts';
import { taskSpec } from './task.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { KindDefinition, PrinterColumn } from '../kind-definition.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const succeeded = '.status.conditions[?(@.type=="Succeeded")]';

const runColumns: readonly PrinterColumn[] = [
  {
    name: 'Succeeded',
    type: 'string',
    jsonPath: `${succeeded}.status`,
    description: 'True, False, or Unknown while it runs.',
  },
  { name: 'Reason', type: 'string', jsonPath: `${succeeded}.reason`, description: 'One word that says why.' },
  { name: 'StartTime', type: 'date', jsonPath: '.status.startTime', description: 'When it started.' },
  { name: 'CompletionTime', type: 'date', jsonPath: '.status.completionTime', description: 'When it ended.' },
];

type Members = Readonly<Record<string, StructuralSchema>>;

function tektonKind(
  kind: string,
  description: string,
  members: Members,
  extras: Partial<KindDefinition>,
): KindDefinition {
  const type: ResourceType<KubeObject> = {
    group: 'tekton.dev',
    version: 'v1',
    resource: `${kind.toLowerCase()}s`,
    kind,
    namespaced: true,
  };
  return {
    type,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    description,
    schema: topLevel(description, members),
    subresources: {},
    shortNames: [],
    categories: ['tekton', 'tekton-pipelines'],
    printerColumns: [age],
    decoding: 'go',
    foldsKeys: true,
    unknownFields: 'reject',
    ...extras,
  };
}

/** The kinds of Tekton that Penstock runs: `tekton.dev/v1`. */
export const tektonKinds: readonly KindDefinition[] = [
  tektonKind('Task', 'Steps that run one after another in one pod.', { spec: taskSpec }, {}),
  tektonKind('Pipeline', 'Tasks and the order they run in.', { spec: pipelineSpec }, {}),
  tektonKind(
    'TaskRun',
    'One run of a task.',
    { spec: taskRunSpec, status: taskRunStatus },
    { subresources: { status: true }, shortNames: ['tr', 'trs'], printerColumns: runColumns },
  ),
  tektonKind(
    'PipelineRun',
    'One run of a pipeline.',
    { spec: pipelineRunSpec, status: pipelineRunStatus },
    { subresources: { status: true }, shortNames: ['pr', 'prs'], printerColumns: runColumns },
  ),
];
