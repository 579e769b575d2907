/**
 * The folder that a `penstock run` works in, and those that an earlier one could not remove because it was killed.
 *
 * Its name says whose it is: process, when that started, and the machine (since it booted) and process namespace in which
 * those numbers mean something. So a folder is known to be nobody's without a look inside, and nothing has to be
 * written for it.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, opendirSync, readFileSync, readlinkSync } from 'node:fs';
import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError, errorText } from '../base/errors.ts';
import { endLeftover } from '../executor/process/pid-file.ts';
import { processStartTime } from '../executor/process/process-table.ts';

/** What tells one process from every other, where the kernel says it. */
export interface ProcessFacts {
  /** Names this boot of this machine and our process namespace: in another, the same pid is somebody else. */
  readonly place: string;
  readonly pid: number;
  /** The user whose folders may be removed. */
  readonly user: number;
  /** When a process started; `undefined` when there is none. */
  readonly startTimeOf: (pid: number) => string | undefined;
}

/** Most names that one sweep looks at, and most files and folders that it removes: what is left is for the next one. */
export const sweepLimits: SweepLimits = { names: 4096, removals: 20_000 };

/** See {@link sweepLimits}. */
export interface SweepLimits {
  readonly names: number;
  readonly removals: number;
}

const prefix = 'penstock-run-';
/** `penstock-run-PLACE-PID-START-RANDOM`. */
const ownedName = /^penstock-run-([0-9a-f]{12})-(\d+)-(\d+)-[^/]+$/;

/** This process; `undefined` where the system does not tell (there, what is left behind stays). Linux. */
export function ownProcessFacts(): ProcessFacts | undefined {
  const user = process.getuid?.();
  const place = placeText();
  if (user === undefined || place === undefined) return undefined;
  const hashed = createHash('sha256').update(place).digest('hex').slice(0, 12);
  return { place: hashed, pid: process.pid, user, startTimeOf: processStartTime };
}

function placeText(): string | undefined {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined; // no /proc
  }
}

/** Makes a folder of this process in the folder for temporary files; throws `UserError` (`TEMPORARY_FOLDER`). */
export function makeRunFolder(facts: ProcessFacts | undefined): string {
  const startTime = facts?.startTimeOf(facts.pid);
  const owner = facts === undefined || startTime === undefined ? '' : `${facts.place}-${facts.pid}-${startTime}-`;
  // TMPDIR may be relative, and steps work elsewhere.
  const parent = resolve(tmpdir());
  try {
    return mkdtempSync(join(parent, `${prefix}${owner}`));
  } catch (thrown) {
    throw new UserError(`no folder can be made in ${parent}: ${errorText(thrown)}`, {
      code: 'TEMPORARY_FOLDER',
      remedy: 'set TMPDIR to a folder that can be written to',
      cause: thrown,
    });
  }
}

/**
 * Removes folders of runs that were killed, and ends what their steps left running. A folder is removed only when it is
 * this user's and the process that it names is certainly gone. Never rejects: what cannot be removed stays.
 */
export async function sweepRunFolders(
  facts: ProcessFacts | undefined,
  {
    parent = resolve(tmpdir()),
    limits = sweepLimits,
  }: { readonly parent?: string; readonly limits?: SweepLimits } = {},
): Promise<void> {
  if (facts === undefined) return;
  const budget = { left: limits.removals };
  for (const name of abandonedIn(parent, facts, limits.names)) {
    try {
      await removeAbandoned(join(parent, name), facts, budget);
    } catch {
      // Another run sweeps at the same time, or a step left what only the administrator can remove: neither is a fault of
      // the run that ends here.
    }
  }
}

async function removeAbandoned(folder: string, { user }: ProcessFacts, budget: { left: number }): Promise<void> {
  const entry = await lstat(folder);
  if (!entry.isDirectory() || entry.uid !== user) return;
  await endSteps(join(folder, 'pods'));
  await removeWithin(folder, budget);
}

/** Read without waiting: it takes half a millisecond for hundreds of names, ten times less than with a promise for each. */
function abandonedIn(parent: string, facts: ProcessFacts, namesMax: number): readonly string[] {
  const found: string[] = [];
  try {
    using folder = opendirSync(parent, { bufferSize: 256 });
    for (let seen = 0; seen < namesMax; seen += 1) {
      const entry = folder.readSync();
      if (entry === null) break;
      if (isAbandoned(entry.name, facts)) found.push(entry.name);
    }
  } catch {
    return []; // a folder that may be written to but not read
  }
  return found;
}

/** Whether `name` is that of the folder of a run whose process is certainly gone. */
export function isAbandoned(name: string, { place, startTimeOf }: ProcessFacts): boolean {
  const [, itsPlace, pid, startTime] = ownedName.exec(name) ?? [];
  return itsPlace === place && startTimeOf(Number(pid)) !== startTime;
}

/** Where steps are kept in a sandbox they died with the run; where there is none they may run on. */
async function endSteps(pods: string): Promise<void> {
  for (const pod of await foldersIn(pods)) {
    const containers = join(pods, pod, 'containers');
    for (const container of await foldersIn(containers)) endLeftover(join(containers, container), { marked: true });
  }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for await (const entry of await opendir(path)) if (entry.isDirectory()) found.push(entry.name);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  return found;
}

/** Removes `folder` and all in it, or as much as the budget allows; false when something is left. */
async function removeWithin(folder: string, budget: { left: number }): Promise<boolean> {
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    if (budget.left <= 0) return false;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!(await removeWithin(path, budget))) return false;
    } else {
      budget.left -= 1;
      await unlink(path);
    }
  }
  if (budget.left <= 0) return false;
  budget.left -= 1;
  await rmdir(folder);
  return true;
}
