/** What Kubernetes demands of a schema in a CustomResourceDefinition before it evaluates objects with it. */
import { isJsonList, isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { applySchema } from './apply-schema.ts';
import { forbiddenCause, invalidCause, requiredCause, unsupportedCause } from './causes.ts';
import { patternProblem } from './pattern/match.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Deepest nesting of a schema. */
export const schemaDepthMax = 64;

/** Most schemas inside one schema. */
export const schemaNodesMax = 20_000;

const types = ['object', 'array', 'string', 'integer', 'number', 'boolean'];

const refused: Readonly<Record<string, string>> = {
  $ref: '$ref is not supported in a structural schema',
  $schema: '$schema is not supported in a structural schema',
  id: 'id is not supported in a structural schema',
  definitions: 'definitions is not supported in a structural schema',
  dependencies: 'dependencies is not supported in a structural schema',
  patternProperties: 'patternProperties is not supported in a structural schema',
  additionalItems: 'additionalItems is not supported in a structural schema',
  'x-kubernetes-validations':
    'this server does not evaluate CEL rules of CustomResourceDefinitions, and an object that was never checked against ' +
    'them must not look valid; remove the rules, or use a cluster for this kind',
};

/** Members that say something about a value's shape; they may not stand below allOf, anyOf, oneOf or not. */
const shapeMembers = ['type', 'additionalProperties', 'default', 'nullable', 'description', 'title', 'example'];

const numbers = [
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
];

interface Check {
  readonly causes: StatusCause[];
  nodes: number;
}

/**
 * Checks a schema somebody else wrote. Empty when it can be used as a {@link StructuralSchema}; otherwise one cause per
 * finding, with fields below `field`. CEL rules (`x-kubernetes-validations`) are refused: see the message.
 */
export function checkStructural(schema: Json | undefined, field: string): readonly StatusCause[] {
  const check: Check = { causes: [], nodes: 0 };
  if (!isJsonObject(schema)) return [requiredCause(field)];
  if (schema['type'] !== 'object')
    check.causes.push(invalidCause(`${field}.type`, schema['type'] ?? '', 'must be object at the root'));
  checkNode(schema, field, 0, check);
  checkRootMetadata(schema, `${field}.properties[metadata]`, check);
  if (check.causes.length > 0) return check.causes;
  checkDefaults(schema, field, check);
  return check.causes;
}

/** Of its metadata a kind may only say more about names: the rest is the server's. */
function checkRootMetadata(schema: JsonObject, field: string, check: Check): void {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const { metadata } = properties;
  if (!isJsonObject(metadata)) return;
  const { type: _type, description: _description, properties: members, ...others } = metadata;
  const named = Object.keys(isJsonObject(members) ? members : {});
  if (Object.keys(others).length === 0 && named.every((name) => name === 'name' || name === 'generateName')) return;
  const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  check.causes.push(forbiddenCause(field, why));
}

function checkNode(schema: JsonObject, field: string, depth: number, check: Check): void {
  check.nodes += 1;
  if (depth > schemaDepthMax || check.nodes > schemaNodesMax) {
    if (check.nodes <= schemaNodesMax + 1)
      check.causes.push(forbiddenCause(field, `more than ${schemaDepthMax} levels or ${schemaNodesMax} schemas`));
    check.nodes = schemaNodesMax + 1;
    return;
  }
  checkRefused(schema, field, check);
  checkType(schema, field, check);
  checkConstraints(schema, field, check);
  checkListType(schema, field, check);
  checkJunctors(schema, field, depth, check);
  checkMembers(schema, field, depth, check);
}

function checkRefused(schema: JsonObject, field: string, check: Check): void {
  for (const [member, why] of Object.entries(refused)) {
    const value = schema[member];
    if (value !== undefined && !(isJsonList(value) && value.length === 0))
      check.causes.push(forbiddenCause(`${field}.${member}`, why));
  }
  if (schema['uniqueItems'] === true) {
    check.causes.push(
      forbiddenCause(
        `${field}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  }
}

function checkType(schema: JsonObject, field: string, check: Check): void {
  const type = schema['type'];
  const free = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (type === undefined || type === '') {
    if (!free) check.causes.push(requiredCause(`${field}.type`));
  } else if (typeof type !== 'string' || !types.includes(type)) {
    check.causes.push(unsupportedCause(`${field}.type`, type, types));
  } else if (schema['x-kubernetes-int-or-string'] === true) {
    check.causes.push(invalidCause(`${field}.type`, type, 'must be empty if x-kubernetes-int-or-string is true'));
  }
  const open = 'x-kubernetes-preserve-unknown-fields';
  if (schema[open] !== undefined && schema[open] !== true)
    check.causes.push(invalidCause(`${field}.${open}`, schema[open], 'must be true or undefined'));
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (isEmbedded && schema[open] !== true && !isJsonObject(schema['properties'])) {
    const why = `must not be empty if x-kubernetes-embedded-resource is true without ${open}`;
    check.causes.push({ ...requiredCause(`${field}.properties`), message: `Required value: ${why}` });
  }
  if (isEmbedded && type !== 'object') {
    check.causes.push(
      invalidCause(`${field}.type`, type ?? '', 'must be object if x-kubernetes-embedded-resource is true'),
    );
  }
}

function checkConstraints(schema: JsonObject, field: string, check: Check): void {
  const pattern = schema['pattern'];
  if (pattern !== undefined) {
    const problem = typeof pattern === 'string' ? patternProblem(pattern) : 'must be a string';
    if (problem !== undefined)
      check.causes.push(
        invalidCause(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`),
      );
  }
  for (const member of numbers) {
    const value = schema[member];
    if (value !== undefined && typeof value !== 'number')
      check.causes.push(invalidCause(`${field}.${member}`, value, 'must be a number'));
  }
  for (const member of ['required', 'enum']) {
    const value = schema[member];
    if (value !== undefined && !isJsonList(value))
      check.causes.push(invalidCause(`${field}.${member}`, value, 'must be a list'));
  }
}

function checkListType(schema: JsonObject, field: string, check: Check): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (listType !== undefined && schema['type'] !== 'array') {
    check.causes.push(
      invalidCause(`${field}.type`, schema['type'] ?? '', 'must be array if x-kubernetes-list-type is specified'),
    );
  }
  if (listType !== undefined && listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
    check.causes.push(unsupportedCause(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  }
  if (listType === 'map' && (!isJsonList(keys) || keys.length === 0)) {
    check.causes.push(requiredCause(`${field}.x-kubernetes-list-map-keys`));
  }
  if (keys !== undefined && listType !== 'map') {
    check.causes.push(
      invalidCause(
        `${field}.x-kubernetes-list-type`,
        listType ?? '',
        'must be map if x-kubernetes-list-map-keys is non-empty',
      ),
    );
  }
  if (listType === 'set') checkSetItems(schema['items'], field, check);
  if (listType === 'map' && isJsonList(keys)) checkMapKeys(schema, keys, field, check);
}

/** Items of a set are compared as a whole, so nobody may own a part of one. */
function checkSetItems(items: Json | undefined, field: string, check: Check): void {
  if (!isJsonObject(items)) return;
  const [isObject, isList] = [items['type'] === 'object', items['type'] === 'array'];
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (isObject && items['x-kubernetes-map-type'] !== 'atomic')
    check.causes.push(
      invalidCause(`${field}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, why),
    );
  if (isList && (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic')
    check.causes.push(
      invalidCause(`${field}.items.x-kubernetes-list-type`, items['x-kubernetes-list-type'] ?? null, why),
    );
}

function checkMapKeys(schema: JsonObject, keys: readonly Json[], field: string, check: Check): void {
  const items = isJsonObject(schema['items']) ? schema['items'] : {};
  const properties = isJsonObject(items['properties']) ? items['properties'] : {};
  const required = isJsonList(items['required']) ? items['required'] : [];
  for (const [index, key] of keys.entries()) {
    const property = typeof key === 'string' && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isJsonObject(property)) {
      check.causes.push(
        invalidCause(
          `${field}.x-kubernetes-list-map-keys[${index}]`,
          key,
          'entries must all be names of item properties',
        ),
      );
    } else if (property['type'] === 'object' || property['type'] === 'array') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      check.causes.push(invalidCause(`${field}.items.properties[${String(key)}].type`, property['type'], why));
    } else if (!required.includes(key) && property['default'] === undefined) {
      check.causes.push({
        ...requiredCause(`${field}.items.properties[${String(key)}].default`),
        message:
          'Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      });
    }
  }
}

function checkJunctors(schema: JsonObject, field: string, depth: number, check: Check): void {
  for (const junctor of ['allOf', 'anyOf', 'oneOf']) {
    const list = schema[junctor];
    if (list === undefined) continue;
    if (!isJsonList(list)) check.causes.push(invalidCause(`${field}.${junctor}`, list, 'must be a list'));
    else
      for (const [index, item] of list.entries())
        checkJunctor(item, `${field}.${junctor}[${index}]`, schema, depth + 1, check);
  }
  if (schema['not'] !== undefined) checkJunctor(schema['not'], `${field}.not`, schema, depth + 1, check);
}

/** Below a junctor only constraints may stand, and only on members the schema around it declares. */
function checkJunctor(schema: Json, field: string, around: JsonObject, depth: number, check: Check): void {
  if (!isJsonObject(schema)) {
    check.causes.push(invalidCause(field, schema, 'must be a schema'));
    return;
  }
  if (depth > schemaDepthMax) {
    check.causes.push(forbiddenCause(field, `more than ${schemaDepthMax} levels`));
    return;
  }
  const intOrString = around['x-kubernetes-int-or-string'] === true;
  for (const member of shapeMembers) {
    if (schema[member] === undefined || (member === 'type' && intOrString)) continue;
    check.causes.push(forbiddenCause(`${field}.${member}`, 'must be empty to be structural'));
  }
  checkRefused(schema, field, check);
  checkConstraints(schema, field, check);
  checkJunctors(schema, field, depth, check);
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const declared = isJsonObject(around['properties']) ? around['properties'] : {};
  for (const [key, property] of Object.entries(properties)) {
    const known = Object.hasOwn(declared, key) ? declared[key] : undefined;
    if (!isJsonObject(known)) {
      check.causes.push({
        ...requiredCause(`${field}.properties[${key}]`),
        message: `Required value: because it is defined in ${field}.properties[${key}]`,
      });
    } else if (property !== undefined) {
      checkJunctor(property, `${field}.properties[${key}]`, known, depth + 1, check);
    }
  }
}

function checkMembers(schema: JsonObject, field: string, depth: number, check: Check): void {
  const { properties, additionalProperties, items } = schema;
  if (properties !== undefined && additionalProperties !== undefined && additionalProperties !== false) {
    check.causes.push(
      forbiddenCause(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (isJsonObject(properties)) {
    for (const [key, property] of Object.entries(properties))
      checkChild(property, `${field}.properties[${key}]`, depth, check);
  } else if (properties !== undefined) {
    check.causes.push(invalidCause(`${field}.properties`, properties, 'must be an object'));
  }
  if (isJsonObject(additionalProperties))
    checkNode(additionalProperties, `${field}.additionalProperties`, depth + 1, check);
  if (items !== undefined) checkChild(items, `${field}.items`, depth, check);
  else if (schema['type'] === 'array')
    check.causes.push({ ...requiredCause(`${field}.items`), message: 'Required value: must be specified' });
}

function checkChild(schema: Json | undefined, field: string, depth: number, check: Check): void {
  if (isJsonObject(schema)) checkNode(schema, field, depth + 1, check);
  else check.causes.push(invalidCause(field, schema ?? null, 'must be a schema'));
}

/** Every default must be a value its own schema accepts. */
function checkDefaults(schema: StructuralSchema, field: string, check: Check): void {
  if (schema.default !== undefined) {
    const { causes, unknownFields } = applySchema(schema, schema.default, { defaults: true });
    for (const cause of causes) check.causes.push({ ...cause, field: joined(`${field}.default`, cause.field) });
    for (const unknown of unknownFields)
      check.causes.push(invalidCause(`${field}.default`, schema.default, `must not have unknown fields: ${unknown}`));
  }
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    checkDefaults(property, `${field}.properties[${key}]`, check);
  if (typeof schema.additionalProperties === 'object')
    checkDefaults(schema.additionalProperties, `${field}.additionalProperties`, check);
  if (schema.items) checkDefaults(schema.items, `${field}.items`, check);
}

function joined(field: string, inner: string | undefined): string {
  return inner === undefined || inner === '' ? field : `${field}.${inner}`;
}
