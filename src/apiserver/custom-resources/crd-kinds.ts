/** The kinds a CustomResourceDefinition adds. */
import { customResourceSchema } from '../../schema/core/object-meta.ts';
import type { KindDefinition, PrinterColumn } from '../../schema/kind-definition.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { compareVersions } from '../discovery/version-order.ts';
import type { ServedResource } from '../kind-registry.ts';
import { completeNames, type CrdPrinterColumn, type CrdVersion, type CustomResourceDefinition } from './crd-types.ts';

/** The resource a valid CRD describes, its served versions in the order clients prefer them. */
export function resourceOfCrd(crd: CustomResourceDefinition): ServedResource {
  const { group, names, versions } = crd.spec;
  const kinds = [...versions]
    .sort((a, b) => compareVersions(a.name, b.name))
    .map((version) => ({ version, kind: kindOfVersion(crd, version) }));
  const storage = kinds.find(({ version }) => version.storage)?.kind;
  if (storage === undefined) throw new TypeError('a CustomResourceDefinition without a storage version was stored');
  const served = kinds.filter(({ version }) => version.served).map(({ kind }) => kind);
  return { group, resource: names.plural, storage, served };
}

const emptySchema: StructuralSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
};

function kindOfVersion(crd: CustomResourceDefinition, version: CrdVersion): KindDefinition {
  const { group, scope } = crd.spec;
  const names = completeNames(crd.spec.names);
  const root = version.schema?.openAPIV3Schema ?? emptySchema;
  const columns = version.additionalPrinterColumns ?? [];
  return {
    type: {
      group,
      version: version.name,
      resource: names.plural,
      kind: names.kind,
      namespaced: scope === 'Namespaced',
    },
    singular: names.singular,
    listKind: names.listKind,
    description: root.description ?? '',
    schema: customResourceSchema(root),
    subresources: version.subresources?.status ? { status: true } : {},
    shortNames: names.shortNames,
    categories: names.categories,
    printerColumns: columns.length === 0 ? [ageColumn] : columns.map(printerColumn),
    decoding: 'custom',
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
  };
}

function printerColumn({ name, type, format, description, priority, jsonPath }: CrdPrinterColumn): PrinterColumn {
  return {
    name,
    type: type as PrinterColumn['type'],
    jsonPath,
    ...(format === undefined ? {} : { format }),
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
  };
}
