/** Which test files a run takes. */
import { globSync } from 'node:fs';
import { join } from 'node:path';

export interface TestFiles {
  /** To be run now; absolute paths, in order. */
  readonly chosen: readonly string[];
  /** Named `x.slow.test.ts`: they take minutes and run only when asked for. */
  readonly slow: readonly string[];
}

const testFilePatterns = ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'];

/**
 * Finds the test files under `root`. With `words`, only those whose path holds one of them (`src/store`, `kubectl`);
 * a slow file is chosen only with `withSlow`.
 */
export function findTestFiles(root: string, words: readonly string[], withSlow: boolean): TestFiles {
  const paths = testFilePatterns.flatMap((pattern) => globSync(pattern, { cwd: root })).toSorted();
  const wanted = paths.filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  const slow = withSlow ? [] : wanted.filter((path) => path.endsWith('.slow.test.ts'));
  return {
    chosen: wanted.filter((path) => !slow.includes(path)).map((path) => join(root, path)),
    slow,
  };
}
