import type { Json } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';
import type { KubeObject, UnknownObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `age`: the cell is the time since the instant at `jsonPath`, as `5m`; otherwise an OpenAPI format. Type `date` means the same. */
  readonly format?: string;
  readonly description?: string;
  /** 0 (the default) is always shown; anything greater only with `-o wide`. */
  readonly priority?: number;
  /** Where the value is: `.status.phase`. Every column has a path or a `value`. */
  readonly jsonPath?: string;
  /** Computes the cell where a path does not suffice. Built-in kinds only; not part of a CRD. */
  readonly value?: (object: UnknownObject) => Json;
}

/** A kind the API server serves: what it is called, what its objects look like, how they are shown. */
export interface KindDefinition<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  readonly singular: string;
  readonly listKind: string;
  readonly description: string;
  /** Of the whole object, with `apiVersion`, `kind` and `metadata`. */
  readonly schema: StructuralSchema;
  readonly subresources: { readonly status?: true };
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** The `NAME` column is implied. */
  readonly printerColumns: readonly PrinterColumn[];
  /** The columns have one for the name, and not as the first: events. */
  readonly namesItself?: true;
  /**
   * `go`: null members with a type count as absent (`nulls: 'typed'` of `applySchema`); built-in kinds. `custom`: all
   * that are not nullable do, as Kubernetes treats custom resources.
   */
  readonly decoding: 'go' | 'custom';
  /** Whether `canonicalKeys` is applied to what is written: the Tekton kinds. */
  readonly foldsKeys?: true;
  /** `reject`: an unknown member is an error whatever `fieldValidation` asks for. The Tekton kinds. */
  readonly unknownFields?: 'reject';
  /** Fills on create and update what depends on other members; runs after the schema's own defaults. */
  readonly complete?: (object: UnknownObject) => UnknownObject;
  /** Fills on create only: initial status, server-set members of spec. Runs after {@link complete}. */
  readonly initialize?: (object: UnknownObject) => UnknownObject;
  /** On create only: what is wrong with an object that the schema lets pass. Built-in kinds only; not part of a CRD. */
  readonly check?: (object: UnknownObject) => readonly StatusCause[];
  /** The same on create and on update, asked of the {@link complete}d object. */
  readonly checkAlways?: (object: UnknownObject) => readonly StatusCause[];
  /** Fields beyond `metadata.name` and `metadata.namespace` that field selectors may name, of a CRD: `spec.color`. */
  readonly selectableFields?: readonly string[];
  /** Strategic merge patch is understood; custom resources answer 415. */
  readonly strategicMerge?: true;
}
