/** The words after a command: names, `key=value` pairs with or without quotes, `branch:x`. */
import type { GitEvent } from '../../forge/git-event.ts';
import type { Command } from '../types.ts';
import { isProtectedVariable } from './protected-variables.ts';

/** Most pairs of one command. */
export const argumentsMax = 64;

/** A word after a command. */
export interface Word {
  /** As written, quotes and all. */
  readonly text: string;
  /** Of `key=value`. */
  readonly pair?: { readonly key: string; readonly value: string };
}

export interface Words {
  readonly words: readonly Word[];
  /** What is wrong with how they are written. */
  readonly problem?: string;
}

const pairStart = /^([A-Za-z_][\w.-]*)=/;

/**
 * Reads the words of one line of `text` from `start` on. A value in double quotes may hold blanks, `\"` and line ends, and
 * the line goes on after it.
 */
export function readWords(text: string, start: number): Words {
  const words: Word[] = [];
  let at = start;
  while (at < text.length && text[at] !== '\n') {
    if (isBlank(text[at])) {
      at += 1;
      continue;
    }
    const key = pairStart.exec(text.slice(at, at + 260))?.[1];
    const quoted = key !== undefined && text[at + key.length + 1] === '"';
    const end = quoted ? endOfQuotes(text, at + key.length + 2) : endOfWord(text, at);
    if (end === undefined) return { words, problem: `the value of ${key} has no closing quote` };
    words.push(wordOf(text.slice(at, end), key, quoted));
    at = end;
  }
  return { words };
}

function wordOf(text: string, key: string | undefined, quoted: boolean): Word {
  if (key === undefined) return { text };
  const written = text.slice(key.length + 1);
  return { text, pair: { key, value: quoted ? written.slice(1, -1).replace(/\\(["\\])/g, '$1') : written } };
}

function isBlank(character: string | undefined): boolean {
  return character !== undefined && character !== '\n' && /\s/.test(character);
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== '\n' && !isBlank(text[at])) at += 1;
  return at;
}

/** Index after the closing quote; undefined = there is none. */
function endOfQuotes(text: string, start: number): number | undefined {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

export interface Arguments {
  readonly args: Readonly<Record<string, string>>;
  readonly problem?: string;
}

/** The pairs among words; the last one of a name wins. Refuses variables that a comment must not change. */
export function argumentsOf(words: readonly Word[]): Arguments {
  const pairs = words.flatMap(({ pair }) => (pair === undefined ? [] : [pair]));
  const refused = pairs.find(({ key }) => isProtectedVariable(key));
  if (refused !== undefined) {
    return { args: {}, problem: `a comment cannot change "${refused.key}": it says what the event is about` };
  }
  if (pairs.length > argumentsMax) {
    return { args: {}, problem: `${pairs.length} arguments; at most ${argumentsMax} are allowed` };
  }
  return { args: Object.fromEntries(pairs.map(({ key, value }) => [key, value])) };
}

/**
 * The arguments of a comment that is no command of ours: those of its first line, if it begins with `/` (`/deploy
 * env=prod`, matched by `on-comment`).
 */
export function argumentsOfComment(comment: string): Arguments {
  const text = comment.replaceAll('\r\n', '\n').trimStart();
  if (!text.startsWith('/')) return { args: {} };
  const { words, problem } = readWords(text, 0);
  return problem === undefined ? argumentsOf(words) : { args: {}, problem };
}

/**
 * The arguments that a comment gives: those of its commands, or of the comment itself where it has none and an `on-comment`
 * may have matched it.
 */
export function commentArgsOf(
  { comment }: Pick<GitEvent, 'comment'>,
  commands: readonly Command[],
): Readonly<Record<string, string>> {
  if (commands.length === 0) return comment === undefined ? {} : argumentsOfComment(comment.body).args;
  return Object.assign({}, ...commands.map(({ args }) => args)) as Record<string, string>;
}
