import { readFileSync } from 'node:fs';
import type { ContainerExit, ContainerPlan, RunningContainer } from '../runtime/container-runtime.ts';

/** The exit code of a program that SIGKILL has ended; a shell passes on that of what it ran. */
const killedCode = 137;

/** Reads how many processes the kernel's OOM killer has ended since the machine began; undefined where it does not say. */
export type MemoryKills = () => number | undefined;

/** The same, from Linux: the line `oom_kill N` of /proc/vmstat counts those of control groups too. */
export function memoryKillsOfMachine(): number | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/vmstat', 'latin1');
  } catch {
    // Not Linux, or hidden: then nobody says.
    return undefined;
  }
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

/**
 * `container` with a line at the end of its log when it ended as after a SIGKILL that nobody here has sent: what is known
 * about the cause. No memory of its own is measured here, so an end is never called `OOMKilled`.
 */
export function noteKills(
  container: RunningContainer,
  { output }: Pick<ContainerPlan, 'output'>,
  countKills: MemoryKills,
): RunningContainer {
  const before = countKills();
  let isOurs = false;
  const noted = async (): Promise<ContainerExit> => {
    const exit = await container.exited;
    if (exit.exitCode === killedCode && !isOurs) {
      output.write('stderr', new TextEncoder().encode(`${killNote(before, countKills())}\n`));
    }
    return exit;
  };
  return {
    id: container.id,
    exited: noted(),
    signal: (signal) => {
      isOurs ||= signal === 'SIGKILL';
      container.signal(signal);
    },
    execute: (...given) => container.execute(...given),
  };
}

/** What the kernel's count before and after says. */
function killNote(before: number | undefined, after: number | undefined): string {
  const what = `penstock: ended with ${killedCode}, the code of SIGKILL: not sent by Penstock`;
  if (before === undefined || after === undefined) return `${what}; the kernel's OOM killer is a likely cause`;
  const count = after - before;
  if (count <= 0) return `${what}, nor did the kernel's OOM killer end a process meanwhile`;
  const processes = count === 1 ? 'a process' : `${count} processes`;
  return `${what}; the kernel's OOM killer ended ${processes} of this machine meanwhile and is a likely cause`;
}
