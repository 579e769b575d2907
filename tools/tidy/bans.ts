/** What may be used only in one place, and words that mark unfinished work. */
import type { Ban, Room } from '../../architecture.ts';
import { lineAt, roomOf, type Finding, type Project, type SourceFile } from './project.ts';

export function banned(project: Project, bans: readonly Ban[]): readonly Finding[] {
  const sources = project.sources.filter(({ path }) => path.startsWith('src/'));
  return sources.flatMap((file) => bans.flatMap((ban) => (isAllowed(file, ban) ? [] : uses(file, ban))));
}

function isAllowed({ path, isForTests }: SourceFile, ban: Ban): boolean {
  return ban.allowedIn.some((prefix) => path.startsWith(prefix)) || (ban.allowedInTests === true && isForTests);
}

function uses(file: SourceFile, ban: Ban): readonly Finding[] {
  const { path, imports } = file;
  const modules = imports.filter(({ specifier }) => ban.module?.test(specifier)).map(({ line }) => line);
  const code = ban.code === undefined ? [] : linesOf(file.code, ban.code);
  const where = ban.allowedIn.length === 0 ? '' : ` outside ${ban.allowedIn.join(', ')}`;
  return [...new Set([...modules, ...code])].map((line) => ({
    path,
    line,
    message: `${ban.what}${where}: ${ban.instead}`,
  }));
}

function linesOf(text: string, pattern: RegExp): readonly number[] {
  const flags = pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`;
  return [...text.matchAll(new RegExp(pattern.source, flags))].map((match) =>
    lineAt(text, match.index + match[0].search(/\S/)),
  );
}

const processGlobals = /(?<![.\w$#'])(?:process|Buffer|globalThis|require|__dirname)\b(?!\s*[:?])|\bimport\.meta\b/;

/** A pure room uses nothing of the process around it. */
export function pureRooms(project: Project, rooms: readonly Room[]): readonly Finding[] {
  const pure = new Set(rooms.filter((room) => room.pure).map(({ name }) => name));
  return project.sources
    .filter(({ path, isForTests }) => pure.has(roomOf(path) ?? '') && !isForTests)
    .flatMap((file) =>
      linesOf(file.code, processGlobals).map((line) => ({
        path: file.path,
        line,
        message: `${roomOf(file.path)} is pure: it may not use what only Node has`,
      })),
    );
}

// Spelled so that this file does not find itself.
const unfinished = new RegExp(`\\b(?:${['TO', 'FIX', 'XX'].join('|')})(?:DO|ME|X)\\b`);

/** Work that is not done is not merged; a lint rule that does not fit is settled in .oxlintrc.json. */
export function unfinishedWork(project: Project): readonly Finding[] {
  return project.sources.flatMap((file) => [
    ...linesOf(file.text, unfinished).map((line) => ({ path: file.path, line, message: 'unfinished work' })),
    ...linesOf(file.text, /@ts-(?:ignore|nocheck)|(?:oxlint|eslint)-disable(?![^\n]*-- \S)/).map((line) => ({
      path: file.path,
      line,
      message: 'a check switched off without its reason (`-- why`)',
    })),
  ]);
}
