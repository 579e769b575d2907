import type { SourceObject } from './source-object.ts';

/** Which source a part of a resolved run was written in. */
export interface Origin {
  /** Path in the run, `spec.pipelineSpec`; empty = all of it. */
  readonly prefix: string;
  readonly source: SourceObject;
  /** The same place in the source, `spec`. */
  readonly sourcePrefix: string;
}

/** The source, and the path in it, of the field at `path` of a run: that of the innermost origin. */
export function placeOf(
  origins: readonly Origin[],
  path: string,
): { readonly source: SourceObject; readonly field: string } {
  const around = origins.filter(({ prefix }) => isWithin(path, prefix));
  const innermost = around.reduce((best, one) => (one.prefix.length >= best.prefix.length ? one : best));
  const rest = path.slice(innermost.prefix.length);
  return { source: innermost.source, field: `${innermost.sourcePrefix}${rest}`.replace(/^\./, '') };
}

function isWithin(path: string, prefix: string): boolean {
  return prefix === '' || (path.startsWith(prefix) && /^(?:[.[]|$)/.test(path.slice(prefix.length)));
}
