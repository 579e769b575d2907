import { readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../../base/clock.ts';
import { systemClock } from '../../base/system-clock.ts';

const pollMs = 10;
/** What has not ended after so long will not end, on whatever machine. */
const patienceMs = 90_000;

/** Processes of this machine that have `mark` among their arguments. */
export function processesWith(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map(Number);
}

/** Resolves when no process has `mark` among its arguments. */
export async function processesGone(mark: string): Promise<void> {
  const endMs = systemClock.monotonicMs() + patienceMs;
  while (processesWith(mark).length > 0) {
    const left = processesWith(mark).map((pid) => commandLine(String(pid)).replaceAll('\0', ' '));
    if (systemClock.monotonicMs() > endMs) throw new Error(`they have not ended: ${left.join(', ')}`);
    await sleep(systemClock, pollMs);
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It ended while we looked.
    return '';
  }
}
