/** Field selectors: `metadata.name=a,status.phase!=Running`, with the fields each kind supports. */
import { ApiStatusError } from './api-error.ts';
import type { KubeObject } from './object.ts';
import type { ResourceType } from './resource.ts';
import { selectorCharactersMax, selectorRequirementsMax } from './selectors.ts';

/** One comparison of a field with a value. */
export interface FieldRequirement {
  /** Member names joined with dots: `spec.nodeName`. */
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** A parsed field selector. An empty one matches everything. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  matches(object: KubeObject): boolean;
  /** The value `field` must have, when the selector asks for equality. */
  requiredValue(field: string): string | undefined;
}

const metadataFields = ['metadata.name', 'metadata.namespace'];

/** Fields beyond `metadata.name` and `metadata.namespace`, by group/resource, as Kubernetes supports them. */
const fieldsByResource: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/events': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  '/secrets': ['type'],
  '/namespaces': ['status.phase'],
  '/nodes': ['spec.unschedulable'],
};

/**
 * Parses a field selector for objects of `type`; `selectable` are the fields a CRD adds (`spec.color`). Commas, equal
 * signs and backslashes in values are escaped with a backslash. Throws `BadRequest` for a field the kind does not
 * support, and for a term that cannot be understood.
 */
export function parseFieldSelector(
  type: ResourceType,
  text: string,
  selectable: readonly string[] = [],
): FieldSelector {
  if (text.length > selectorCharactersMax)
    throw new ApiStatusError('BadRequest', `invalid selector: longer than ${selectorCharactersMax} characters`);
  const requirements = termsOf(text).map((term) => requirementOf(text, term));
  if (requirements.length > selectorRequirementsMax)
    throw new ApiStatusError('BadRequest', `invalid selector: more than ${selectorRequirementsMax} terms`);
  const known = fieldsByResource[`${type.group}/${type.resource}`];
  const supported = [...metadataFields, ...(known ?? []), ...selectable];
  for (const { field } of requirements) {
    if (supported.includes(field)) continue;
    throw new ApiStatusError(
      'BadRequest',
      known ? `field label not supported: ${field}` : unknownField(field, supported),
    );
  }
  return fieldSelectorOf(requirements);
}

function unknownField(field: string, supported: readonly string[]): string {
  const list = supported.map((name) => JSON.stringify(name)).join(', ');
  return `${JSON.stringify(field)} is not a known field selector: only ${list}`;
}

function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  const tests = requirements.map(({ field, equal, value }) => {
    const path = field.split('.');
    return (object: KubeObject): boolean => (fieldText(object, field, path) === value) === equal;
  });
  return {
    requirements,
    matches: (object) => tests.every((test) => test(object)),
    requiredValue: (field) => requirements.find((item) => item.equal && item.field === field)?.value,
  };
}

/** The field as text; what is missing is the empty text, as in Kubernetes. */
function fieldText(object: KubeObject, field: string, path: readonly string[]): string {
  const value = memberAt(object, path);
  if (field === 'source' && object.kind === 'Event')
    return scalarText(memberAt(value, ['component'])) || scalarText(memberAt(object, ['reportingComponent']));
  if (value === undefined && (field === 'spec.unschedulable' || field === 'spec.hostNetwork')) return 'false';
  return scalarText(value);
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const member of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, member)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[member];
  }
  return current;
}

function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Splits at commas that are not escaped; empty terms are skipped. */
function termsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:\\.|[^,\\]|\\$)+/gs)].map((match) => match[0]);
}

function requirementOf(selector: string, term: string): FieldRequirement {
  const match = /^((?:\\.|[^=!\\])*?)(!=|==|=)(.*)$/s.exec(term);
  if (!match) throw new ApiStatusError('BadRequest', `invalid selector: '${selector}'; can't understand '${term}'`);
  return { field: match[1] ?? '', equal: match[2] !== '!=', value: unescaped(selector, match[3] ?? '') };
}

function unescaped(selector: string, value: string): string {
  let text = '';
  for (let index = 0; index < value.length; index++) {
    const character = value.charAt(index);
    if (character === '=' || character === ',')
      throw new ApiStatusError('BadRequest', `invalid selector: '${selector}'; unescaped '${character}' in a value`);
    if (character !== '\\') {
      text += character;
      continue;
    }
    index += 1;
    const escaped = value.charAt(index);
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=')
      throw new ApiStatusError('BadRequest', `invalid selector: '${selector}'; invalid escape sequence '\\${escaped}'`);
    text += escaped;
  }
  return text;
}
