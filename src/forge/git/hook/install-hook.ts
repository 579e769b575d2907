import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UserError } from '../../../base/errors.ts';
import type { GitProgram } from '../git-program.ts';
import { findRepository } from './find-repository.ts';
import { earlierHookSuffix, hookScript, isOwnHook } from './hook-script.ts';
import {
  type HookSettings,
  hookAddress,
  readHookSecret,
  readHookSettings,
  repositoryUrlOf,
  settingsFile,
} from './hook-settings.ts';

export interface InstallHookOptions {
  readonly git: GitProgram;
  /** A folder in the repository. */
  readonly folder: string;
  /** Address of Penstock; absent = that of the hook that is there, or {@link penstockUrlDefault}. */
  readonly url?: string;
  /** Absolute path of a file with the secret; absent = as before, or a new file in the git directory. */
  readonly secretFile?: string;
  /** How the Repository object names it; absent = as before, or by its path. */
  readonly repositoryUrl?: string;
  /** What starts Penstock. */
  readonly command: readonly string[];
}

/** What an installation came to. */
export interface InstalledHook {
  readonly gitDirectory: string;
  /** Path of the hook. */
  readonly hook: string;
  readonly address: string;
  readonly repositoryUrl: string;
  readonly secretFile: string;
  readonly secretIsNew: boolean;
  /** A hook that was there before and goes on to be called. */
  readonly earlier?: string;
}

/** Where `penstock serve` listens unless it is told otherwise. */
export const penstockUrlDefault = 'http://127.0.0.1:8481';
const secretFileName = 'penstock-hook.secret';
const secretBytes = 32;

/**
 * Writes the `post-receive` hook and its settings. Done again, it changes what is asked to change and nothing else. A hook of
 * somebody else goes on to be called after ours.
 */
export async function installHook(options: InstallHookOptions): Promise<InstalledHook> {
  const { gitDirectory, hooks } = await hooksOf(options.git, options.folder);
  const before = await readHookSettings(gitDirectory);
  const url = options.url ?? before?.url ?? penstockUrlDefault;
  checkUrl(url);
  const secretFile = options.secretFile ?? before?.secretFile ?? join(gitDirectory, secretFileName);
  const secretIsNew = await makeSecret(secretFile, join(gitDirectory, secretFileName));
  await readHookSecret(secretFile);
  const repositoryUrl = options.repositoryUrl ?? before?.repositoryUrl;
  const settings: HookSettings = { url, secretFile, ...(repositoryUrl === undefined ? {} : { repositoryUrl }) };
  await writeWhole(join(gitDirectory, settingsFile), `${JSON.stringify(settings, undefined, 2)}\n`, 0o644);
  await mkdir(hooks, { recursive: true });
  const hook = join(hooks, 'post-receive');
  const earlier = await setEarlierAside(hook);
  await writeWhole(hook, hookScript(options.command), 0o755);
  return {
    gitDirectory,
    hook,
    address: hookAddress(url),
    repositoryUrl: repositoryUrlOf(gitDirectory, settings),
    secretFile,
    secretIsNew,
    ...(earlier === undefined ? {} : { earlier }),
  };
}

/** Removes our hook, brings back the one before, and forgets the settings. Pushes that wait stay. false = it was not there. */
export async function uninstallHook(git: GitProgram, folder: string): Promise<boolean> {
  const { gitDirectory, hooks } = await hooksOf(git, folder);
  const hook = join(hooks, 'post-receive');
  const ours = isOwnHook((await textIfPresent(hook)) ?? '');
  const earlier = `${hook}${earlierHookSuffix}`;
  if (ours && (await exists(earlier))) await rename(earlier, hook);
  else if (ours) await rm(hook);
  await rm(join(gitDirectory, settingsFile), { force: true });
  await rm(join(gitDirectory, secretFileName), { force: true });
  return ours;
}

async function hooksOf(git: GitProgram, folder: string): ReturnType<typeof findRepository> {
  const found = await findRepository(git, folder);
  if (`${found.hooks}${sep}`.startsWith(`${found.gitDirectory}${sep}`)) return found;
  throw new UserError(`the hooks of ${found.gitDirectory} are elsewhere: core.hooksPath says ${found.hooks}`, {
    code: 'GIT_HOOKS_ELSEWHERE',
    remedy: `other repositories may share them; give this one its own: git -C ${found.gitDirectory} config core.hooksPath hooks`,
  });
}

function checkUrl(url: string): void {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return;
  throw new UserError(`"${url}" is not the address of a Penstock`, {
    code: 'GIT_HOOK_URL',
    remedy: `write it so: ${penstockUrlDefault}`,
  });
}

/** Makes the secret of this repository when it is the one to be used and is not there yet. */
async function makeSecret(secretFile: string, own: string): Promise<boolean> {
  if (secretFile !== own || (await exists(own))) return false;
  await writeWhole(own, `${randomBytes(secretBytes).toString('hex')}\n`, 0o600);
  return true;
}

/** Renames a hook of somebody else. Answers its new path, also when an earlier installation did it. */
async function setEarlierAside(hook: string): Promise<string | undefined> {
  const earlier = `${hook}${earlierHookSuffix}`;
  const text = await textIfPresent(hook);
  const foreign = text !== undefined && !isOwnHook(text);
  const kept = await exists(earlier);
  if (foreign && kept) {
    throw new UserError(`there are two other hooks: ${hook} and ${earlier}`, {
      code: 'GIT_HOOK_FOREIGN',
      remedy: 'join them in one and remove the other',
    });
  }
  if (foreign) await rename(hook, earlier);
  return foreign || kept ? earlier : undefined;
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.penstock-new`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode, flag: 'wx', flush: true });
  await chmod(draft, mode); // Whatever the umask is.
  await rename(draft, path);
}

async function textIfPresent(path: string): Promise<string | undefined> {
  if (!(await exists(path))) return undefined;
  // A link that leads nowhere is somebody's hook too.
  return readFile(path, 'utf8').catch(() => '');
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
