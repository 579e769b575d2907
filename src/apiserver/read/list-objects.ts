import type { KubeObject, UnknownObject } from '../../kube/object.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { ApiRequest } from '../../kube/transport.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { RevisionGoneError } from '../../store/store.ts';
import type { RangePage, Store, StoredValue, StoreKey } from '../../store/store.ts';
import { integerParameter, revisionParameter } from '../query-options.ts';
import { badRequest, expired } from '../status-errors.ts';
import { inVersion } from '../write/stored-objects.ts';
import { continueToken, parseContinueToken } from './continue-token.ts';
import type { ObjectSelection } from './selection.ts';

/** A page of a list. */
export interface ObjectPage {
  readonly items: readonly UnknownObject[];
  /** The revision the page shows. */
  readonly revision: number;
  /** Where the next page starts; undefined on the last one. */
  readonly continueToken?: string;
  /** How many objects follow; only known when nothing is filtered. */
  readonly remaining?: number;
}

/** How many keys a filtered page reads at a time. */
const scanKeysPerStep = 500;

/**
 * Lists the selected objects: `limit` and `continue` page through one consistent state; `resourceVersion` asks for a state
 * (exact) or at least one that new. Throws `Expired` when that state is no longer known.
 */
export function listObjects(
  store: Store,
  kind: KindDefinition,
  selection: ObjectSelection,
  query: ApiRequest['query'],
): ObjectPage {
  if (query['sendInitialEvents'] !== undefined) throw badRequest('sendInitialEvents is forbidden for list');
  const asked = integerParameter(query, 'limit');
  const limit = asked === 0 ? undefined : asked;
  const position = query['continue'] ? parseContinueToken(query['continue'], selection.prefix) : undefined;
  const atRevision = position?.revision ?? wantedRevision(store, query, limit);
  if (position && (revisionParameter(query) ?? 0) !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (position && query['resourceVersionMatch']) {
    throw badRequest('resourceVersionMatch is forbidden when continue is provided');
  }
  try {
    return page(store, kind, selection, {
      ...(limit === undefined ? {} : { limit }),
      ...(atRevision === undefined ? {} : { atRevision }),
      ...(position === undefined ? {} : { after: position.after }),
    });
  } catch (thrown) {
    if (!(thrown instanceof RevisionGoneError)) throw thrown;
    throw position
      ? expired('the continue token is too old: its state is no longer kept; start the list again without it')
      : expired(`too old resource version: ${atRevision} (${thrown.oldestRevision})`);
  }
}

/** Undefined = the newest state. */
function wantedRevision(store: Store, query: ApiRequest['query'], limit: number | undefined): number | undefined {
  const revision = revisionParameter(query);
  const match = query['resourceVersionMatch'];
  if (match && match !== 'Exact' && match !== 'NotOlderThan') {
    throw badRequest(`resourceVersionMatch must be Exact or NotOlderThan, not ${JSON.stringify(match)}`);
  }
  if (match && revision === undefined)
    throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && revision === 0)
    throw badRequest('resourceVersionMatch Exact is forbidden for resourceVersion 0');
  if (revision === undefined || revision === 0) return undefined;
  refuseFuture(store, revision);
  return match === 'Exact' || (match === undefined && limit !== undefined) ? revision : undefined;
}

/** Refuses a revision that has not happened here: the client comes from another history, or is ahead of this replica. */
export function refuseFuture(store: Store, revision: number): void {
  const newest = store.revision();
  if (revision <= newest) return;
  throw new ApiStatusError('Timeout', `Too large resource version: ${revision}, current: ${newest}`, {
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
}

interface PageOptions {
  readonly limit?: number;
  readonly atRevision?: number;
  readonly after?: StoreKey;
}

function page(store: Store, kind: KindDefinition, selection: ObjectSelection, options: PageOptions): ObjectPage {
  const { matches, prefix, onlyKey } = selection;
  if (onlyKey !== undefined && options.atRevision === undefined) return single(store, kind, onlyKey, matches);
  if (matches === undefined) {
    const range = store.range(prefix, options);
    const items = range.items.map((stored) => inVersion(kind, stored.value));
    return { items, revision: range.revision, ...following(range, range.items.at(-1), range.remaining) };
  }
  return filtered(store, kind, selection, options);
}

function single(
  store: Store,
  kind: KindDefinition,
  key: StoreKey,
  matches: ((object: KubeObject) => boolean) | undefined,
): ObjectPage {
  const stored = store.get(key);
  const object = stored && inVersion(kind, stored.value);
  const items = object && (!matches || matches(object)) ? [object] : [];
  return { items, revision: store.revision() };
}

/** Reads on until the page is full: a filter may hide most keys. Nobody writes meanwhile: nothing is awaited. */
function filtered(store: Store, kind: KindDefinition, selection: ObjectSelection, options: PageOptions): ObjectPage {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const items: UnknownObject[] = [];
  const { atRevision } = options;
  let { after } = options;
  for (;;) {
    const step = limit === Number.POSITIVE_INFINITY ? {} : { limit: scanKeysPerStep };
    const range = store.range(selection.prefix, {
      ...step,
      ...(after === undefined ? {} : { after }),
      ...(atRevision === undefined ? {} : { atRevision }),
    });
    for (const [index, stored] of range.items.entries()) {
      const object = inVersion(kind, stored.value);
      if (!selection.matches?.(object)) continue;
      items.push(object);
      const more = range.more || index + 1 < range.items.length;
      if (items.length >= limit) return { items, revision: range.revision, ...following({ ...range, more }, stored) };
    }
    if (!range.more) return { items, revision: range.revision };
    after = range.items.at(-1)?.key;
  }
}

function following(
  { more, revision }: Pick<RangePage, 'more' | 'revision'>,
  last: StoredValue | undefined,
  remaining?: number,
): Pick<ObjectPage, 'continueToken' | 'remaining'> {
  if (!more || last === undefined) return {};
  const token = continueToken({ revision, after: last.key });
  return remaining === undefined ? { continueToken: token } : { continueToken: token, remaining };
}
