import { regexStepsMax } from '../../cel/linear-regex.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import { fileLists } from '../templates/dynamic.ts';
import type { Glob } from './glob.ts';

/** Most steps (instructions of globs times characters of paths) of one path filter. */
export const pathStepsMax = 400_000_000;

/** Asks once, when somebody first needs to know. */
export function askedOnce(changedFiles: () => Promise<ChangedFiles>): () => Promise<ChangedFiles> {
  let answer: Promise<ChangedFiles> | undefined;
  return () => (answer ??= changedFiles());
}

/** The first path that one of the globs matches. */
export type PathSearch =
  | { readonly found: string }
  | { readonly found: undefined; readonly outOf: number }
  | { readonly tooMany: true };

/** Looks for a changed file that one of the globs matches. */
export function searchPaths(globs: readonly Glob[], files: ChangedFiles): PathSearch {
  const paths = fileLists(files).all ?? [];
  const program = globs.reduce((sum, { programSize }) => sum + programSize, 0);
  const characters = paths.reduce((sum, path) => sum + path.length, 0);
  const longest = paths.reduce((most, path) => Math.max(most, path.length), 0);
  if (program * characters > pathStepsMax || program * longest > regexStepsMax) return { tooMany: true };
  const found = paths.find((path) => globs.some((glob) => glob.pattern === path || glob.matches(path)));
  return found === undefined ? { found, outOf: paths.length } : { found };
}
