import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process and all its descendants at one moment, in bytes. */
export interface TreeMemory {
  /** The largest resident set that one of them has had so far. */
  readonly largestBytes: number;
  /** The resident sets of all of them together; pages that several share count for each. */
  readonly sumBytes: number;
}

/** Reads /proc (Linux). Processes that end while we look are left out. */
export function treeMemory(root: number): TreeMemory {
  const tree = descendantsOf(root);
  const statuses = tree.map((pid) => read(`/proc/${pid}/status`));
  return {
    largestBytes: Math.max(0, ...statuses.map((status) => bytesOf(status, 'VmHWM'))),
    sumBytes: statuses.reduce((sum, status) => sum + bytesOf(status, 'VmRSS'), 0),
  };
}

/** Processor time of all children that have ended, and of theirs, in milliseconds; Linux counts it in hundredths of a second. */
export function endedChildrenCpuMs(): number {
  const stat = read('/proc/self/stat');
  // After the name in brackets: state, parent, …; the 14th and 15th of these are user and system time of ended children.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function descendantsOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? read(`/proc/${entry}/stat`) : '';
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (stat !== '') children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function bytesOf(status: string, member: string): number {
  return Number(new RegExp(`^${member}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
