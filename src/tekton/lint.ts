import { isJsonObject, type Json } from '../base/json.ts';
import type { UnknownObject } from '../kube/object.ts';
import { apiVersionOf } from '../kube/resource.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { prepareObject, unknownFieldText } from '../schema/prepare-object.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { invalidIn, unsupportedIn } from './admission.ts';
import { tektonDefaults, withDefaults } from './defaults.ts';
import { indexObjects, type IndexedObject, type ObjectIndex } from './lint/indexed-objects.ts';
import { type Finding, errorAt, findingsOf, uniqueFindings } from './lint/finding.ts';
import { lintPipelineRun } from './lint/pipeline-run.ts';
import { lintDefinition } from './lint/suspicious.ts';
import { lintTaskRun } from './lint/task-run.ts';
import { lintTaskUses } from './lint/task-use.ts';
import type { Pipeline } from './types.ts';
import { isNestedTooDeep, nestingMax } from './validation/limits.ts';

/**
 * What is wrong in a set of documents that belong together, without running any of it: unknown fields and wrong types,
 * everything that admission would refuse, and what only shows when they are seen together: references that leave the set,
 * params and workspaces that a run does not give, params that nothing uses. Documents of other groups are not looked at,
 * nor is `null`, an empty document. Findings come in the order of the documents.
 */
export function lintDocuments(documents: readonly Json[]): readonly Finding[] {
  const found: Finding[] = [];
  const sound: IndexedObject[] = [];
  for (const [document, value] of documents.entries()) {
    const checked = checkDocument(value, document);
    found.push(...checked.findings);
    if (checked.object !== undefined) sound.push({ document, object: checked.object });
  }
  return inOrder([...found, ...lintObjects(sound)]);
}

/**
 * The same for objects whose shape is known to be right, with the numbers of their documents. Defaults need not be filled
 * in.
 */
export function lintObjects(objects: readonly IndexedObject[]): readonly Finding[] {
  const filled = objects.map(({ document, object }) => ({ document, object: filledIn(object) }));
  const index = indexObjects(filled);
  const found = filled.flatMap((entry): readonly Finding[] => {
    const { document, object } = entry;
    const { kind } = object;
    const json = object as unknown as Parameters<typeof invalidIn>[1];
    const own = findingsOf([...unsupportedIn(kind, json), ...invalidIn(kind, json)], document);
    return [...own, ...lintDefinition(entry), ...lintReferences(entry, index, own.length === 0)];
  });
  return inOrder(uniqueFindings([...found, ...index.duplicates]));
}

function lintReferences(entry: IndexedObject, index: ObjectIndex, isSound: boolean): readonly Finding[] {
  if (entry.object.kind === 'PipelineRun') return lintPipelineRun(entry, index, isSound);
  if (entry.object.kind === 'TaskRun') return lintTaskRun(entry, index);
  if (entry.object.kind !== 'Pipeline') return [];
  const { spec = {}, metadata } = entry.object as unknown as Partial<Pipeline> & Pick<Pipeline, 'metadata'>;
  const findings = lintTaskUses(spec, 'spec', entry.document, metadata.namespace ?? '', index);
  // A Task that is not here may be in the cluster, until a run here needs it.
  return findings.map((finding) => (finding.code === 'CouldntGetTask' ? { ...finding, severity: 'warning' } : finding));
}

interface CheckedDocument {
  readonly findings: readonly Finding[];
  /** Absent when its shape is wrong, or when it is nothing of Tekton's. */
  readonly object?: UnknownObject;
}

function checkDocument(value: Json, document: number): CheckedDocument {
  if (value === null) return { findings: [] };
  if (!isJsonObject(value))
    return { findings: [errorAt(document, '', 'NotAnObject', 'a Kubernetes object is expected here')] };
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string')
    return { findings: [errorAt(document, 'apiVersion', 'FieldValueRequired', 'apiVersion is required')] };
  if (typeof kind !== 'string')
    return { findings: [errorAt(document, 'kind', 'FieldValueRequired', 'kind is required')] };
  if (!apiVersion.startsWith('tekton.dev/')) return { findings: [] };
  const definition = tektonKinds.find(({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion);
  if (definition === undefined) return { findings: [unknownKind(document, apiVersion, kind)] };
  if (isNestedTooDeep(value)) {
    return { findings: [errorAt(document, '', 'TooDeep', `lists and maps are nested more than ${nestingMax} deep`)] };
  }
  return checkShape(definition, value as unknown as UnknownObject, document);
}

function unknownKind(document: number, apiVersion: string, kind: string): Finding {
  const isServed = tektonKinds.some(({ type }) => type.kind === kind);
  const remedy = isServed ? '; use tekton.dev/v1' : '';
  return errorAt(document, 'apiVersion', 'UnknownKind', `${kind} of ${apiVersion} is not supported yet${remedy}`);
}

function checkShape(definition: KindDefinition, value: UnknownObject, document: number): CheckedDocument {
  const written = isJsonObject(value.metadata) ? value : { ...value, metadata: {} };
  const { object, causes, unknownFields } = prepareObject(definition, written, { create: true });
  const findings = [
    ...unknownFields.map((field) => errorAt(document, field, 'FieldUnknown', unknownFieldText(field))),
    ...causes.map(({ reason, field = '', message }) => errorAt(document, field, reason, message)),
    ...checkName(object, document),
  ];
  return causes.length > 0 ? { findings } : { findings, object };
}

function checkName({ metadata }: UnknownObject, document: number): readonly Finding[] {
  if (metadata?.name || metadata?.generateName) return [];
  return [errorAt(document, 'metadata.name', 'FieldValueRequired', 'name or generateName is required')];
}

function filledIn(object: UnknownObject): UnknownObject {
  const json = { spec: {}, ...object } as unknown as Parameters<typeof withDefaults>[1];
  return withDefaults(object.kind, json, tektonDefaults) as unknown as UnknownObject;
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => a.document - b.document);
}
