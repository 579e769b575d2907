import type { UnknownObject } from '../../kube/object.ts';
import type { Pipeline, Task } from '../types.ts';
import { errorAt, type Finding } from './finding.ts';

/** An object and the number of its document. */
export interface IndexedObject<T = UnknownObject> {
  readonly document: number;
  readonly object: T;
}

/** The definitions of a set of documents, to be found by name. */
export interface ObjectIndex {
  /** `namespace` is that of what refers to it; a document that names none goes with any. */
  findTask(name: string, namespace: string): IndexedObject<Task> | undefined;
  findPipeline(name: string, namespace: string): IndexedObject<Pipeline> | undefined;
  /** Names of all of a kind, for messages. */
  names(kind: 'Task' | 'Pipeline'): readonly string[];
  /** Objects whose name another object of their kind has already. */
  readonly duplicates: readonly Finding[];
}

/** Indexes `objects`; of two with one name the first counts. */
export function indexObjects(objects: readonly IndexedObject[]): ObjectIndex {
  const found = new Map<string, IndexedObject>();
  const duplicates: Finding[] = [];
  for (const entry of objects) {
    const { name, namespace = '' } = entry.object.metadata;
    if (!name) continue;
    const key = keyOf(entry.object.kind, name, namespace);
    const first = found.get(key);
    if (first === undefined) found.set(key, entry);
    else duplicates.push(duplicateOf(entry, first));
  }
  const find = (kind: string, name: string, namespace: string): IndexedObject | undefined =>
    found.get(keyOf(kind, name, namespace)) ?? found.get(keyOf(kind, name, '')) ?? anyNamespace(kind, name, namespace);
  const anyNamespace = (kind: string, name: string, namespace: string): IndexedObject | undefined =>
    namespace === '' ? objects.find(({ object }) => object.kind === kind && object.metadata.name === name) : undefined;
  return {
    findTask: (name, namespace) => find('Task', name, namespace) as IndexedObject<Task> | undefined,
    findPipeline: (name, namespace) => find('Pipeline', name, namespace) as IndexedObject<Pipeline> | undefined,
    names: (kind) => objects.flatMap(({ object }) => (object.kind === kind ? [object.metadata.name ?? ''] : [])),
    duplicates,
  };
}

/** What a missing definition is called, and which there are. */
export function absentText(kind: 'Task' | 'Pipeline', name: string, index: ObjectIndex): string {
  const names = index.names(kind);
  const known =
    names.length === 0 ? `there is no ${kind} at all` : `there is ${names.map((one) => `"${one}"`).join(', ')}`;
  return `there is no ${kind} "${name}" among these documents; ${known}`;
}

function keyOf(kind: string, name: string, namespace: string): string {
  return `${kind}/${namespace}/${name}`;
}

function duplicateOf({ document, object }: IndexedObject, first: IndexedObject): Finding {
  const message = `${object.kind} "${object.metadata.name ?? ''}" is already defined in document ${first.document + 1}`;
  return errorAt(document, 'metadata.name', 'FieldValueDuplicate', message);
}
