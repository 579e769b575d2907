/** What `/proc` says of processes. Linux. */
import { readFileSync, readdirSync } from 'node:fs';

/** The variable by which processes of a container are recognised when there is no process namespace. */
export const markerVariable = 'PENSTOCK_CONTAINER_DIRECTORY';

/** When a process started, in clock ticks since boot: with the pid it names a process for ever. */
export function processStartTime(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Processes whose parent is `pid`; `undefined` when the kernel does not say. */
export function childrenOf(pid: number): readonly number[] | undefined {
  const text = readOrUndefined(`/proc/${pid}/task/${pid}/children`);
  return text?.split(' ').filter(Boolean).map(Number);
}

/** Processes whose environment carries `PENSTOCK_CONTAINER_DIRECTORY=<directory>`. */
export function processesMarked(directory: string): readonly number[] {
  const marker = `\0${markerVariable}=${directory}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => `\0${readOrUndefined(`/proc/${pid}/environ`) ?? ''}\0`.includes(marker))
    .map(Number);
}

/** Sends a signal; false when there is no such process (or group, for a negative id) of ours any more. */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** A process may end between being listed and being read, and others' environments are not ours to read. */
function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
