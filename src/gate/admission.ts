import { isJsonObject, jsonEqual, type JsonObject } from '../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../kube/admission.ts';
import { runKeys } from '../forge/kinds/run-keys.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { gatesOf } from './governance.ts';
import { holds } from './letting-go.ts';
import { type Gate, gates, managedGateKey, onDeleteKey, queueKey } from './types.ts';
import { validateGate } from './validate-gate.ts';
import { waitingText } from './waiting-text.ts';

/**
 * Makes governed runs pending when they are created, so that no creator has to know of gates, and refuses gates that
 * make no sense. `listGates` gives the gates as a cache knows them.
 */
export function gateAdmission(listGates: () => readonly Gate[]): AdmissionPlugin {
  return {
    name: 'gate',
    mutate: (request) => (isCreateOf(request, pipelineRuns) ? holdBack(request, listGates()) : undefined),
    validate: (request) => {
      const { operation, type, subresource, object, oldObject } = request;
      if (operation === 'DELETE' || subresource !== undefined || !sameType(type, gates)) return undefined;
      // A gate that is invalid by rules it did not know must still get its finalizer, and lose it.
      const sameRules = operation === 'UPDATE' && jsonEqual(object?.['spec'], oldObject?.['spec']);
      return sameRules ? undefined : causesOf(object);
    },
  };
}

function isCreateOf({ operation, type, subresource }: AdmissionRequest, wanted: AdmissionRequest['type']): boolean {
  return operation === 'CREATE' && subresource === undefined && sameType(type, wanted);
}

function sameType(a: AdmissionRequest['type'], b: AdmissionRequest['type']): boolean {
  return a.group === b.group && a.resource === b.resource;
}

function causesOf(object: JsonObject | undefined): readonly StatusCause[] {
  return object ? validateGate(object as unknown as Gate) : [];
}

/** What Pipelines-as-Code calls a run that waits; runs that say so at all say it truly. */
const queued = { [runKeys.state]: 'queued' };

function holdBack({ object, key }: AdmissionRequest, known: readonly Gate[]): JsonObject | undefined {
  const { metadata, spec } = object ?? {};
  if (!object || !isJsonObject(metadata) || !isJsonObject(spec)) return undefined;
  // A run that is created cancelled never starts: there is nothing to hold back.
  if (spec['status'] && spec['status'] !== 'PipelineRunPending') return undefined;
  const run = { ...object, metadata: { ...metadata, namespace: key.namespace } } as unknown as PipelineRun;
  // A gate that is being deleted looks one last time for its runs: what it made pending after that nobody would start.
  const staying = known.filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp === undefined);
  const governing = gatesOf(run, staying);
  if (governing.length === 0) return undefined;
  const names = governing.map(({ metadata: { name = '' } }) => name);
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const labels = isJsonObject(metadata['labels']) ? metadata['labels'] : {};
  const mark = {
    [managedGateKey]: names.join(','),
    [queueKey]: waitingText(names),
    ...(governing.some(holds) ? { [onDeleteKey]: 'Hold' } : {}),
  };
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(labels[runKeys.state] === undefined ? {} : { labels: { ...labels, ...queued } }),
      annotations: { ...annotations, ...(annotations[runKeys.state] === undefined ? {} : queued), ...mark },
    },
    spec: { ...spec, status: 'PipelineRunPending' },
  };
}
