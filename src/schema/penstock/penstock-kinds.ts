// tidy: table
import { topLevel } from '../core/object-meta.ts';
import type { KindDefinition } from '../kind-definition.ts';
import { gateSpec, gateStatus } from './gate.ts';

const gateDescription = 'How many of the runs it governs may run at a time, and in which order they start.';

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
];
