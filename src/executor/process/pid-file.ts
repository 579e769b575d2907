import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markerVariable, processesMarked, processStartTime, sendSignal } from './process-table.ts';

/** Notes the process that leads a container, so that a later agent can end it if this one dies. */
export function writePidFile(directory: string, pid: number): void {
  writeFileSync(pidFile(directory), `${pid} ${processStartTime(pid) ?? ''}`);
}

/**
 * Ends what an earlier agent left running for the container of `directory`: the noted process and its group, if it is
 * still the same process (pids are used again), and, with `marked`, every process that carries the container's mark.
 */
export function endLeftover(directory: string, options: { readonly marked: boolean }): void {
  if (!existsSync(pidFile(directory))) return;
  const [pid = '', startTime = ''] = readFileSync(pidFile(directory), 'utf8').split(' ');
  if (startTime !== '' && processStartTime(Number(pid)) === startTime) {
    sendSignal(-Number(pid), 'SIGKILL');
    sendSignal(Number(pid), 'SIGKILL');
  }
  if (options.marked) killMarked(directory);
}

/** Rounds of looking for marked processes: one that forks while we look shows up in the next round. */
const killRoundsMax = 10;

/** Kills every process that carries the mark of this container. */
export function killMarked(directory: string): void {
  for (let round = 0; round < killRoundsMax; round++) {
    const pids = processesMarked(directory);
    if (pids.length === 0) return;
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
  }
}

/** The variables that mark the processes of a container. */
export function markOf(directory: string): Readonly<Record<string, string>> {
  return { [markerVariable]: directory };
}

function pidFile(directory: string): string {
  return join(directory, 'pid');
}
