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

/** Longer refs than Git itself can store match nothing. */
const refLengthMax = 4_096;

/** What a branch or tag is to be. */
export interface RefPattern {
  readonly pattern: string;
  matches(ref: string): boolean;
}

export type RefPatternResult = ({ readonly ok: true } & RefPattern) | { readonly ok: false; readonly message: string };

/**
 * Reads what a branch or tag is to be: a glob, or its exact name. What names neither `refs/heads/` nor `refs/tags/` is
 * about branches, so tags are matched only by patterns that begin with `refs/tags/`.
 */
export function compileRefPattern(pattern: string): RefPatternResult {
  const full = fullRef(pattern);
  const compiled = compileGlob(full);
  // Read once more only to tell of the pattern as it was written.
  if (!compiled.ok) return full === pattern ? compiled : mistakeIn(pattern, compiled.message);
  const { glob } = compiled;
  const matches = (ref: string): boolean => {
    if (ref.length > refLengthMax) return false;
    return full === fullRef(ref) || glob.matches(fullRef(ref));
  };
  return { ok: true, pattern, matches };
}

function mistakeIn(pattern: string, message: string): { readonly ok: false; readonly message: string } {
  const compiled = compileGlob(pattern);
  return compiled.ok ? { ok: false, message } : compiled;
}
