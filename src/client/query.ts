import type { Json, JsonObject } from '../base/json.ts';
import type { DeleteOptions, ListOptions, LogOptions, PatchOptions, Selection, WatchOptions } from './api-client.ts';

/** Query parameters as a request carries them. */
export type Query = Readonly<Record<string, string>>;

/** The media type of a patch body, which says how it is to be read. */
export const patchMediaTypes: Readonly<Record<PatchOptions['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** Query of a list. */
export function listQuery(options: ListOptions): Query {
  const { limit, continue: token, resourceVersion } = options;
  return defined({ ...selectionMembers(options), limit, continue: token, resourceVersion });
}

/** Query of a watch. */
export function watchQuery(options: WatchOptions): Query {
  const { resourceVersion, allowWatchBookmarks, timeoutSeconds } = options;
  return defined({ watch: true, ...selectionMembers(options), resourceVersion, allowWatchBookmarks, timeoutSeconds });
}

/** Query of a delete of what a selection names. */
export function selectionQuery(selection: Selection): Query {
  return defined(selectionMembers(selection));
}

/** Query of a create or an update. */
export function writeQuery(options: { readonly dryRun?: boolean } = {}): Query {
  return defined({ dryRun: dryRunOf(options.dryRun) });
}

/** Query of a patch. */
export function patchQuery(options: PatchOptions): Query {
  const { fieldManager, force, dryRun } = options;
  return defined({ fieldManager, force, dryRun: dryRunOf(dryRun) });
}

/** Query of a pod log. */
export function logQuery(options: LogOptions): Query {
  const { container, follow, timestamps, tailLines, sinceSeconds, sinceTime, limitBytes } = options;
  return defined({ container, follow, timestamps, tailLines, sinceSeconds, sinceTime, limitBytes });
}

/** The body of a delete: `metav1.DeleteOptions`. */
export function deleteBody(options: DeleteOptions): JsonObject {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options;
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions: preconditions satisfies Json }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
}

function selectionMembers({ labelSelector, fieldSelector }: Selection): Readonly<Record<string, string | undefined>> {
  // An empty selector selects everything, as an absent one does.
  return { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
}

function dryRunOf(dryRun: boolean | undefined): string | undefined {
  return dryRun ? 'All' : undefined;
}

function defined(members: Readonly<Record<string, string | number | boolean | undefined>>): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) query[name] = String(value);
  return query;
}
