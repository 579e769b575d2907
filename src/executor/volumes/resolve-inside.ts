import { lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { PodConfigError } from '../node-agent/config-error.ts';
import { relativePathProblem } from './relative-path.ts';

/** More links than this in one path are taken for a loop, as the kernel does (ELOOP). */
const linksMax = 40;

/**
 * The host path of `relative` below `root`, with every symbolic link resolved as if `root` were the root directory of
 * the file system, so a link cannot lead out. What does not exist is made as directories. Throws {@link PodConfigError}
 * for `..` in `relative`, loops, and a file where a directory is needed.
 */
export function resolveInside(root: string, relative: string): string {
  const problem = relativePathProblem(relative);
  if (problem !== undefined) throw new PodConfigError(`subPath "${relative}" ${problem}`);
  let waiting = segments(relative);
  const resolved: string[] = [];
  for (let links = 0; waiting.length > 0;) {
    const [segment = '', ...rest] = waiting;
    waiting = rest;
    if (segment === '..') {
      resolved.pop();
      continue;
    }
    const path = join(root, ...resolved, segment);
    const stats = statsOrMake(path);
    if (stats?.isSymbolicLink()) {
      links++;
      if (links > linksMax) throw new PodConfigError(`subPath "${relative}" leads through too many symbolic links`);
      const target = readlinkSync(path);
      if (target.startsWith('/')) resolved.length = 0;
      waiting = [...segments(target), ...waiting];
      continue;
    }
    if (waiting.length > 0 && stats !== undefined && !stats.isDirectory()) {
      throw new PodConfigError(`subPath "${relative}": "${segment}" is not a directory`);
    }
    resolved.push(segment);
  }
  return join(root, ...resolved);
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

/** What is at `path`; when there is nothing, a directory is made. */
function statsOrMake(path: string): Stats | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) mkdirSync(path, { mode: 0o755 });
  return stats;
}
