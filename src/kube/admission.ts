import type { JsonObject } from '../base/json.ts';
import type { ApiStatusError, StatusCause } from './api-error.ts';
import type { ObjectKey } from './object.ts';
import type { ResourceType } from './resource.ts';
import type { UserInfo } from './user.ts';

/** A write that is about to happen. Objects are shared: read-only. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly type: ResourceType;
  /** `status` or another subresource the write goes through; absent for the object itself. */
  readonly subresource?: string;
  /** The name may still be empty while a create with `generateName` is mutated. */
  readonly key: ObjectKey;
  /** The object as it would be stored; absent on DELETE. */
  readonly object?: JsonObject;
  /** The object as it is stored; absent on CREATE. */
  readonly oldObject?: JsonObject;
  readonly user: UserInfo;
  /** Nothing will be stored: a plugin must not act either. */
  readonly dryRun: boolean;
}

/**
 * A rule about writes, in the process of the API server. The object is checked with its schema first (types are right,
 * defaults filled, unknown members gone); then all plugins mutate, in their order; what they changed is checked again; then
 * all plugins validate. A write that loses a race is tried again, and its plugins run again: they must be functions of
 * the request.
 */
export interface AdmissionPlugin {
  /** For logs and messages: `tekton`. */
  readonly name: string;
  /** The object to go on with; undefined leaves it as it is. Not called on DELETE. */
  mutate?(request: AdmissionRequest): JsonObject | undefined;
  /** Causes refuse the write as `Invalid`; an error refuses it as it says. Undefined or no causes lets it pass. */
  validate?(request: AdmissionRequest): readonly StatusCause[] | ApiStatusError | undefined;
}
