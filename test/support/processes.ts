/** What runs on this machine, as a test sees it. Linux. */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 20;

/** Processes that have `mark` among their arguments. */
export function processesWith(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map(Number);
}

/** Resolves when no process has `mark` among its arguments. */
export function processesGone(mark: string): Promise<void> {
  return until(() => processesWith(mark).length === 0);
}

/** Resolves once `condition` holds, looking again and again. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(pollMs);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It ended while we looked.
  }
}
