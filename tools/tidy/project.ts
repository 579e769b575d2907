/** The files of the repository as the rules see them. */
import { dirname, join } from 'node:path/posix';
import { maskNonCode } from './mask.ts';

export interface Import {
  /** As written: `../base/clock.ts`, `node:fs`, `fastify`. */
  readonly specifier: string;
  /** Path from the root, for a relative import. */
  readonly target?: string;
  readonly line: number;
  /** `import type`: gone at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without the insides of strings. */
  readonly code: string;
  readonly imports: readonly Import[];
  /** A test, or what only tests use: in a folder `testing`, or itself an importer of `node:test`, `node:assert/strict` or fast-check. */
  readonly isForTests: boolean;
  /** Files that a string in it names, `new URL('../test.ts', …)` for instance: paths from the root. */
  readonly mentions: readonly string[];
}

export interface Project {
  /** All programs: TypeScript and JavaScript. */
  readonly sources: readonly SourceFile[];
  /** Paths of all files, also those that are no programs. */
  readonly paths: ReadonlySet<string>;
  /** Text of a file that is no program (a README); undefined when there is none. */
  readonly textOf: (path: string) => string | undefined;
}

export interface Finding {
  readonly path: string;
  /** Counts from 1. */
  readonly line?: number;
  readonly message: string;
}

/** Who imports one of these is a test, or there for tests. */
const testModules = new Set(['node:test', 'node:assert/strict', 'fast-check']);
const programPattern = /\.(?:ts|js)$/;

/** Builds a project from paths and texts. */
export function projectOf(files: Readonly<Record<string, string>>): Project {
  const sources = Object.entries(files)
    .filter(([path]) => programPattern.test(path))
    .map(([path, text]) => sourceFile(path, text));
  return { sources, paths: new Set(Object.keys(files)), textOf: (path) => files[path] };
}

function sourceFile(path: string, text: string): SourceFile {
  const code = maskNonCode(text);
  const mentions = [...code.matchAll(/(['"])( *)\1/g)]
    .map((match) => text.slice(match.index + 1, match.index + 1 + (match[2] ?? '').length))
    .filter((value) => /^[\w./-]+\.(?:ts|js)$/.test(value))
    .flatMap((value) => [join(dirname(path), value), join(value)]);
  const imports = importsOf(path, text, code);
  const isForTests =
    isTest(path) || path.includes('/testing/') || imports.some(({ specifier }) => testModules.has(specifier));
  return { path, text, code, imports, isForTests, mentions };
}

const importPattern =
  /\b(?:import|export)\b(?<type>\s+type\b)?(?<names>[^'"`;()=]*?)\bfrom\s*(?<from>['"])|\bimport\s*(?<bare>['"])|\bimport\s*\(\s*(?<dynamic>['"])/g;

function importsOf(path: string, text: string, code: string): readonly Import[] {
  return [...code.matchAll(importPattern)].map((match) => {
    const start = match.index + match[0].length;
    const quote = match[0].at(-1) ?? '';
    const specifier = text.slice(start, code.indexOf(quote, start));
    const target = specifier.startsWith('.') ? { target: join(dirname(path), specifier) } : {};
    return { specifier, ...target, line: lineAt(text, start), typeOnly: match.groups?.['type'] !== undefined };
  });
}

/** The line of a position; both count as editors do, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** The room a file belongs to: `store` for `src/store/x/y.ts`. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
