/** What stands between a write and the store: the schema, the admission plugins, the rules about metadata. */
import type { JsonObject } from '../../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../kube/admission.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { ObjectKey, UnknownObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { prepareObject, unknownFieldText, unknownFieldsMessage } from '../../schema/prepare-object.ts';
import { badRequest, invalid, objectTooLarge } from '../status-errors.ts';
import { objectBytesMax, objectSize } from './object-size.ts';
import { withoutEmptyMetadata } from './empty-metadata.ts';
import type { WriteOptions } from './write-options.ts';

/** A write on its way to the store. */
export interface PendingWrite {
  readonly kind: KindDefinition;
  readonly operation: 'CREATE' | 'UPDATE';
  readonly key: ObjectKey;
  readonly subresource: string;
  readonly object: UnknownObject;
  /** The object as it is stored; absent on CREATE. */
  readonly before?: UnknownObject;
  readonly options: WriteOptions;
}

/**
 * The object as it would be stored: unknown members pruned or refused, defaults filled, mutated by the plugins. Adds
 * to `warnings`. Throws `Invalid` when the schema does not hold, before any plugin sees the object and again after.
 */
export function prepareWrite(
  write: PendingWrite,
  plugins: readonly AdmissionPlugin[],
  warnings: string[],
): UnknownObject {
  const prepared = conform(write, write.object, warnings);
  const mutated = mutate({ ...write, object: prepared }, plugins);
  return mutated === prepared ? prepared : conform(write, mutated, []);
}

function conform(write: PendingWrite, object: UnknownObject, warnings: string[]): UnknownObject {
  const { kind, key, options } = write;
  const prepared = prepareObject(kind, object, { create: write.operation === 'CREATE' });
  reportUnknownFields(kind, prepared.unknownFields, options, warnings);
  if (prepared.causes.length > 0) throw invalid(kind.type, key.name, prepared.causes);
  return withoutEmptyMetadata(prepared.object);
}

/** Refuses unknown fields or warns of them, as the kind and the request want it. */
export function reportUnknownFields(
  kind: KindDefinition,
  fields: readonly string[],
  { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>,
  warnings: string[],
): void {
  if (fields.length === 0) return;
  if (kind.unknownFields === 'reject' || fieldValidation === 'Strict') {
    const { kind: name, version } = kind.type;
    throw badRequest(`${name} in version "${version}" cannot be handled as a ${name}: ${unknownFieldsMessage(fields)}`);
  }
  if (fieldValidation === 'Warn') warnings.push(...fields.map(unknownFieldText));
}

/** The same of members that are there twice: the last one counts, unless the request is strict. */
export function reportDuplicateFields(
  { type }: KindDefinition,
  fields: readonly string[],
  { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>,
  warnings: string[],
): void {
  if (fields.length === 0) return;
  const texts = fields.map((field) => `duplicate field "${field}"`);
  if (fieldValidation === 'Strict') {
    const { kind, version } = type;
    const why = `strict decoding error: ${texts.join(', ')}`;
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  }
  if (fieldValidation === 'Warn') warnings.push(...texts);
}

function mutate(write: PendingWrite, plugins: readonly AdmissionPlugin[]): UnknownObject {
  let { object } = write;
  for (const plugin of plugins) {
    const changed = plugin.mutate?.(admissionRequest({ ...write, object }));
    if (changed !== undefined) object = changed as unknown as UnknownObject;
  }
  return object;
}

/** Asks all plugins; throws what they say against the write. */
export function validateWrite(write: PendingWrite, plugins: readonly AdmissionPlugin[]): void {
  for (const plugin of plugins) {
    if (plugin.validate) refuseFindings(write.kind, write.key.name, plugin.validate(admissionRequest(write)));
  }
}

/** Asks all plugins whether the object may be deleted. */
export function validateDelete(
  kind: KindDefinition,
  key: ObjectKey,
  before: UnknownObject,
  options: WriteOptions,
  plugins: readonly AdmissionPlugin[],
): void {
  for (const plugin of plugins) {
    if (!plugin.validate) continue;
    const request: AdmissionRequest = {
      operation: 'DELETE',
      type: kind.type,
      key,
      oldObject: before as unknown as JsonObject,
      user: options.user,
      dryRun: options.dryRun,
    };
    refuseFindings(kind, key.name, plugin.validate(request));
  }
}

function refuseFindings(
  kind: KindDefinition,
  name: string,
  found: ReturnType<NonNullable<AdmissionPlugin['validate']>>,
): void {
  if (found === undefined) return;
  if (found instanceof ApiStatusError) throw found;
  if (found.length > 0) throw invalid(kind.type, name, found);
}

function admissionRequest(write: PendingWrite): AdmissionRequest {
  return {
    operation: write.operation,
    type: write.kind.type,
    ...(write.subresource === '' ? {} : { subresource: write.subresource }),
    key: write.key,
    object: write.object as unknown as JsonObject,
    ...(write.before === undefined ? {} : { oldObject: write.before as unknown as JsonObject }),
    user: write.options.user,
    dryRun: write.options.dryRun,
  };
}

/** Refuses an object that is too large to be stored. */
export function refuseTooLarge(object: UnknownObject): void {
  if (objectSize(object as unknown as JsonObject) > objectBytesMax) throw objectTooLarge(objectBytesMax);
}

/** Refuses an object of another kind or version than the endpoint's. */
export function refuseOtherKind(kind: KindDefinition, object: UnknownObject): void {
  const expected = apiVersionOf(kind.type);
  if (object.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${text(object.apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (object.kind !== kind.type.kind) {
    throw badRequest(
      `the kind in the data (${text(object.kind)}) does not match the expected kind (${kind.type.kind})`,
    );
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
