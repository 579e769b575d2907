/**
 * What a comment asks for. One grammar for every Git host:
 *
 * `/test [NAME] [branch:B|tag:T] [key=value …]`, `/retest …`, `/cancel …` and `/ok-to-test [SHA]`, each at the start of a
 * line. Up to three blanks may stand before it (four make a line of code in Markdown), except before `/ok-to-test`, which
 * grants something. A command reaches to the next one: `branch:` and `tag:` may follow on any of its lines.
 */
import type { Command } from '../types.ts';
import { argumentsOf, argumentsOfComment, readWords, type Word } from './arguments.ts';

/** Most commands in one comment. */
export const commandsMax = 20;
/** Most UTF-16 units of a comment that are looked at. */
export const commentLengthMax: number = 64 * 1024;

/** A command that cannot be carried out as written: whoever wrote it is told. */
export interface CommandProblem {
  /** The line it is on, as written. */
  readonly text: string;
  readonly message: string;
}

export interface ParsedComment {
  /** By priority: retest, test, ok-to-test, cancel; for all before by name; then as written. No two are the same. */
  readonly commands: readonly Command[];
  readonly problems: readonly CommandProblem[];
}

/** Only a line feed begins a line: JavaScript's own `^` would also take separators that nobody sees. */
const commandLine = /(?<=^|\n)(?: {0,3}\/(test|retest|cancel)|\/(ok-to-test))(?=\s|$)/g;

/** Reads the commands of a comment. Plain text has none. */
export function parseCommands(comment: string): ParsedComment {
  const text = comment.slice(0, commentLengthMax).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const found = [...text.matchAll(commandLine)];
  const read = found.slice(0, commandsMax).map((match, index) => {
    const block = text.slice(match.index, found[index + 1]?.index);
    return readCommand((match[1] ?? match[2]) as Command['kind'], block, match[0].length);
  });
  const problems = read.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (found.length > commandsMax) {
    problems.push({ text: firstLine(text), message: `only the first ${commandsMax} commands of a comment are read` });
  }
  if (found.length === 0) problems.push(...problemsOfPlainComment(text));
  const commands = read.flatMap(({ command }) => (command === undefined ? [] : [command]));
  return { commands: byPriority(withoutRepeats(commands)), problems };
}

/** A comment without a command may match an `on-comment`: then its arguments count, and are refused as a command's are. */
function problemsOfPlainComment(text: string): readonly CommandProblem[] {
  const { problem } = argumentsOfComment(text);
  return problem === undefined ? [] : [{ text: firstLine(text), message: problem }];
}

interface ReadCommand {
  readonly command?: Command;
  readonly problem?: CommandProblem;
}

function readCommand(kind: Command['kind'], block: string, start: number): ReadCommand {
  const refuse = (message: string): ReadCommand => ({ problem: { text: firstLine(block), message } });
  const { words, problem } = readWords(block, start);
  if (problem !== undefined) return refuse(problem);
  const given = argumentsOf(words);
  if (given.problem !== undefined) return refuse(given.problem);
  if (kind === 'ok-to-test') return approval(words, refuse);
  const name = words.find(({ pair, text }) => pair === undefined && !isPlace(text))?.text;
  const wrong = name === undefined ? undefined : wrongName(name);
  if (wrong !== undefined) return refuse(wrong);
  const place = placeIn(words, block);
  if (typeof place === 'string') return refuse(place);
  return { command: { kind, ...(name === undefined ? {} : { name }), ...place, args: given.args } };
}

function approval(words: readonly Word[], refuse: (message: string) => ReadCommand): ReadCommand {
  const sha = words[0]?.text.toLowerCase();
  if (sha === undefined) return { command: { kind: 'ok-to-test', args: {} } };
  if (words.length > 1 || !/^[0-9a-f]{7,40}$/.test(sha)) {
    return refuse('after /ok-to-test only a commit may follow: 7 to 40 hexadecimal digits');
  }
  return { command: { kind: 'ok-to-test', sha, args: {} } };
}

function wrongName(name: string): string | undefined {
  if (name.includes(':')) return `"${name}" names no pipeline: write branch:NAME or tag:NAME, or the pipeline's name`;
  return name.length > 253 ? 'the name of a pipeline has at most 253 characters' : undefined;
}

function isPlace(word: string): boolean {
  return word.startsWith('branch:') || word.startsWith('tag:');
}

/** Where the command is to run, by its own line or else by the lines below; text = what is wrong with it. */
function placeIn(words: readonly Word[], block: string): Pick<Command, 'branch' | 'tag'> | string {
  const named = words.map(({ text }) => text).filter(isPlace);
  if (named.some((place) => place !== named[0])) return `${named.slice(0, 3).join(' and ')}: one place at a time`;
  const place = named[0] ?? block.match(/(?<=\s)(?:branch|tag):\S*/)?.[0];
  if (place === undefined) return {};
  const kind = place.startsWith('branch:') ? 'branch' : 'tag';
  const value = place.slice(kind.length + 1);
  if (value === '') return `${place} names nothing: write ${place}NAME without a blank`;
  return { [kind]: value.replace(kind === 'branch' ? /^refs\/heads\// : /^refs\/tags\//, '') };
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').trim().slice(0, 200);
}

function withoutRepeats(commands: readonly Command[]): readonly Command[] {
  const seen = new Set<string>();
  return commands.filter((command) => {
    const key = JSON.stringify(command);
    return !seen.has(key) && seen.add(key);
  });
}

const priorities: readonly Command['kind'][] = ['retest', 'test', 'ok-to-test', 'cancel'];

function byPriority(commands: readonly Command[]): readonly Command[] {
  const rank = ({ kind, name }: Command): number => priorities.indexOf(kind) * 2 + (name === undefined ? 0 : 1);
  return [...commands].sort((a, b) => rank(a) - rank(b));
}

/** The published event type of a command: `test-comment` names one definition, `test-all-comment` none. */
export function eventTypeOf(command: Command): string {
  if (command.kind === 'ok-to-test') return 'ok-to-test-comment';
  return command.name === undefined ? `${command.kind}-all-comment` : `${command.kind}-comment`;
}

/** The published event type of a comment without a command that no `on-comment` matches. */
export const plainCommentEventType = 'no-ops-comment';
