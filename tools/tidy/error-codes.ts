/** Every code that a person may meet is explained in one place. */
import type { Finding, Project } from './project.ts';

/** Where codes are explained. */
export const errorCodesPath = 'docs/errors.md';

const codePattern =
  /\bcode(?:: string)? ?[:=] (?:[^,;\n]*\? )?'(?<code>[A-Z][A-Z_]+)'(?: : '(?<other>[A-Z][A-Z_]+)')?/g;

/** Codes in the sources of the product that `docs/errors.md` does not list, and listed ones that are no more. */
export function unexplainedCodes(project: Project): readonly Finding[] {
  const listed = new Set(
    [...(project.textOf(errorCodesPath) ?? '').matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1] ?? ''),
  );
  const used = new Map<string, string>();
  for (const { path, text, isForTests } of project.sources) {
    if (isForTests || !path.startsWith('src/')) continue;
    for (const { groups } of text.matchAll(codePattern)) {
      for (const code of [groups?.['code'], groups?.['other']]) if (code !== undefined) used.set(code, path);
    }
  }
  const unlisted = [...used].filter(([code]) => !listed.has(code));
  const gone = [...listed].filter((code) => !used.has(code));
  return [
    ...unlisted.map(([code, path]) => ({ path, message: `the code ${code} is not explained in ${errorCodesPath}` })),
    ...gone.map((code) => ({ path: errorCodesPath, message: `nothing uses the code ${code}` })),
  ];
}
