/** What a CustomResourceDefinition must be, beyond its own schema. */
import type { StatusCause } from '../../kube/api-error.ts';
import { duplicateCause, forbiddenCause, invalidCause, requiredCause, unsupportedCause } from '../../schema/causes.ts';
import { checkStructural } from '../../schema/check-structural.ts';
import type { Json } from '../../base/json.ts';
import { compileJsonPath } from '../json-path.ts';
import type { CrdVersion, CustomResourceDefinition } from './crd-types.ts';

const labelPattern = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const groupPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;
const labelRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

/** Most versions of one kind. */
const versionsMax = 50;

/** Most printer columns of a version. */
const columnsMax = 100;

/** Most selectable fields of a version, as in Kubernetes. */
const selectableFieldsMax = 8;

const columnTypes = ['integer', 'number', 'string', 'boolean', 'date'];

/**
 * The causes against `crd`, which its schema has accepted. `before` is what is stored, on an update: what clients and
 * stored objects rely on may not change.
 */
export function crdCauses(crd: CustomResourceDefinition, before?: CustomResourceDefinition): readonly StatusCause[] {
  return [
    ...identityCauses(crd),
    ...nameCauses(crd),
    ...versionListCauses(crd),
    ...crd.spec.versions
      .slice(0, versionsMax)
      .flatMap((version, index) => versionCauses(version, `spec.versions[${index}]`, before?.spec.versions[index])),
    ...conversionCauses(crd),
    ...(before ? changeCauses(crd, before) : []),
  ];
}

