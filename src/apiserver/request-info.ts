/** What a path of the API asks for. */
import { badRequest } from './status-errors.ts';

/** A path below `/api/VERSION` or `/apis/GROUP/VERSION`, taken apart. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** `''` when the path names none: a cluster-scoped resource, or all namespaces. */
  readonly namespace: string;
  /** `''` for a collection. */
  readonly name: string;
  /** `status`, `log`; `''` for the object itself. */
  readonly subresource: string;
  /** Whether an old path of the form `/api/v1/watch/…` asks for a watch. */
  readonly watch: boolean;
}

/** Most segments a path of the API has. */
const segmentsMax = 10;

/** Takes the path of a resource apart; undefined when it is another path (discovery, health). */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = path.split('/', segmentsMax + 2);
  if (segments.length > segmentsMax + 1) return undefined;
  if (segments.at(-1) === '') segments.pop();
  if (segments[1] === 'api') return below('', segments, 2);
  return segments[1] === 'apis' ? below(decoded(segments[2] ?? ''), segments, 3) : undefined;
}

function below(group: string, segments: readonly string[], versionAt: number): ResourcePath | undefined {
  const version = segments[versionAt];
  const watch = segments[versionAt + 1] === 'watch';
  const rest = segments.slice(versionAt + (watch ? 2 : 1)).map(decoded);
  if (version === undefined || rest.length === 0 || rest.includes('')) return undefined;
  const base = { group, version: decoded(version), watch };
  // `namespaces/NAME`, `namespaces/NAME/status` and `namespaces/NAME/finalize` are about the namespace itself.
  const [first = '', second = '', third, fourth = '', fifth = '', ...more] = rest;
  const inNamespace = first === 'namespaces' && third !== undefined && third !== 'status' && third !== 'finalize';
  if (inNamespace) {
    return more.length > 0
      ? undefined
      : { ...base, namespace: second, resource: third, name: fourth, subresource: fifth };
  }
  if (rest.length > 3) return undefined;
  return { ...base, namespace: '', resource: first, name: second, subresource: third ?? '' };
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path has a malformed escape in ${JSON.stringify(segment)}`);
  }
}
