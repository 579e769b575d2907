import { UserError } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { ApiStatusError, isApiError } from '../../kube/api-error.ts';
import { jsonDiff } from '../../kube/json-diff.ts';
import { type KubeObject, keyOf, keyText } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { WantedObject } from './setup-objects.ts';

/** By this name the API knows which fields are ours. */
const fieldManager = 'penstock-setup';

/** What applying an object came to. */
export interface Change {
  /** `Secret ci/app-git`. */
  readonly what: string;
  readonly outcome: 'created' | 'changed' | 'unchanged';
  /** Paths of what was changed, `spec.url`; never a value. */
  readonly fields: readonly string[];
}

/**
 * Makes objects say what they are to say, and nothing else of them. Fields that somebody else has given another value are
 * refused before anything is written (`SETUP_CONFLICT`), unless `force` takes them over.
 */
export async function applyObjects(
  client: ApiClient,
  wanted: readonly WantedObject[],
  { force }: { readonly force: boolean },
): Promise<readonly Change[]> {
  const before = await Promise.all(wanted.map(({ type, object }) => current(client, type, object)));
  for (const [index, one] of wanted.entries()) {
    if (one.type.kind === 'Namespace' || before[index] === 'missing') continue;
    await applied(client, one, { force, dryRun: true });
  }
  const changes: Change[] = [];
  for (const [index, one] of wanted.entries()) {
    const old = before[index] ?? 'missing';
    changes.push(await settled(client, one, old, force));
  }
  return changes;
}

async function current(
  client: ApiClient,
  type: ResourceType<KubeObject>,
  object: KubeObject,
): Promise<KubeObject | 'missing' | 'unknown'> {
  try {
    return await client.get(type, keyOf(object));
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return 'missing';
    // Whoever works in one namespace need not be allowed to look at namespaces.
    if (isApiError(thrown, 'Forbidden') && type.kind === 'Namespace') return 'unknown';
    throw thrown;
  }
}

async function settled(
  client: ApiClient,
  wanted: WantedObject,
  before: KubeObject | 'missing' | 'unknown',
  force: boolean,
): Promise<Change> {
  const what = `${wanted.type.kind} ${keyText(keyOf(wanted.object))}`;
  const isNamespace = wanted.type.kind === 'Namespace';
  if (before !== 'missing' && isNamespace) return { what, outcome: 'unchanged', fields: [] };
  const after = await applied(client, wanted, { force, dryRun: false });
  if (before === 'missing' || before === 'unknown') return { what, outcome: 'created', fields: [] };
  const fields = changedFields(before, after);
  return { what, outcome: fields.length === 0 ? 'unchanged' : 'changed', fields };
}

async function applied(
  client: ApiClient,
  { type, object }: WantedObject,
  { force, dryRun }: { readonly force: boolean; readonly dryRun: boolean },
): Promise<KubeObject> {
  const patch = object as unknown as JsonObject;
  try {
    return await client.patch(type, keyOf(object), patch, { type: 'apply', fieldManager, force, dryRun });
  } catch (thrown) {
    throw refusalOf(thrown, `${type.kind} ${keyText(keyOf(object))}`);
  }
}

function refusalOf(thrown: unknown, what: string): unknown {
  if (!(thrown instanceof ApiStatusError)) return thrown;
  const causes = thrown.details.causes ?? [];
  const conflicts = causes.filter(({ reason }) => reason === 'FieldManagerConflict');
  if (conflicts.length > 0) {
    const fields = conflicts.map(({ field = '', message }) => `${field.replace(/^\./, '')} (${message})`).join(', ');
    return new UserError(`${what} is not ours alone; somebody else has set ${fields}`, {
      code: 'SETUP_CONFLICT',
      remedy: 'take another name with --name, or take these fields over with --force; no object was changed',
      cause: thrown,
    });
  }
  return new UserError(`the server does not take ${what}: ${thrown.message}`, { code: 'SETUP_REFUSED', cause: thrown });
}

function changedFields(before: KubeObject, after: KubeObject): readonly string[] {
  const said = ({ metadata: _metadata, apiVersion: _version, kind: _kind, ...rest }: KubeObject): Json => ({
    ...rest,
    status: undefined,
  });
  return jsonDiff(said(before), said(after)).map(({ path }) =>
    path
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .join('.'),
  );
}
