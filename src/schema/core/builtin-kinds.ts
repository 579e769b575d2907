// tidy: table
import * as core from '../../kube/core-types.ts';
import {
  claimModes,
  countAt,
  eventObject,
  eventSource,
  nodeAddress,
  nodeRoles,
  nodeStatus,
  podReady,
  podRestarts,
  podStatus,
  textAt,
} from './cells.ts';
import { completeNamespace, completeSecret, initializeClaim, initializeNamespace } from './completions.ts';
import { customResourceDefinitions, customResourceDefinitionSchema } from './custom-resource-definition.ts';
import { checkConfigMap, checkSecret } from './check-data.ts';
import { checkPod } from './check-pod.ts';
import { checkClaim, checkEvent, checkLease } from './check-simple.ts';
import { completePod, initializePod } from './pod-defaults.ts';
import { podSchema } from './pod.ts';
import {
  configMapSchema,
  eventSchema,
  leaseSchema,
  namespaceSchema,
  nodeSchema,
  persistentVolumeClaimSchema,
  secretSchema,
  serviceAccountSchema,
} from './simple-schemas.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { KindDefinition, PrinterColumn } from '../kind-definition.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const age: PrinterColumn = {
  name: 'Age',
  type: 'string',
  jsonPath: '.metadata.creationTimestamp',
  format: 'age',
  description: 'Time since creation.',
};

type Extras = Partial<Omit<KindDefinition, 'type' | 'schema'>>;

function builtin(
  type: ResourceType<KubeObject>,
  schema: StructuralSchema,
  printerColumns: readonly PrinterColumn[],
  extras: Extras = {},
): KindDefinition {
  return {
    type,
    schema,
    printerColumns,
    singular: type.kind.toLowerCase(),
    listKind: `${type.kind}List`,
    description: schema.description ?? '',
    subresources: {},
    shortNames: [],
    categories: [],
    decoding: 'go',
    strategicMerge: true,
    ...extras,
  };
}

const status = { subresources: { status: true } } as const;

