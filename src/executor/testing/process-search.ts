import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Processes of this machine that have `mark` among their arguments. */
export function processesWith(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map(Number);
}

/** Resolves when no process has `mark` among its arguments. */
export async function processesGone(mark: string): Promise<void> {
  while (processesWith(mark).length > 0) await nextTurn();
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It ended while we looked.
    return '';
  }
}
