/**
 * Matching in time proportional to the text: all states of the pattern advance together, one character at a time, so
 * no pattern can make the server think for long (Thompson's construction).
 */
import { parsePattern, PatternError } from './syntax.ts';
import type { PatternNode, Range } from './syntax.ts';

/** Longest text that is matched against a pattern, in characters. */
export const patternTextCharactersMax = 16_384;

/** Most states a pattern may have after counts are written out. Time is at most states × characters. */
export const patternStatesMax = 4096;

/** Compiled patterns that are kept. */
const cachedPatternsMax = 512;

type Instruction =
  | { readonly op: 'class'; readonly ranges: readonly Range[]; readonly negated: boolean }
  | { readonly op: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly op: 'split'; readonly targets: number[] }
  | { readonly op: 'match' };

type Program = readonly Instruction[];

const programs = new Map<string, Program>();

/** Whether some part of `text` matches `pattern`. Throws {@link PatternError} for a pattern that is not valid. */
export function matchesPattern(pattern: string, text: string): 'yes' | 'no' | 'too long' {
  if (text.length > patternTextCharactersMax) return 'too long';
  return run(programOf(pattern), text) ? 'yes' : 'no';
}

/** What is wrong with `pattern`; undefined when it can be used. */
export function patternProblem(pattern: string): string | undefined {
  try {
    programOf(pattern);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof PatternError) return thrown.message;
    throw thrown;
  }
}

function programOf(pattern: string): Program {
  let program = programs.get(pattern);
  if (!program) {
    program = compile(parsePattern(pattern));
    if (programs.size >= cachedPatternsMax) programs.clear();
    programs.set(pattern, program);
  }
  return program;
}

function compile(node: PatternNode): Program {
  const program: Instruction[] = [];
  emit(node, program);
  program.push({ op: 'match' });
  return program;
}

function emit(node: PatternNode, program: Instruction[]): void {
  if (program.length > patternStatesMax) throw new PatternError(`needs more than ${patternStatesMax} states`);
  switch (node.kind) {
    case 'class':
      program.push({ op: 'class', ranges: node.ranges, negated: node.negated });
      return;
    case 'assert':
      program.push({ op: 'assert', what: node.what });
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(node.options, program);
      return;
    case 'repeat':
      emitRepeat(node.part, node.min, node.max, program);
  }
}

function emitChoice(options: readonly PatternNode[], program: Instruction[]): void {
  const split: number[] = [];
  const exits: number[][] = [];
  program.push({ op: 'split', targets: split });
  for (const option of options) {
    split.push(program.length);
    emit(option, program);
    const exit: number[] = [];
    exits.push(exit);
    program.push({ op: 'split', targets: exit });
  }
  for (const exit of exits) exit.push(program.length);
}

function emitRepeat(part: PatternNode, min: number, max: number, program: Instruction[]): void {
  for (let count = 0; count < min; count += 1) emit(part, program);
  if (max === Infinity) {
    const loop: number[] = [];
    const start = program.length;
    program.push({ op: 'split', targets: loop });
    loop.push(program.length);
    emit(part, program);
    program.push({ op: 'split', targets: [start] });
    loop.push(program.length);
    return;
  }
  const skips: number[][] = [];
  for (let count = min; count < max; count += 1) {
    const skip: number[] = [program.length + 1];
    skips.push(skip);
    program.push({ op: 'split', targets: skip });
    emit(part, program);
  }
  for (const skip of skips) skip.push(program.length);
}

/** The states reachable at one place of the text, each once. */
class StateSet {
  readonly states: number[] = [];
  readonly #mark: Int32Array;
  #generation = 0;

  constructor(size: number) {
    this.#mark = new Int32Array(size);
  }

  clear(): void {
    this.states.length = 0;
    this.#generation += 1;
  }

  /** Whether `state` was not there yet. */
  add(state: number): boolean {
    if (this.#mark[state] === this.#generation) return false;
    this.#mark[state] = this.#generation;
    return true;
  }
}

function run(program: Program, text: string): boolean {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  let current = new StateSet(program.length);
  let next = new StateSet(program.length);
  current.clear();
  for (let at = 0; ; at += 1) {
    // The match may begin anywhere, so the first state joins at each place.
    if (follow(program, 0, points, at, current)) return true;
    const point = points[at];
    if (point === undefined) return false;
    next.clear();
    for (const state of current.states) {
      const instruction = program[state];
      if (instruction?.op !== 'class' || !contains(instruction.ranges, instruction.negated, point)) continue;
      if (follow(program, state + 1, points, at + 1, next)) return true;
    }
    [current, next] = [next, current];
  }
}

/** Adds what can be reached from `start` without reading a character; true when the match is among it. */
function follow(program: Program, start: number, points: readonly number[], at: number, set: StateSet): boolean {
  const pending = [start];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    if (!set.add(state)) continue;
    const instruction = program[state];
    if (instruction === undefined) continue;
    if (instruction.op === 'match') return true;
    if (instruction.op === 'split') pending.push(...instruction.targets);
    else if (instruction.op === 'class') set.states.push(state);
    else if (holds(instruction.what, points, at)) pending.push(state + 1);
  }
  return false;
}

function holds(what: 'start' | 'end' | 'boundary' | 'inside', points: readonly number[], at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === points.length;
  const boundary = isWord(points[at - 1]) !== isWord(points[at]);
  return (what === 'boundary') === boundary;
}

function isWord(point: number | undefined): boolean {
  if (point === undefined) return false;
  return (point >= 48 && point <= 57) || (point >= 65 && point <= 90) || point === 95 || (point >= 97 && point <= 122);
}

function contains(ranges: readonly Range[], negated: boolean, point: number): boolean {
  return ranges.some(([low, high]) => point >= low && point <= high) !== negated;
}
