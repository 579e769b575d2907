/** Files and exports that nothing uses. */
import { isTest, lineAt, type Finding, type Project, type SourceFile } from './project.ts';

/** Files that neither an entry point nor a test reaches through imports. */
export function deadFiles(project: Project, entryPoints: readonly RegExp[]): readonly Finding[] {
  const isEntry = ({ path }: SourceFile): boolean => isTest(path) || entryPoints.some((entry) => entry.test(path));
  const reached = reachedFrom(project, project.sources.filter(isEntry));
  return project.sources
    .filter(({ path }) => !reached.has(path) && path !== 'architecture.ts')
    .map(({ path }) => ({ path, message: 'nothing uses this file' }));
}

function reachedFrom(project: Project, entries: readonly SourceFile[]): ReadonlySet<string> {
  const byPath = new Map(project.sources.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = entries.map(({ path }) => path);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    const file = byPath.get(path);
    waiting.push(...(file?.imports ?? []).flatMap(({ target }) => target ?? []), ...(file?.mentions ?? []));
  }
  return reached;
}

const exportPattern = /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?function\s*\*?\s+([\w$]+)/gm;

/**
 * Functions that `src/` exports and no other file names. A word of the same name elsewhere counts as a
 * use, so this finds only what is certainly unused. Types may be exported for whoever wants to name them.
 */
export function deadExports(project: Project): readonly Finding[] {
  const users = new Map<string, Set<string>>();
  for (const { path, code } of project.sources) {
    for (const word of new Set(code.match(/[\w$]+/g))) users.set(word, (users.get(word) ?? new Set()).add(path));
  }
  return project.sources
    .filter(({ path }) => path.startsWith('src/') && !isTest(path))
    .flatMap((file) =>
      [...file.code.matchAll(exportPattern)]
        .filter((match) => (users.get(match[1] ?? '')?.size ?? 0) < 2)
        .map((match) => ({
          path: file.path,
          line: lineAt(file.code, match.index),
          message: `nothing else uses the export ${match[1]}`,
        })),
    );
}