/** The core kinds a pipeline needs. */
export const builtinKinds: readonly KindDefinition[] = [
  builtin(
    core.namespaces,
    namespaceSchema,
    [{ name: 'Status', type: 'string', value: (object) => textAt(object, '', 'status', 'phase') }, age],
    { ...status, shortNames: ['ns'], complete: completeNamespace, initialize: initializeNamespace },
  ),
  builtin(
    core.pods,
    podSchema,
    [
      { name: 'Ready', type: 'string', value: podReady, description: 'Containers that are ready, of all.' },
      { name: 'Status', type: 'string', value: podStatus, description: 'What the pod does.' },
      { name: 'Restarts', type: 'string', value: podRestarts, description: 'Restarts of all containers.' },
      age,
      { name: 'IP', type: 'string', priority: 1, value: (pod) => textAt(pod, '<none>', 'status', 'podIP') },
      { name: 'Node', type: 'string', priority: 1, value: (pod) => textAt(pod, '<none>', 'spec', 'nodeName') },
      {
        name: 'Nominated Node',
        type: 'string',
        priority: 1,
        value: (pod) => textAt(pod, '<none>', 'status', 'nominatedNodeName'),
      },
      { name: 'Readiness Gates', type: 'string', priority: 1, value: () => '<none>' },
    ],
    {
      ...status,
      shortNames: ['po'],
      categories: ['all'],
      complete: completePod,
      initialize: initializePod,
      check: checkPod,
    },
  ),
  builtin(
    core.configMaps,
    configMapSchema,
    [{ name: 'Data', type: 'string', value: (object) => countAt(object, 'data') + countAt(object, 'binaryData') }, age],
    { shortNames: ['cm'], checkAlways: checkConfigMap },
  ),
  builtin(
    core.secrets,
    secretSchema,
    [
      { name: 'Type', type: 'string', value: (object) => textAt(object, '', 'type') },
      { name: 'Data', type: 'string', value: (object) => countAt(object, 'data') },
      age,
    ],
    { complete: completeSecret, checkAlways: checkSecret },
  ),
  builtin(
    core.serviceAccounts,
    serviceAccountSchema,
    [{ name: 'Secrets', type: 'string', value: (object) => countAt(object, 'secrets') }, age],
    { shortNames: ['sa'] },
  ),
  builtin(
    core.persistentVolumeClaims,
    persistentVolumeClaimSchema,
    [
      { name: 'Status', type: 'string', value: (claim) => textAt(claim, '', 'status', 'phase') },
      { name: 'Volume', type: 'string', value: (claim) => textAt(claim, '', 'spec', 'volumeName') },
      { name: 'Capacity', type: 'string', value: (claim) => textAt(claim, '', 'status', 'capacity', 'storage') },
      { name: 'Access Modes', type: 'string', value: claimModes },
      { name: 'StorageClass', type: 'string', value: (claim) => textAt(claim, '', 'spec', 'storageClassName') },
      age,
      {
        name: 'VolumeMode',
        type: 'string',
        priority: 1,
        value: (claim) => textAt(claim, '<unset>', 'spec', 'volumeMode'),
      },
    ],
    { ...status, shortNames: ['pvc'], initialize: initializeClaim, check: checkClaim },
  ),
  builtin(
    core.events,
    eventSchema,
    [
      { name: 'Last Seen', type: 'string', format: 'age', jsonPath: '.lastTimestamp' },
      { name: 'Type', type: 'string', value: (event) => textAt(event, '', 'type') },
      { name: 'Reason', type: 'string', value: (event) => textAt(event, '', 'reason') },
      { name: 'Object', type: 'string', value: eventObject },
      {
        name: 'Subobject',
        type: 'string',
        priority: 1,
        value: (event) => textAt(event, '', 'involvedObject', 'fieldPath'),
      },
      { name: 'Source', type: 'string', priority: 1, value: eventSource },
      { name: 'Message', type: 'string', value: (event) => textAt(event, '', 'message').trim() },
      { name: 'First Seen', type: 'string', format: 'age', priority: 1, jsonPath: '.firstTimestamp' },
      { name: 'Count', type: 'string', priority: 1, value: (event) => textAt(event, '1', 'count') },
      { name: 'Name', type: 'string', format: 'name', priority: 1, value: (event) => event.metadata.name ?? '' },
    ],
    { shortNames: ['ev'], check: checkEvent, namesItself: true },
  ),
  builtin(
    core.nodes,
    nodeSchema,
    [
      { name: 'Status', type: 'string', value: nodeStatus },
      { name: 'Roles', type: 'string', value: nodeRoles },
      age,
      { name: 'Version', type: 'string', value: (node) => textAt(node, '', 'status', 'nodeInfo', 'kubeletVersion') },
      { name: 'Internal-IP', type: 'string', priority: 1, value: (node) => nodeAddress(node, 'InternalIP') },
      { name: 'External-IP', type: 'string', priority: 1, value: (node) => nodeAddress(node, 'ExternalIP') },
      {
        name: 'OS-Image',
        type: 'string',
        priority: 1,
        value: (node) => textAt(node, '<unknown>', 'status', 'nodeInfo', 'osImage'),
      },
      {
        name: 'Kernel-Version',
        type: 'string',
        priority: 1,
        value: (node) => textAt(node, '<unknown>', 'status', 'nodeInfo', 'kernelVersion'),
      },
      {
        name: 'Container-Runtime',
        type: 'string',
        priority: 1,
        value: (node) => textAt(node, '<unknown>', 'status', 'nodeInfo', 'containerRuntimeVersion'),
      },
    ],
    { ...status, shortNames: ['no'] },
  ),
  builtin(
    core.leases,
    leaseSchema,
    [{ name: 'Holder', type: 'string', value: (lease) => textAt(lease, '', 'spec', 'holderIdentity') }, age],
    { checkAlways: checkLease },
  ),
  builtin(
    customResourceDefinitions,
    customResourceDefinitionSchema,
    [
      {
        name: 'Created At',
        type: 'date',
        jsonPath: '.metadata.creationTimestamp',
        value: (crd) => crd.metadata.creationTimestamp ?? '',
      },
    ],
    { ...status, shortNames: ['crd', 'crds'], categories: ['api-extensions'] },
  ),
];
