/** The answers of the API that are not successes, in the words clients of Kubernetes look for. */
import { ApiStatusError } from '../kube/api-error.ts';
import type { StatusCause, StatusDetails } from '../kube/api-error.ts';
import type { ResourceType } from '../kube/resource.ts';

/** `pods`, `pipelineruns.tekton.dev`. */
function qualifiedResource({ group, resource }: ResourceType): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function resourceDetails(type: ResourceType, name: string): StatusDetails {
  return { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.resource };
}

/** 404 of an object. */
export function notFound(type: ResourceType, name: string): ApiStatusError {
  return new ApiStatusError('NotFound', `${qualifiedResource(type)} "${name}" not found`, {
    details: resourceDetails(type, name),
  });
}

/** 404 of a path that nothing is served at. */
export function pathNotFound(): ApiStatusError {
  return new ApiStatusError('NotFound', 'the server could not find the requested resource');
}

/** 405. */
export function methodNotAllowed(): ApiStatusError {
  return new ApiStatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** 400. */
export function badRequest(message: string): ApiStatusError {
  return new ApiStatusError('BadRequest', message);
}

/** 409 of a create. `generated` when the name was made from `generateName`, and no free one was found. */
export function alreadyExists(type: ResourceType, name: string, generated = false): ApiStatusError {
  const more = generated ? ', the server was not able to generate a unique name for the object' : '';
  return new ApiStatusError('AlreadyExists', `${qualifiedResource(type)} "${name}" already exists${more}`, {
    details: resourceDetails(type, name),
  });
}

/** 409 of a write that cannot be done as things are. */
export function conflict(type: ResourceType, name: string, why: string): ApiStatusError {
  return new ApiStatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(type)} "${name}": ${why}`,
    { details: resourceDetails(type, name) },
  );
}

/** 409 of a write that was made from an older version of the object. */
export function staleVersion(type: ResourceType, name: string): ApiStatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(type, name, why);
}

/** 422 with one cause a field. */
export function invalid(type: ResourceType, name: string, causes: readonly StatusCause[]): ApiStatusError {
  const texts = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kindName = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  return new ApiStatusError('Invalid', `${kindName} "${name}" is invalid: ${text}`, {
    details: { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.kind, causes },
  });
}

/** 403 of a write that something other than its content forbids. */
export function forbidden(
  type: ResourceType,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): ApiStatusError {
  return new ApiStatusError('Forbidden', `${qualifiedResource(type)} "${name}" is forbidden: ${why}`, {
    details: { ...resourceDetails(type, name), ...(causes.length === 0 ? {} : { causes }) },
  });
}

/** 410: the revision that was asked for is gone; list again. */
export function expired(message: string): ApiStatusError {
  return new ApiStatusError('Expired', message);
}

/** 413 of an object. */
export function objectTooLarge(bytesMax: number): ApiStatusError {
  return new ApiStatusError('RequestEntityTooLarge', `the object is larger than ${bytesMax} bytes`);
}
