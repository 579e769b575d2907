/** What an expression mentions, read from its syntax tree. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { isJsonList } from '../base/json.ts';

/** The words of an expression. Names that a macro binds (`f` in `files.exists(f, …)`) are not among them. */
export interface Mentions {
  /** Variables, and names of types: `body`, `int`. */
  readonly identifiers: ReadonlySet<string>;
  /** Keys that are read: `labels` in `body.labels` and in `body["labels"]`. */
  readonly fields: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  /** Literal texts. */
  readonly texts: readonly string[];
  /** How many macros that loop stand in one another. */
  readonly loopDepth: number;
}

const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

interface Visit {
  readonly node: ASTNode;
  /** Names that macros around it bind. */
  readonly bound: readonly string[];
  /** How many of these macros loop. */
  readonly loopDepth: number;
}

/** Walks the tree without recursion: a long chain of `+` is a deep tree. */
export function mentionsOf(root: ASTNode): Mentions {
  const words: Words = { identifiers: new Set(), fields: new Set(), functions: new Set(), texts: [], loopDepth: 0 };
  const open: Visit[] = [{ node: root, bound: [], loopDepth: 0 }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    note(words, visit.node, visit.bound);
    words.loopDepth = Math.max(words.loopDepth, visit.loopDepth);
    open.push(...insideOf(visit));
  }
  return words;
}

/** Every node of the tree. */
export function nodesOf(root: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const open: ASTNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    found.push(node);
    open.push(...operandsOf(node));
  }
  return found;
}

interface Words extends Mentions {
  readonly identifiers: Set<string>;
  readonly fields: Set<string>;
  readonly functions: Set<string>;
  readonly texts: string[];
  loopDepth: number;
}

function note(words: Words, node: ASTNode, bound: readonly string[]): void {
  if (node.op === 'id' && !bound.includes(node.args)) words.identifiers.add(node.args);
  if (node.op === 'value' && typeof node.args === 'string') words.texts.push(node.args);
  if (node.op === '.') words.fields.add(node.args[1]);
  if (node.op === '[]' && node.args[1].op === 'value') words.fields.add(String(node.args[1].args));
  if (node.op === 'call' || node.op === 'rcall') words.functions.add(node.args[0]);
}

function insideOf(visit: Visit): readonly Visit[] {
  const { node, bound, loopDepth } = visit;
  const binding = bindingOf(node);
  if (binding === undefined) return operandsOf(node).map((inner) => ({ ...visit, node: inner }));
  const inside = { bound: [...bound, binding.variable], loopDepth: loopDepth + (binding.loops ? 1 : 0) };
  return [{ ...visit, node: binding.receiver }, ...binding.inside.map((inner) => ({ ...inside, node: inner }))];
}

interface Binding {
  readonly variable: string;
  readonly receiver: ASTNode;
  readonly inside: readonly ASTNode[];
  readonly loops: boolean;
}

/** A macro that gives a name to something, if `node` is one. */
function bindingOf(node: ASTNode): Binding | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, [variable, ...inside]] = node.args;
  const known = loops.has(name) || name === 'bind';
  if (!known || inside.length === 0 || variable?.op !== 'id') return undefined;
  return { variable: variable.args, receiver, inside, loops: loops.has(name) };
}

function operandsOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    default:
      return [node.args].flat(2).filter((inner): inner is ASTNode => typeof inner === 'object' && !isJsonList(inner));
  }
}
