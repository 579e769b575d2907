/**
 * One pass over a value with its schema: prune or report unknown members, fill defaults, validate.
 *
 * The order inside each object is that of Kubernetes: prune, default, validate. The value given is never changed;
 * what does not change is shared with the result, so an object that is already right costs no copy.
 */
import { isJsonList, isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { bodyCause, invalidCause, requiredCause, typeCause } from './causes.ts';
import { fieldPathText } from './field-path.ts';
import { isSettled } from './settled-values.ts';
import { causesMax, memberSchema, unknownFieldsMax, valueDepthMax } from './structural-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { hasType, typeNameOf, validateList, validateSize, validateValue, wantedType } from './validate-value.ts';

/** What {@link applySchema} does besides validating. */
export interface ApplySchemaOptions {
  /** Whether unknown members are left out of the result. They are reported either way. */
  readonly prune?: boolean;
  /** Whether absent members get their schema's default. */
  readonly defaults?: boolean;
  /**
   * Which `null` members count as absent where the schema is not nullable: `typed` ones, as for every kind that Go
   * decodes into a struct (all built-in ones), or `all` (the default), as in a custom resource. Items of lists stay.
   */
  readonly nulls?: 'typed' | 'all';
}

/** What {@link applySchema} found. */
export interface AppliedSchema<T> {
  /** The value given itself when nothing had to change. */
  readonly value: T;
  readonly causes: readonly StatusCause[];
  /** Paths of members no schema knows, in the order met. */
  readonly unknownFields: readonly string[];
}

interface Walk {
  readonly prune: boolean;
  readonly defaults: boolean;
  readonly typedNulls: boolean;
  /** Inside `allOf`, `anyOf`, `oneOf` and `not` members that are not mentioned mean nothing. */
  readonly partial: boolean;
  readonly path: (string | number)[];
  readonly causes: StatusCause[];
  readonly unknownFields: string[];
}

/** Validates `value` against `schema`, optionally with defaults and pruning. Never throws for a bad value. */
export function applySchema<T extends Json | object>(
  schema: StructuralSchema,
  value: T,
  options: ApplySchemaOptions = {},
): AppliedSchema<T> {
  const walk: Walk = {
    prune: options.prune ?? false,
    defaults: options.defaults ?? false,
    typedNulls: options.nulls === 'typed',
    partial: false,
    path: [],
    causes: [],
    unknownFields: [],
  };
  const applied = applyTo(schema, value as Json, walk) as T;
  return { value: applied, causes: walk.causes, unknownFields: walk.unknownFields };
}

function report(walk: Walk, cause: StatusCause): void {
  if (walk.causes.length < causesMax) walk.causes.push(cause);
}

function applyTo(schema: StructuralSchema, value: Json, walk: Walk): Json {
  const field = (): string => fieldPathText(walk.path);
  if (walk.path.length > valueDepthMax) {
    report(walk, invalidCause(field(), '…', `nested deeper than ${valueDepthMax} levels`));
    return value;
  }
  if (value === null) {
    if (!isNullable(schema)) report(walk, typeCause(field(), wantedType(schema), 'null'));
    return value;
  }
  if (!hasType(schema, value)) {
    report(walk, typeCause(field(), wantedType(schema), typeNameOf(value)));
    return value;
  }
  const applied = applyInside(schema, value, walk);
  validateValue(schema, applied, field, (cause) => report(walk, cause));
  validateJunctors(schema, applied, walk);
  return applied;
}

function isNullable(schema: StructuralSchema): boolean {
  return schema.nullable === true || schema.type === undefined;
}

function applyInside(schema: StructuralSchema, value: Json, walk: Walk): Json {
  if (isJsonList(value)) return applyList(schema, value, walk);
  if (isJsonObject(value)) return applyObject(schema, value, walk);
  return value;
}

function applyList(schema: StructuralSchema, list: readonly Json[], walk: Walk): readonly Json[] {
  const items = schema.items;
  let copy: Json[] | undefined;
  if (items) {
    for (const [index, item] of list.entries()) {
      walk.path.push(index);
      const applied = applyTo(items, item, walk);
      walk.path.pop();
      if (applied === item) continue;
      copy ??= [...list];
      copy[index] = applied;
    }
  }
  const applied = copy ?? list;
  validateList(
    schema,
    applied,
    () => fieldPathText(walk.path),
    (cause) => report(walk, cause),
  );
  return applied;
}

/** An object that is copied when it is first changed. */
class Draft {
  #members: Record<string, Json | undefined>;
  #copied = false;

  constructor(value: JsonObject) {
    this.#members = value;
  }

  get members(): Readonly<Record<string, Json | undefined>> {
    return this.#members;
  }

  set(key: string, value: Json): void {
    // Not an assignment: that would set the prototype where the key is `__proto__`.
    Object.defineProperty(this.#own(), key, { value, writable: true, enumerable: true, configurable: true });
  }

  remove(key: string): void {
    delete this.#own()[key];
  }

  #own(): Record<string, Json | undefined> {
    if (!this.#copied) this.#members = { ...this.#members };
    this.#copied = true;
    return this.#members;
  }
}

function applyObject(schema: StructuralSchema, value: JsonObject, walk: Walk): JsonObject {
  const draft = new Draft(value);
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member !== undefined) applyMember(schema, key, member, draft, walk);
  }
  if (walk.defaults && schema.properties) applyDefaults(schema.properties, draft, walk);
  validateMembers(schema, draft.members, walk);
  return draft.members;
}

