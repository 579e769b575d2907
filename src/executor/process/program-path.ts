/** Finds the program of a command as it will be found inside a sandbox, before the sandbox is made. */
import { accessSync, closeSync, constants, lstatSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { LayoutStep } from './sandbox-layout.ts';

/** Why a command cannot run; `undefined` = it can, as far as one sees from outside. */
export interface ProgramProblem {
  /** 127 = not found, 126 = found but cannot be run. */
  readonly exitCode: 126 | 127;
  readonly message: string;
}

const linksMax = 40;
/** The kernel reads no more than this of a script's first line. */
const shebangBytesMax = 256;

/** Where a program is looked for. */
export interface ProgramSearch {
  /** Folders, joined by `:`. */
  readonly searchPath: string;
  readonly workingDirectory: string;
  /** Folders of the host's own PATH that the sandbox does not have: for the message. */
  readonly hidden?: readonly string[];
}

/** Checks that `program` (a path, or a name looked up in `searchPath`) is there and can be run, and so its interpreter. */
export function programProblem(
  program: string,
  layout: readonly LayoutStep[],
  options: ProgramSearch,
): ProgramProblem | undefined {
  const found = findProgram(program, layout, options);
  if (found === undefined) return { exitCode: 127, message: notFound(program, options) };
  if (statSync(found).isDirectory()) return { exitCode: 126, message: `"${program}" is a directory` };
  if (!isExecutable(found)) return { exitCode: 126, message: `"${program}" is not executable` };
  const interpreter = interpreterOf(found);
  if (interpreter === undefined || hostFile(interpreter, layout) !== undefined) return undefined;
  return { exitCode: 127, message: `"${program}" is a script for ${interpreter}, which is not on this machine` };
}

function notFound(program: string, { searchPath, hidden = [] }: ProgramSearch): string {
  if (program.includes('/')) return `"${program}" is not there: no such file`;
  const elsewhere = hidden.map((folder) => posix.join(folder, program)).find(isExecutable);
  if (elsewhere === undefined) return `"${program}" is not on this machine (looked in ${searchPath})`;
  return `"${program}" is at ${elsewhere}, in a folder that steps do not see (they see ${searchPath})`;
}

function findProgram(
  program: string,
  layout: readonly LayoutStep[],
  { searchPath, workingDirectory }: ProgramSearch,
): string | undefined {
  if (program.includes('/')) return hostFile(posix.resolve(workingDirectory, program), layout);
  const candidates = searchPath
    .split(':')
    .map((folder) => hostFile(posix.resolve(workingDirectory, folder, program), layout));
  return (
    candidates.find((file) => file !== undefined && isExecutable(file)) ?? candidates.find((file) => file !== undefined)
  );
}

/** The host file at `path` of the sandbox, following links as they lead inside the sandbox. */
function hostFile(path: string, layout: readonly LayoutStep[]): string | undefined {
  let resolved = '/';
  let waiting = segments(path);
  for (let links = 0; waiting.length > 0;) {
    const [segment = '', ...rest] = waiting;
    waiting = rest;
    const next = posix.join(resolved, segment);
    const target = linkAt(next, layout);
    if (target === undefined) {
      resolved = next;
      continue;
    }
    links++;
    if (links > linksMax) return undefined;
    if (target.startsWith('/')) resolved = '/';
    waiting = [...segments(target), ...waiting];
  }
  const file = onHost(resolved, layout);
  return file !== undefined && statSync(file, { throwIfNoEntry: false }) ? file : undefined;
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function linkAt(path: string, layout: readonly LayoutStep[]): string | undefined {
  const link = layout.find((step) => step.kind === 'link' && step.path === path);
  if (link?.kind === 'link') return link.target;
  const file = onHost(path, layout);
  if (file === undefined || !lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  return readlinkSync(file);
}

/** Where `path` (without links) lies on the host: in the last of the innermost binds above it. */
function onHost(path: string, layout: readonly LayoutStep[]): string | undefined {
  let best: { readonly source: string; readonly target: string } | undefined;
  for (const step of layout) {
    if (step.kind !== 'bind') continue;
    const covers = path === step.target || path.startsWith(`${step.target}/`);
    if (covers && step.target.length >= (best?.target.length ?? 0)) best = step;
  }
  return best === undefined ? undefined : best.source + path.slice(best.target.length);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program named in the first line of a script. */
function interpreterOf(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    // Executable but not readable: no script, then.
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(shebangBytesMax);
    const read = readSync(descriptor, buffer, 0, shebangBytesMax, 0);
    const line = buffer.toString('latin1', 0, read).split('\n', 1)[0] ?? '';
    return /^#!\s*(\/\S+)/.exec(line)?.[1];
  } finally {
    closeSync(descriptor);
  }
}
