import { isJsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { prepareObject } from '../../schema/prepare-object.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import type { YamlDocument } from '../../yaml/parse-yaml.ts';
import { causeWords, unknownFieldWords } from './field-words.ts';

/** A document that is an object of a kind we serve. */
export interface Manifest {
  readonly document: YamlDocument;
  readonly definition: KindDefinition;
  /** As written: defaults are the API server's to fill. */
  readonly object: UnknownObject;
}

/** What a set of documents amounts to. */
export interface CheckedManifests {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Groups whose objects mean something to a cluster or to another part of it, and nothing to a run on this machine. */
const groupsWithoutEffect: readonly string[] = [
  'rbac.authorization.k8s.io',
  'networking.k8s.io',
  'triggers.tekton.dev',
];

/** Core kinds of which the same is true. */
const coreKindsWithoutEffect: readonly string[] = ['LimitRange', 'ResourceQuota', 'Service', 'PersistentVolume'];

/** Checks each document against the schema of its kind. */
export function checkManifests(documents: readonly YamlDocument[], kinds: readonly KindDefinition[]): CheckedManifests {
  const manifests: Manifest[] = [];
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  for (const document of documents) {
    const found = recognise(document, kinds);
    if ('manifest' in found) {
      manifests.push(found.manifest);
      errors.push(...schemaDiagnostics(found.manifest));
    } else if (found.severity === 'error') errors.push(found.diagnostic);
    else warnings.push(found.diagnostic);
  }
  errors.push(...duplicateDiagnostics(manifests));
  return { manifests, errors, warnings };
}

type Recognised =
  | { readonly manifest: Manifest }
  | { readonly severity: 'error' | 'warning'; readonly diagnostic: Diagnostic };

function recognise(document: YamlDocument, kinds: readonly KindDefinition[]): Recognised {
  const { value } = document;
  if (!isJsonObject(value)) return refused(document, '', 'NOT_AN_OBJECT', 'a Kubernetes object is expected here');
  const { apiVersion, kind } = value;
  if (typeof kind !== 'string' || kind === '') return refused(document, 'kind', 'KIND_MISSING', 'kind is required');
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    return refused(document, 'apiVersion', 'API_VERSION_MISSING', 'apiVersion is required');
  }
  const sameKind = kinds.filter((candidate) => candidate.type.kind === kind);
  const definition = sameKind.find((candidate) => apiVersionOf(candidate.type) === apiVersion);
  if (!definition) return unserved(document, apiVersion, kind, sameKind);
  return { manifest: { document, definition, object: withMetadata(value as unknown as UnknownObject) } };
}

function withMetadata(object: UnknownObject): UnknownObject {
  return object.metadata === undefined || object.metadata === null ? { ...object, metadata: {} } : object;
}

function unserved(
  document: YamlDocument,
  apiVersion: string,
  kind: string,
  sameKind: readonly KindDefinition[],
): Recognised {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  if (groupsWithoutEffect.includes(group) || (group === '' && coreKindsWithoutEffect.includes(kind))) {
    const message = `${kind} (${apiVersion}) has no effect on a run on this machine and is left out`;
    return { severity: 'warning', diagnostic: at(document, 'kind', 'KIND_WITHOUT_EFFECT', message) };
  }
  const served = sameKind.map((candidate) => apiVersionOf(candidate.type));
  const hint = served.length > 0 ? `; use ${served.join(' or ')}` : '';
  return refused(document, 'apiVersion', 'KIND_UNKNOWN', `${kind} of ${apiVersion} is not supported${hint}`);
}

function refused(document: YamlDocument, field: string, code: string, message: string): Recognised {
  return { severity: 'error', diagnostic: at(document, field, code, message) };
}

/** A complaint about a field of a document, with its place in the file. */
export function at(document: YamlDocument, field: string, code: string, message: string): Diagnostic {
  const { file } = document;
  const position = document.locate(field);
  return { code, message, file, position, ...(field === '' ? {} : { field }) };
}

/** The complaint that a cause of the API, or of a validation, is about a document. */
export function causeDiagnostic(document: YamlDocument, cause: StatusCause): Diagnostic {
  return at(document, cause.field ?? '', codeOf(cause.reason), causeWords(cause));
}

/** `FieldValueInvalid` → `FIELD_VALUE_INVALID`. */
export function codeOf(reason: string): string {
  return reason.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function schemaDiagnostics(manifest: Manifest): readonly Diagnostic[] {
  const { document, definition, object } = manifest;
  const { causes, unknownFields } = prepareObject(definition, object, { create: true });
  return [
    ...unknownFields.map((field) => at(document, field, 'FIELD_UNKNOWN', unknownFieldWords(definition.schema, field))),
    ...causes.map((cause) => causeDiagnostic(document, cause)),
  ];
}

function duplicateDiagnostics(manifests: readonly Manifest[]): readonly Diagnostic[] {
  const firsts = new Map<string, Manifest>();
  const found: Diagnostic[] = [];
  for (const manifest of manifests) {
    const { name, namespace = '' } = manifest.object.metadata;
    if (typeof name !== 'string') continue;
    const { type } = manifest.definition;
    const identity = `${type.group}/${type.resource}/${namespace}/${name}`;
    const first = firsts.get(identity);
    if (!first) firsts.set(identity, manifest);
    else found.push(duplicateOf(first, manifest));
  }
  return found;
}

function duplicateOf(first: Manifest, second: Manifest): Diagnostic {
  const { file } = first.document;
  const { line } = first.document.locate('metadata.name');
  const message = `${second.object.kind} "${second.object.metadata.name}" is already defined at ${file}:${line}`;
  return at(second.document, 'metadata.name', 'DUPLICATE', message);
}