function applyMember(schema: StructuralSchema, key: string, member: Json, draft: Draft, walk: Walk): void {
  const known = knownMember(schema, key);
  if (known === undefined) {
    applyUnknown(schema, key, draft, walk);
    return;
  }
  if (member === null && dropsNull(known, walk)) {
    draft.remove(key);
    return;
  }
  // Only members of the whole object are remembered: asking for every value would cost more than it saves.
  if (walk.path.length === 0 && isJsonObject(member) && isSettled(known, member)) return;
  walk.path.push(key);
  const applied = applyTo(known, member, walk);
  walk.path.pop();
  if (applied !== member) draft.set(key, applied);
}

/**
 * Kubernetes drops the null of a member that is not nullable: in a custom resource always, in a built-in kind where Go
 * would decode nothing. Inside `allOf` and its like nothing is dropped any more.
 */
function dropsNull(schema: StructuralSchema, walk: Walk): boolean {
  if (schema.nullable || walk.partial) return false;
  return !walk.typedNulls || schema.type !== undefined || (walk.defaults && schema.default !== undefined);
}

const embeddedMembers: Readonly<Record<string, StructuralSchema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

function knownMember(schema: StructuralSchema, key: string): StructuralSchema | undefined {
  const known = memberSchema(schema, key);
  if (known || !schema['x-kubernetes-embedded-resource']) return known;
  return Object.hasOwn(embeddedMembers, key) ? embeddedMembers[key] : undefined;
}

function applyUnknown(schema: StructuralSchema, key: string, draft: Draft, walk: Walk): void {
  const free = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties === true;
  if (free || (walk.partial && schema.additionalProperties !== false)) return;
  if (schema.type === undefined && schema.properties === undefined && !walk.partial) return;
  const field = fieldPathText([...walk.path, key]);
  if (walk.partial) report(walk, bodyCause(field, key, 'is a forbidden property'));
  else if (walk.unknownFields.length < unknownFieldsMax) walk.unknownFields.push(field);
  if (walk.prune) draft.remove(key);
}

function applyDefaults(properties: Readonly<Record<string, StructuralSchema>>, draft: Draft, walk: Walk): void {
  for (const key of defaultedKeys(properties)) {
    const property = properties[key];
    if (draft.members[key] !== undefined || property?.default === undefined) continue;
    walk.path.push(key);
    draft.set(key, applyTo(property, property.default, walk));
    walk.path.pop();
  }
}

const defaultedKeysOf = new WeakMap<object, readonly string[]>();

/** The properties that have a default; remembered, since most schemas have few and each object asks. */
function defaultedKeys(properties: Readonly<Record<string, StructuralSchema>>): readonly string[] {
  let keys = defaultedKeysOf.get(properties);
  if (!keys) {
    keys = Object.keys(properties).filter((key) => properties[key]?.default !== undefined);
    defaultedKeysOf.set(properties, keys);
  }
  return keys;
}

function validateMembers(schema: StructuralSchema, members: JsonObject, walk: Walk): void {
  const required = schema['x-kubernetes-embedded-resource']
    ? [...(schema.required ?? []), 'apiVersion', 'kind']
    : schema.required;
  for (const key of required ?? []) {
    if (members[key] === undefined || !Object.hasOwn(members, key)) {
      report(walk, requiredCause(fieldPathText([...walk.path, key])));
    }
  }
  if (schema.minProperties !== undefined || schema.maxProperties !== undefined) {
    const count = Object.keys(members).length;
    validateSize(
      schema,
      count,
      () => fieldPathText(walk.path),
      (cause) => report(walk, cause),
    );
  }
}

function validateJunctors(schema: StructuralSchema, value: Json, walk: Walk): void {
  if (!schema.allOf && !schema.anyOf && !schema.oneOf && !schema.not) return;
  const field = fieldPathText(walk.path);
  const fail = (rule: string): void => report(walk, invalidCause(field, '', `"${field}" ${rule}`));
  const matching = (schemas: readonly StructuralSchema[]): number =>
    schemas.filter((junctor) => causesOf(junctor, value, walk).length === 0).length;
  for (const junctor of schema.allOf ?? []) {
    const causes = causesOf(junctor, value, walk);
    for (const cause of causes) report(walk, cause);
    if (causes.length > 0) fail('must validate all the schemas (allOf)');
  }
  if (schema.anyOf && matching(schema.anyOf) === 0) fail('must validate at least one schema (anyOf)');
  if (schema.oneOf) {
    const count = matching(schema.oneOf);
    const found = count === 0 ? 'none' : String(count);
    if (count !== 1) fail(`must validate one and only one schema (oneOf). Found ${found} valid`);
  }
  if (schema.not && causesOf(schema.not, value, walk).length === 0) fail('must not validate the schema (not)');
}

function causesOf(schema: StructuralSchema, value: Json, walk: Walk): readonly StatusCause[] {
  const inner: Walk = {
    prune: false,
    defaults: false,
    typedNulls: walk.typedNulls,
    partial: true,
    path: walk.path,
    causes: [],
    unknownFields: [],
  };
  applyTo(schema, value, inner);
  return inner.causes;
}
