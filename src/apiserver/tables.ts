/** Server-side tables (meta.k8s.io/v1 Table): what `kubectl get` prints. */
import type { Json, JsonObject } from '../base/json.ts';
import type { UnknownObject } from '../kube/object.ts';
import type { KindDefinition, PrinterColumn } from '../schema/kind-definition.ts';
import { ageSince } from './age.ts';
import { compileJsonPath } from './json-path.ts';

/** How much of each object its row carries: the `includeObject` of a request. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Options of {@link renderTable}. */
export interface TableOptions {
  /** Default `Metadata`. */
  readonly includeObject?: IncludeObject;
  /** The instant ages are counted to. */
  readonly nowMs: number;
  /** `metadata` of the list: resourceVersion, continue, remainingItemCount. */
  readonly metadata?: JsonObject;
}

/** The table of `objects`, all of kind `kind`. Wide columns are in it; the client hides them by their priority. */
export function renderTable(
  kind: KindDefinition,
  objects: readonly UnknownObject[],
  { includeObject = 'Metadata', nowMs, metadata = {} }: TableOptions,
): JsonObject {
  const cells = kind.printerColumns.map(cellOf);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: [...(kind.namesItself ? [] : [nameColumn]), ...kind.printerColumns.map(columnDefinition)],
    rows: objects.map((object) => ({
      cells: [...(kind.namesItself ? [] : [object.metadata.name ?? '']), ...cells.map((cell) => cell(object, nowMs))],
      ...rowObject(object, includeObject),
    })),
  };
}

const nameColumn: JsonObject = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name, unique among the objects of this kind in the namespace.',
  priority: 0,
};

function columnDefinition({ name, type, format, description = '', priority = 0 }: PrinterColumn): JsonObject {
  return { name, type, format: format === undefined || format === 'age' ? '' : format, description, priority };
}

function rowObject(object: UnknownObject, includeObject: IncludeObject): JsonObject {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object') return { object: object as unknown as JsonObject };
  const metadata = object.metadata as unknown as JsonObject;
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } };
}

type Cell = (object: UnknownObject, nowMs: number) => Json;

const compiled = new WeakMap<PrinterColumn, Cell>();

function cellOf(column: PrinterColumn): Cell {
  const known = compiled.get(column);
  if (known) return known;
  const cell = compileCell(column);
  compiled.set(column, cell);
  return cell;
}

function compileCell(column: PrinterColumn): Cell {
  const { value, jsonPath, type, format } = column;
  if (value) return (object) => value(object);
  const path = compileJsonPath(jsonPath ?? '');
  // A CRD with such a path is refused when it is created; a built-in kind has none (see the test of all kinds).
  if ('problem' in path) return () => null;
  const first: Cell = (object) => path.evaluate(object)[0] ?? null;
  if (format === 'age') return (object, nowMs) => ageSince(first(object, nowMs), nowMs);
  if (type === 'date') return (object, nowMs) => dateCell(first(object, nowMs), nowMs);
  return (object, nowMs) => typedCell(type, first(object, nowMs));
}

/** Columns of CRDs stay empty where there is no value. */
function dateCell(value: Json, nowMs: number): Json {
  return value === null ? null : ageSince(value, nowMs);
}

function typedCell(type: PrinterColumn['type'], value: Json): Json {
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      return value === null || typeof value === 'string' ? value : JSON.stringify(value);
  }
}
