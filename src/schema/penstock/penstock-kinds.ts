// tidy: table
import { topLevel } from '../core/object-meta.ts';
import type { KindDefinition } from '../kind-definition.ts';
import { deliverySpec, deliveryStatus } from './delivery.ts';
import { gateSpec, gateStatus } from './gate.ts';
import { commitStatusSpec, commitStatusStatus } from './git-report.ts';

const gateDescription = 'How many of the runs it governs may run at a time, and in which order they start.';
const commitStatusDescription =
  'One context of one commit at a Git host: what it is to say, and what it was seen to say.';
const deliveryDescription = 'An event of a Git host that was accepted, and what became of it.';

/** The kinds of Penstock itself: `penstock.dev/v1alpha1`. */
export const penstockKinds: readonly KindDefinition[] = [
  {
    type: { group: 'penstock.dev', version: 'v1alpha1', resource: 'gates', kind: 'Gate', namespaced: false },
    singular: 'gate',
    listKind: 'GateList',
    description: gateDescription,
    schema: topLevel(gateDescription, { spec: gateSpec, status: gateStatus }, { required: ['spec'] }),
    subresources: { status: true },
    shortNames: [],
    categories: ['penstock'],
    printerColumns: [
      { name: 'Running', type: 'integer', jsonPath: '.status.running' },
      { name: 'Limit', type: 'integer', jsonPath: '.status.limit' },
      { name: 'Waiting', type: 'integer', jsonPath: '.status.waiting' },
      { name: 'Order', type: 'string', jsonPath: '.spec.order' },
      { name: 'Paused', type: 'boolean', jsonPath: '.spec.paused' },
      { name: 'Reason', type: 'string', jsonPath: '.status.limitReason', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    decoding: 'custom',
    unknownFields: 'reject',
  },
  {
    type: {
      group: 'penstock.dev',
      version: 'v1alpha1',
      resource: 'commitstatuses',
      kind: 'CommitStatus',
      namespaced: true,
    },
    singular: 'commitstatus',
    listKind: 'CommitStatusList',
    description: commitStatusDescription,
    schema: topLevel(
      commitStatusDescription,
      { spec: commitStatusSpec, status: commitStatusStatus },
      { required: ['spec'] },
    ),
    subresources: { status: true },
    shortNames: ['cst'],
    categories: ['penstock'],
    printerColumns: [
      { name: 'Context', type: 'string', jsonPath: '.spec.report.context' },
      { name: 'State', type: 'string', jsonPath: '.spec.report.state' },
      { name: 'Delivered', type: 'string', jsonPath: '.status.conditions[?(@.type=="Delivered")].status' },
      { name: 'Attempt', type: 'integer', jsonPath: '.spec.attempt' },
      { name: 'Commit', type: 'string', jsonPath: '.spec.report.sha' },
      {
        name: 'Reason',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Delivered")].reason',
        priority: 1,
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    decoding: 'custom',
    unknownFields: 'reject',
  },
  {
    type: { group: 'penstock.dev', version: 'v1alpha1', resource: 'deliveries', kind: 'Delivery', namespaced: true },
    singular: 'delivery',
    listKind: 'DeliveryList',
    description: deliveryDescription,
    schema: topLevel(deliveryDescription, { spec: deliverySpec, status: deliveryStatus }, { required: ['spec'] }),
    subresources: { status: true },
    shortNames: [],
    categories: ['penstock'],
    printerColumns: [
      { name: 'Forge', type: 'string', jsonPath: '.spec.forge' },
      { name: 'Event', type: 'string', jsonPath: '.spec.eventName' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Outcome', type: 'string', jsonPath: '.status.outcomes[0].reason' },
      { name: 'Run', type: 'string', jsonPath: '.status.runs[0].name' },
      { name: 'Project', type: 'string', jsonPath: '.spec.events[0].project.url', priority: 1 },
      { name: 'Verified-By', type: 'string', jsonPath: '.spec.verifiedBy', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    decoding: 'custom',
    unknownFields: 'reject',
  },
];
