import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForgeError } from '../forge.ts';
import type { Project } from '../git-event.ts';
import type { GitRepository } from './repository.ts';
import { Turns } from './turns.ts';

/** Opens a repository of this machine by its `file:` URL. Throws a {@link ForgeError} when there is none. */
export async function openDiskRepository(
  project: Project,
  roots: readonly string[] | undefined,
): Promise<GitRepository> {
  const gitDirectory = await findGitDirectory(project);
  if (gitDirectory === undefined) {
    throw new ForgeError('refused', `${project.url}: there is no Git repository on this machine`);
  }
  await expectBelow(roots, gitDirectory, project.url);
  const turns = new Turns(1);
  return {
    address: project.cloneUrl ?? project.url,
    ready: () => Promise.resolve(gitDirectory),
    // Notes are written where they are read: there is nobody else to tell.
    publish: () => Promise.resolve(true),
    exclusively: (work) => turns.take(work),
  };
}

/**
 * The git directory that a `file:` URL means; undefined = there is none. By the rules by which git itself takes a path, but
 * for one: addresses have lost their `.git`, and where `app.git` stands beside a clone `app`, it is the one that is pushed to.
 */
export async function findGitDirectory(project: Pick<Project, 'url' | 'cloneUrl'>): Promise<string | undefined> {
  for (const url of new Set([project.cloneUrl ?? project.url, project.url])) {
    const path = pathOf(url);
    for (const candidate of [`${path}.git`, join(path, '.git'), path]) {
      if (await isGitDirectory(candidate)) return candidate;
    }
  }
  return undefined;
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new ForgeError('refused', `${url} names no path of this machine: write file:///path/to/repository.git`, {
      cause,
    });
  }
}

/** Whether git could work with this path: it has a HEAD and objects. */
export async function isGitDirectory(path: string): Promise<boolean> {
  try {
    const [head, objects] = await Promise.all([stat(join(path, 'HEAD')), stat(join(path, 'objects'))]);
    return head.isFile() && objects.isDirectory();
  } catch {
    return false; // Missing, or not ours to see: either way there is no repository for us.
  }
}

async function expectBelow(roots: readonly string[] | undefined, path: string, url: string): Promise<void> {
  if (roots === undefined) return;
  const real = await realpath(path);
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => undefined);
    if (realRoot !== undefined && (real === realRoot || real.startsWith(realRoot + sep))) return;
  }
  throw new ForgeError(
    'forbidden',
    `${url} is not below the folders whose repositories may be used: ${roots.join(', ')}`,
  );
}
