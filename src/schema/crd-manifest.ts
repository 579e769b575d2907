/** CustomResourceDefinitions of our kinds, for clusters that do not have them. */
import type { Json, JsonObject } from '../base/json.ts';
import type { KindDefinition, PrinterColumn } from './kind-definition.ts';
import { publishedInline } from './openapi/publish-schema.ts';

/**
 * The CustomResourceDefinition (apiextensions.k8s.io/v1) that makes any Kubernetes API server serve `kind`, ready to be
 * written as YAML. Throws when a column of the kind is computed by code, which a CRD cannot carry.
 */
export function crdManifest(kind: KindDefinition): JsonObject {
  const { type, singular, listKind, shortNames, categories } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${type.resource}.${type.group}`, labels: { 'app.kubernetes.io/part-of': 'penstock' } },
    spec: {
      group: type.group,
      names: {
        plural: type.resource,
        singular,
        kind: type.kind,
        listKind,
        // Empty lists are not stored: kubectl would find a difference each time it applies them.
        ...(shortNames.length === 0 ? {} : { shortNames }),
        ...(categories.length === 0 ? {} : { categories }),
      },
      scope: type.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: type.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(kind) },
          ...(kind.subresources.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.printerColumns.map(column),
        },
      ],
    },
  };
}

/** A CRD says nothing about `metadata`, and does not know the extensions of strategic merge patches. */
function rootSchema(kind: KindDefinition): JsonObject {
  const published = publishedInline(kind.schema, 3);
  const { metadata: _metadata, ...properties } = published['properties'] as JsonObject;
  return forCrd({ ...published, properties: { ...properties, metadata: { type: 'object' } } }) as JsonObject;
}

const notInCrds = ['x-kubernetes-patch-merge-key', 'x-kubernetes-patch-strategy'];

function forCrd(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(forCrd);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject).filter(
    ([key, member]) => member !== undefined && !notInCrds.includes(key),
  );
  const members = Object.fromEntries(entries.map(([key, member]) => [key, forCrd(member as Json)]));
  return members['x-kubernetes-int-or-string'] === true ? structuralIntOrString(members) : members;
}

/** A CRD spells the two types with `anyOf`, and takes no format beside it. */
function structuralIntOrString(members: JsonObject): JsonObject {
  const { oneOf: _oneOf, format: _format, ...rest } = members;
  return { ...rest, anyOf: [{ type: 'integer' }, { type: 'string' }] };
}

function column({ name, type, format, description, priority, jsonPath }: PrinterColumn): JsonObject {
  if (jsonPath === undefined)
    throw new TypeError(`column ${name} is computed and has no place in a CustomResourceDefinition`);
  return {
    name,
    type,
    ...(format === undefined ? {} : { format }),
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    jsonPath,
  };
}
