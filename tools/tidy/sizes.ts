/** How long files and functions may be. */
import { lineAt, type Finding, type Project, type SourceFile } from './project.ts';

export interface SizeLimits {
  readonly fileMax: number;
  readonly fileNoticed: number;
  readonly functionMax: number;
}

export function tooLong(project: Project, limits: SizeLimits): readonly Finding[] {
  return project.sources.flatMap((file) => {
    const lines = lineCount(file.text);
    const whole =
      lines > limits.fileMax
        ? [{ path: file.path, message: `${lines} lines; a file has ${limits.fileMax} at most` }]
        : [];
    return [...whole, ...longFunctions(file, limits.functionMax)];
  });
}

/** Files to look at before they grow too long; not a failure. */
export function longFiles(project: Project, limits: SizeLimits): readonly Finding[] {
  return project.sources
    .map(({ path, text }) => ({ path, lines: lineCount(text) }))
    .filter(({ lines }) => lines > limits.fileNoticed && lines <= limits.fileMax)
    .map(({ path, lines }) => ({ path, message: `${lines} lines` }));
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** What may stand before the brace of a function's body: an arrow, or parameters with or without a result type. */
const functionHead = /(?:=>|\)(?:\s*:\s*(?:[^;{}=]|=>|\{[^{}]*\})*)?)\s*$/;
const blockKeyword = /\b(?:if|for|while|switch|catch|with)\s*(?:await\s*)?$/;
/** Only as much of the text before a brace is looked at. */
const headCharactersMax = 600;

function longFunctions({ path, code }: SourceFile, linesMax: number): readonly Finding[] {
  const findings: Finding[] = [];
  const open: number[] = [];
  for (let index = 0; index < code.length; index++) {
    if (code[index] === '{') open.push(index);
    if (code[index] !== '}') continue;
    const start = open.pop() ?? 0;
    const lines = lineAt(code.slice(start, index), index) || 1;
    if (lines > linesMax && isFunctionBody(code, start) && !isSuite(code, start)) {
      findings.push({ path, line: lineAt(code, start), message: `a function of ${lines} lines; ${linesMax} at most` });
    }
  }
  return findings;
}

function isFunctionBody(code: string, brace: number): boolean {
  const before = code.slice(Math.max(0, brace - headCharactersMax), brace);
  const head = functionHead.exec(before);
  // What looks like a result type may be a whole function, and a class after it.
  if (head === null || /\b(?:class|interface|const|export)\b/.test(head[0])) return false;
  if (head[0].startsWith('=>')) return true;
  return !blockKeyword.test(before.slice(0, openingParenthesis(before, head.index)));
}

/** Where the parenthesis opens that closes at `close`. */
function openingParenthesis(text: string, close: number): number {
  let depth = 0;
  for (let index = close; index >= 0; index--) {
    if (text[index] === ')') depth++;
    if (text[index] === '(' && --depth === 0) return index;
  }
  return 0;
}

/** The callback of `describe`, or a function called `describeThis`, only groups tests. */
function isSuite(code: string, brace: number): boolean {
  const line = code.slice(code.lastIndexOf('\n', brace) + 1, brace);
  return /\bdescribe\w*\s*\(/.test(line);
}
