/** What the end of a log says: its last lines, and findings at lines of files. */
import { compileLinearRegex, type LinearRegex } from '../../cel/linear-regex.ts';
import type { Annotation } from '../../forge/forge.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { cutToBytes, withoutControls } from './markdown.ts';

/** Most findings of one status: what GitHub takes in one request. */
export const annotationsMax = 50;
/** Longest line in which a finding is looked for, in characters. */
const lineCharactersMax = 4_000;
/** Most bytes of the message of a finding. */
const messageBytesMax = 4_000;
/** Longest path of a file. */
const pathCharactersMax = 1_024;

/** Lines of a log, without what only moves a cursor; the empty end of the last one is none. */
export function linesOf(log: string): readonly string[] {
  const lines = withoutControls(log).split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/** The last lines that are shown. */
export function lastLines(log: string, count: number): string {
  return count <= 0 ? '' : linesOf(log).slice(-count).join('\n');
}

/** Findings in the last lines of a log, by the pattern of the settings. A pattern that cannot be used finds nothing. */
export function findingsIn(log: string, settings: Settings): readonly Annotation[] {
  const pattern = settings.logAnnotations ? compiled(settings.logAnnotationPattern) : undefined;
  if (pattern === undefined) return [];
  const lines = linesOf(log);
  return lines
    .slice(Math.max(0, lines.length - settings.logAnnotationLines))
    .flatMap((line) => findingIn(line, pattern))
    .slice(0, annotationsMax);
}

function findingIn(line: string, pattern: LinearRegex): readonly Annotation[] {
  if (line.length > lineCharactersMax) return [];
  const { filename = '', line: number = '', error = '' } = pattern.groups(line) ?? {};
  const path = filename.trim().replace(/^(?:\.\/)+/, '');
  // The published pattern leaves the colon after a column in front of the message.
  const message = cutToBytes(error.replace(/^[:\s]+/, '').trim(), messageBytesMax);
  const lineNumber = Number(number);
  const isFile = path !== '' && path.length <= pathCharactersMax && !path.startsWith('/');
  if (!isFile || message === '' || !Number.isSafeInteger(lineNumber) || lineNumber < 1) return [];
  return [{ path, line: lineNumber, message, level: 'failure' }];
}

function compiled(pattern: string): LinearRegex | undefined {
  try {
    return compileLinearRegex(pattern);
  } catch {
    // The settings complain about it where they are read; a status is shown all the same.
    return undefined;
  }
}
