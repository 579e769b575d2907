/** What runs on this machine, as a test sees it. Linux. */
import { readFileSync, readdirSync } from 'node:fs';
import { waitUntil } from './wait-until.ts';

/** Processes that have `mark` among their arguments. */
export function processesWith(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map(Number);
}

/** Resolves when no process has `mark` among its arguments. */
export function processesGone(mark: string): Promise<void> {
  const seen = (): unknown => processesWith(mark).map((pid) => commandLine(String(pid)).replaceAll('\0', ' '));
  return waitUntil(`no process has ${mark} among its arguments`, () => processesWith(mark).length === 0, { seen });
}

/** Resolves once `count` processes have `mark` among their arguments: what a shell starts is there a moment later. */
export function processesThere(mark: string, count = 1): Promise<void> {
  const seen = (): unknown => `${processesWith(mark).length} of them`;
  return waitUntil(`${count} processes have ${mark} among their arguments`, () => processesWith(mark).length >= count, {
    seen,
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It ended while we looked.
  }
}
