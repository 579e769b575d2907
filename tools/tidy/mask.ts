/**
 * Blanks comments and the insides of strings, so that rules can search code with patterns.
 *
 * TypeScript 7 has no parser for programs to use, and the rules need only to know what is code. Positions and line breaks
 * stay as they are; the quotes of a string stay too, so that a rule can read its text at the same place of the source.
 */

interface Cursor {
  readonly source: string;
  readonly out: string[];
  at: number;
  /** Open braces, parentheses and brackets; a template's expression is closed by its own brace. */
  readonly open: ('{' | '${')[];
}

/** Keywords after which a slash begins a regular expression. */
const beforeExpression = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|do|else|yield|await)$/;

export function maskNonCode(source: string): string {
  const cursor: Cursor = { source, out: [], at: 0, open: [] };
  while (cursor.at < source.length) step(cursor);
  return cursor.out.join('');
}

function step(cursor: Cursor): void {
  const { source, at, open } = cursor;
  const char = source[at] ?? '';
  if (source.startsWith('//', at) || (at === 0 && source.startsWith('#!')))
    return blankTo(cursor, endOr(source, '\n', at));
  if (source.startsWith('/*', at)) return blankTo(cursor, endOr(source, '*/', at + 2, 2));
  if (char === "'" || char === '"') return quoted(cursor, char);
  if (char === '`') return template(cursor);
  if (char === '/' && startsRegularExpression(cursor)) return regularExpression(cursor);
  if (char === '{') open.push('{');
  if (char === '}' && open.pop() === '${') return template(cursor);
  cursor.out.push(char);
  cursor.at++;
}

function endOr(source: string, end: string, from: number, include = 0): number {
  const found = source.indexOf(end, from);
  return found < 0 ? source.length : found + include;
}

function blankTo(cursor: Cursor, end: number): void {
  cursor.out.push(blank(cursor.source.slice(cursor.at, end)));
  cursor.at = end;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function quoted(cursor: Cursor, quote: string): void {
  let end = cursor.at + 1;
  while (end < cursor.source.length && cursor.source[end] !== quote && cursor.source[end] !== '\n') {
    end += cursor.source[end] === '\\' ? 2 : 1;
  }
  keepEnds(cursor, end + 1);
}

/** From a template's start, or from the brace that closes an expression in it, to its end or its next expression. */
function template(cursor: Cursor): void {
  const { source } = cursor;
  let end = cursor.at + 1;
  while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
    end += source[end] === '\\' ? 2 : 1;
  if (source.startsWith('${', end)) {
    cursor.open.push('${');
    end++;
  }
  keepEnds(cursor, end + 1);
}

function regularExpression(cursor: Cursor): void {
  const { source } = cursor;
  let inClass = false;
  let end = cursor.at + 1;
  for (; end < source.length && source[end] !== '\n' && (inClass || source[end] !== '/'); end++) {
    if (source[end] === '\\') end++;
    else if (source[end] === '[') inClass = true;
    else if (source[end] === ']') inClass = false;
  }
  keepEnds(cursor, end + 1);
}

/** A slash divides after a value, and begins a regular expression everywhere else. */
function startsRegularExpression({ out }: Cursor): boolean {
  const before = out.slice(-40).join('').trimEnd();
  const last = before.at(-1);
  return last === undefined || !/[\w$)\]}'"`]/.test(last) || beforeExpression.test(before);
}

function keepEnds(cursor: Cursor, end: number): void {
  const text = cursor.source.slice(cursor.at, end);
  cursor.out.push(text.slice(0, 1), blank(text.slice(1, -1)), text.length > 1 ? text.slice(-1) : '');
  cursor.at = Math.min(end, cursor.source.length);
}
