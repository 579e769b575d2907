import { compileGlob } from './glob.ts';

const branchPrefix = 'refs/heads/';

/** `refs/heads/x` for a branch named `x`; full refs of branches and tags as they are. */
export function fullRef(name: string): string {
  return name.startsWith(branchPrefix) || name.startsWith('refs/tags/') ? name : `${branchPrefix}${name}`;
}

/** The name of a branch without `refs/heads/`; tags keep their full ref, as Pipelines-as-Code has it. */
export function shortBranch(ref: string): string {
  return ref.startsWith(branchPrefix) ? ref.slice(branchPrefix.length) : ref;
}

export type RefPattern =
  | { readonly ok: true; matches(ref: string): boolean }
  | { readonly ok: false; readonly message: string };

/**
 * Reads what a branch or tag is to be: a glob, or its exact name. What names neither `refs/heads/` nor `refs/tags/` is
 * about branches, so tags are matched only by patterns that begin with `refs/tags/`.
 */
export function compileRefPattern(pattern: string): RefPattern {
  const full = fullRef(pattern);
  const compiled = compileGlob(full);
  if (!compiled.ok) return compiled;
  return { ok: true, matches: (ref) => full === fullRef(ref) || compiled.glob.matches(fullRef(ref)) };
}
