import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError, errorText } from '../../../base/errors.ts';
import { isJsonObject } from '../../../base/json.ts';

/** File in the git directory that says where a hook sends what it saw. It holds no secret. */
export const settingsFile = 'penstock-hook.json';

/** Where pushes to one repository are told. */
export interface HookSettings {
  /** Address of Penstock. */
  readonly url: string;
  /** Path of the file with the secret that Penstock knows too. */
  readonly secretFile: string;
  /** How a Repository names this repository, when not by its path on this machine. */
  readonly repositoryUrl?: string;
}

/** The address at which Penstock takes pushes of plain repositories. */
export function hookAddress(url: string): string {
  return /\/hooks\/[^/]+\/?$/.test(new URL(url).pathname) ? url : `${url.replace(/\/+$/, '')}/hooks/git`;
}

/** The address of a repository on this machine. */
export function repositoryUrlOf(gitDirectory: string, settings: Pick<HookSettings, 'repositoryUrl'>): string {
  return settings.repositoryUrl ?? pathToFileURL(gitDirectory.replace(/\/\.git$/, '')).href;
}

/** What the hook of a repository was installed with; undefined = it has none. */
export async function readHookSettings(gitDirectory: string): Promise<HookSettings | undefined> {
  const path = join(gitDirectory, settingsFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, errorText(thrown));
  }
  return parseSettings(path, text);
}

function parseSettings(path: string, text: string): HookSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw unusable(path, errorText(thrown));
  }
  if (!isJsonObject(value)) throw unusable(path, 'it is not an object');
  const { url, secretFile, repositoryUrl } = value;
  if (typeof url !== 'string' || !URL.canParse(url)) throw unusable(path, 'url is not an address');
  if (typeof secretFile !== 'string') throw unusable(path, 'secretFile is not a path');
  return { url, secretFile, ...(typeof repositoryUrl === 'string' ? { repositoryUrl } : {}) };
}

function unusable(path: string, problem: string): UserError {
  return new UserError(`${path} cannot be used: ${problem}`, {
    code: 'GIT_HOOK_SETTINGS',
    remedy: 'run penstock git-hook install again',
  });
}

/** Reads the secret with which pushes are signed. Others than its owner must not be able to read the file. */
export async function readHookSecret(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new UserError(`${path} can be read by others than its owner`, {
        code: 'GIT_HOOK_SECRET',
        remedy: `chmod 600 ${path}`,
      });
    }
    const secret = (await readFile(path, 'utf8')).trim();
    if (secret !== '') return secret;
    throw new UserError(`${path} is empty`, { code: 'GIT_HOOK_SECRET', remedy: 'write the secret into it' });
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(`the secret cannot be read: ${errorText(thrown)}`, {
      code: 'GIT_HOOK_SECRET',
      remedy: 'it must belong to the user under whom pushes arrive',
      cause: thrown,
    });
  }
}
