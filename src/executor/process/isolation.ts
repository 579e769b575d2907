import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText } from '../../base/errors.ts';
import { bubblewrapArguments } from './bubblewrap.ts';
import type { LayoutStep } from './sandbox-layout.ts';
import { unshareCommand, type UnsharePrograms } from './unshare.ts';

/** How processes are kept apart on this machine. */
export type Isolation =
  | { readonly kind: 'bubblewrap'; readonly program: string }
  | { readonly kind: 'unshare'; readonly programs: UnsharePrograms }
  /** Plain host processes; `why` says what is missing. */
  | { readonly kind: 'none'; readonly why: string };

/** The two ways to make a sandbox. */
export type SandboxIsolation = Exclude<Isolation, { readonly kind: 'none' }>;

/** A probe that hangs is a no. */
const probeMsMax = 10_000;

/** Enough of a sandbox to know whether this machine lets us make one. */
const probeLayout: readonly LayoutStep[] = [
  ...['/usr', '/bin', '/lib', '/lib64']
    .filter((path) => statSync(path, { throwIfNoEntry: false }))
    .map((path): LayoutStep => ({ kind: 'bind', source: path, target: path, readOnly: true })),
  { kind: 'devices' },
  { kind: 'processes' },
];

/** Finds out, by trying, whether this machine lets us make namespaces. Takes some milliseconds. */
export async function probeIsolation(): Promise<Isolation> {
  const bubblewrap = await probeBubblewrap();
  if (bubblewrap.kind !== 'none') return bubblewrap;
  const unshare = await probeUnshare();
  return unshare.kind === 'none' ? { kind: 'none', why: `${bubblewrap.why}; ${unshare.why}` } : unshare;
}

async function probeBubblewrap(): Promise<Isolation> {
  const program = findProgram('bwrap');
  if (program === undefined) return { kind: 'none', why: 'bubblewrap (bwrap) is not installed' };
  const failure = await failureOf([program, ...bubblewrapArguments(probeLayout, probeOptions())]);
  if (failure === undefined) return { kind: 'bubblewrap', program };
  return { kind: 'none', why: `this system does not allow bubblewrap to make namespaces (${failure})` };
}

/** Whether `unshare` with a script can do what bubblewrap does: for machines that do not have bubblewrap. */
export async function probeUnshare(): Promise<Isolation> {
  const [unshare, setpriv, setsid] = ['unshare', 'setpriv', 'setsid'].map(findProgram);
  if (unshare === undefined || setpriv === undefined || setsid === undefined)
    return { kind: 'none', why: 'unshare, setpriv or setsid is not installed' };
  const programs = { unshare, setpriv, setsid };
  // Any directory will do: it is covered in the new mount namespace only.
  const failure = await failureOf(unshareCommand(programs, probeLayout, { ...probeOptions(), root: '/tmp' }));
  if (failure === undefined) return { kind: 'unshare', programs };
  return { kind: 'none', why: `this system does not allow unshare to make namespaces (${failure})` };
}

function probeOptions(): { readonly asRoot: boolean; readonly workingDirectory: string } {
  return { asRoot: process.getuid?.() === 0, workingDirectory: '/' };
}

function findProgram(name: string): string | undefined {
  const candidates = ['/usr/bin', '/bin', '/usr/local/bin'].map((folder) => join(folder, name));
  return candidates.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** What a sandbox that runs `true` says when it cannot be made; `undefined` when it can. */
async function failureOf(command: readonly string[]): Promise<string | undefined> {
  const [file = '', ...rest] = command;
  try {
    // The report on descriptor 3 goes where errors go: nobody reads it here.
    const words = ['-c', 'exec 3>&2; exec "$@"', 'sh', file, ...rest, 'true'];
    await promisify(execFile)('/bin/sh', words, { env: { PATH: '/usr/bin:/bin' }, timeout: probeMsMax });
    return undefined;
  } catch (error) {
    return (error as { readonly stderr?: string }).stderr?.trim() || errorText(error);
  }
}
