import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText } from '../../base/errors.ts';

/** How processes are kept apart on this machine. */
export type Isolation =
  | { readonly kind: 'bubblewrap'; readonly program: string }
  /** Plain host processes; `why` says what is missing. */
  | { readonly kind: 'none'; readonly why: string };

const programCandidates = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'];

/** Finds out, by trying, whether this machine lets us make namespaces. Takes some milliseconds. */
export async function probeIsolation(): Promise<Isolation> {
  const program = programCandidates.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (program === undefined) return { kind: 'none', why: 'bubblewrap (bwrap) is not installed' };
  const arguments_ = [
    '--unshare-user-try',
    '--unshare-pid',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--',
    'true',
  ];
  try {
    await promisify(execFile)(program, arguments_, { env: { PATH: '/usr/bin:/bin' }, timeout: probeMsMax });
    return { kind: 'bubblewrap', program };
  } catch (error) {
    const said = (error as { readonly stderr?: string }).stderr?.trim() || errorText(error);
    return { kind: 'none', why: `this system does not allow bubblewrap to make namespaces (${said})` };
  }
}

/** A probe that hangs is a no. */
const probeMsMax = 10_000;
