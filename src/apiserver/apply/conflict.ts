import { ApiStatusError } from '../../kube/api-error.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { pathsOf } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import type { FieldManager } from './managers.ts';

/** A field somebody else has set to another value. */
export interface ApplyConflict {
  readonly manager: FieldManager;
  readonly fields: FieldSet;
}

/** Most conflicting fields that are listed. */
const conflictsListedMax = 100;

/** The 409 of a server-side apply, one cause a field, worded as Kubernetes words it (kubectl parses it). */
export function conflictError(conflicts: readonly ApplyConflict[]): ApiStatusError {
  const all = conflicts.flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path) => ({ name: managerText(manager), path })),
  );
  const listed = all.slice(0, conflictsListedMax);
  const causes = listed.map(({ name, path }): StatusCause => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${name}`,
    field: path,
  }));
  return new ApiStatusError('Conflict', conflictMessage(all.length, listed), { details: { causes } });
}

function conflictMessage(
  count: number,
  conflicts: readonly { readonly name: string; readonly path: string }[],
): string {
  const [first] = conflicts;
  if (count === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.name}: ${first.path}`;
  const names = [...new Set(conflicts.map((conflict) => conflict.name))].sort();
  const lines = names.flatMap((name) => [
    `conflicts with ${name}:`,
    ...conflicts.filter((conflict) => conflict.name === name).map((conflict) => `- ${conflict.path}`),
  ]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

function managerText(manager: FieldManager): string {
  const name =
    JSON.stringify(manager.manager) + (manager.subresource === '' ? '' : ` with subresource "${manager.subresource}"`);
  if (manager.operation === 'Apply') return name;
  const at = manager.time === undefined ? '' : ` at ${manager.time}`;
  return `${name} using ${manager.apiVersion}${at}`;
}