function identityCauses({ metadata, spec }: CustomResourceDefinition): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (metadata.name !== `${spec.names.plural}.${spec.group}`)
    causes.push(invalidCause('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'));
  if (!groupPattern.test(spec.group))
    causes.push(invalidCause('spec.group', spec.group, 'should be a domain with at least one dot'));
  const guarded = /(^|\.)(k8s|kubernetes)\.io$/.test(spec.group);
  if (guarded && !metadata.annotations?.['api-approved.kubernetes.io']) {
    causes.push({
      ...requiredCause('metadata.annotations[api-approved.kubernetes.io]'),
      message:
        'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    });
  }
  return causes;
}

function nameCauses({ spec }: CustomResourceDefinition): readonly StatusCause[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = spec.names;
  const lower = (field: string, value: string | undefined): readonly StatusCause[] =>
    value === undefined || value === '' || labelPattern.test(value) ? [] : [invalidCause(field, value, labelRule)];
  const same = kind === listKind;
  return [
    ...(labelPattern.test(plural) ? [] : [invalidCause('spec.names.plural', plural, labelRule)]),
    ...lower('spec.names.singular', singular),
    ...(labelPattern.test(kind.toLowerCase())
      ? []
      : [invalidCause('spec.names.kind', kind, `may have mixed case, but should otherwise match: ${labelRule}`)]),
    ...lower('spec.names.listKind', listKind?.toLowerCase()),
    ...(same ? [invalidCause('spec.names.listKind', listKind, 'kind and listKind may not be the same')] : []),
    ...shortNames.flatMap((name, index) => lower(`spec.names.shortNames[${index}]`, name)),
    ...categories.flatMap((name, index) => lower(`spec.names.categories[${index}]`, name)),
  ];
}

function versionListCauses({ spec }: CustomResourceDefinition): readonly StatusCause[] {
  const { versions } = spec;
  if (versions.length === 0) return [requiredCause('spec.versions')];
  if (versions.length > versionsMax) return [forbiddenCause('spec.versions', `more than ${versionsMax} versions`)];
  const causes: StatusCause[] = [];
  if (versions.filter((version) => version.storage).length !== 1) {
    const listed = versions.map(({ name, served, storage }): Json => ({ name, served, storage }));
    causes.push(invalidCause('spec.versions', listed, 'must have exactly one version marked as storage version'));
  }
  for (const [index, { name }] of versions.entries()) {
    const earlier = versions.findIndex((version) => version.name === name) < index;
    if (earlier) causes.push(duplicateCause(`spec.versions[${index}].name`, name));
  }
  return causes;
}

function versionCauses(version: CrdVersion, field: string, before: CrdVersion | undefined): readonly StatusCause[] {
  const nameField = labelPattern.test(version.name) ? [] : [invalidCause(`${field}.name`, version.name, labelRule)];
  const schema = version.schema?.openAPIV3Schema;
  // A schema that is the stored one was judged before; judging walks all of it.
  const known = schema !== undefined && schema === before?.schema?.openAPIV3Schema;
  return [
    ...nameField,
    ...(known ? [] : schemaCauses(schema, `${field}.schema.openAPIV3Schema`)),
    ...columnCauses(version, `${field}.additionalPrinterColumns`),
    ...selectableCauses(version, `${field}.selectableFields`),
  ];
}

function schemaCauses(schema: unknown, field: string): readonly StatusCause[] {
  if (schema === undefined) return [{ ...requiredCause(field), message: 'Required value: schemas are required' }];
  return checkStructural(schema as Json, field);
}

function columnCauses({ additionalPrinterColumns = [] }: CrdVersion, field: string): readonly StatusCause[] {
  if (additionalPrinterColumns.length > columnsMax) return [forbiddenCause(field, `more than ${columnsMax} columns`)];
  return additionalPrinterColumns.flatMap(({ type, jsonPath }, index) => {
    const path = compileJsonPath(jsonPath);
    return [
      ...(columnTypes.includes(type) ? [] : [unsupportedCause(`${field}[${index}].type`, type, columnTypes)]),
      ...('problem' in path ? [invalidCause(`${field}[${index}].jsonPath`, jsonPath, path.problem)] : []),
    ];
  });
}

function selectableCauses({ selectableFields = [] }: CrdVersion, field: string): readonly StatusCause[] {
  if (selectableFields.length > selectableFieldsMax)
    return [forbiddenCause(field, `more than ${selectableFieldsMax} selectable fields`)];
  return selectableFields.flatMap(({ jsonPath }, index) =>
    /^(\.[A-Za-z_]\w*)+$/.test(jsonPath)
      ? []
      : [invalidCause(`${field}[${index}].jsonPath`, jsonPath, 'must be a simple json path of member names')],
  );
}

function conversionCauses({ spec }: CustomResourceDefinition): readonly StatusCause[] {
  const { conversion, preserveUnknownFields } = spec;
  const causes: StatusCause[] = [];
  if (preserveUnknownFields === true)
    causes.push(
      invalidCause(
        'spec.preserveUnknownFields',
        true,
        'must be false; use x-kubernetes-preserve-unknown-fields in the schema',
      ),
    );
  if (conversion === undefined || conversion.strategy === 'None') return causes;
  if (conversion.strategy !== 'Webhook')
    return [...causes, unsupportedCause('spec.conversion.strategy', conversion.strategy, ['None', 'Webhook'])];
  const why = 'this server converts between versions by changing apiVersion only (None); it calls no webhooks';
  return [...causes, forbiddenCause('spec.conversion.strategy', why)];
}

function changeCauses(crd: CustomResourceDefinition, before: CustomResourceDefinition): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const fixed = (field: string, now: string, then: string): void => {
    if (now !== then) causes.push(invalidCause(field, now, 'field is immutable'));
  };
  fixed('spec.group', crd.spec.group, before.spec.group);
  fixed('spec.names.plural', crd.spec.names.plural, before.spec.names.plural);
  const established = before.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (established) {
    fixed('spec.scope', crd.spec.scope, before.spec.scope);
    fixed('spec.names.kind', crd.spec.names.kind, before.spec.names.kind);
  }
  const versions = crd.spec.versions.map(({ name }) => name);
  for (const [index, stored] of (before.status?.storedVersions ?? []).entries()) {
    if (!versions.includes(stored) && crd.status?.storedVersions?.includes(stored) !== false)
      causes.push(invalidCause(`status.storedVersions[${index}]`, stored, 'must appear in spec.versions'));
  }
  return causes;
}
