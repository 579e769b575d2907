import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { findGitDirectory } from '../../forge/git/disk-repository.ts';
import { hookAddress, readHookSecret, readHookSettings } from '../../forge/git/hook/hook-settings.ts';
import { Spool } from '../../forge/git/hook/spool.ts';
import type { Examination } from './examination.ts';

/** What the hook of a repository is held against. */
export interface HookQuestion {
  /** Address of the repository, `file:`. */
  readonly url: string;
  /** Where the server takes webhooks, as far as it is known. */
  readonly hooksUrl: string | undefined;
  /** What the server verifies pushes by; undefined = it has none. */
  readonly secret: string | undefined;
}

/** Whether pushes to a plain repository of this machine are told to the server, and whether some wait. */
export async function checkHook({ url, hooksUrl, secret }: HookQuestion, found: Examination): Promise<void> {
  const directory = await findGitDirectory({ url });
  // That there is no repository is told elsewhere.
  if (directory === undefined) return;
  const again = `penstock setup git ${directory}`;
  try {
    const settings = await readHookSettings(directory);
    if (settings === undefined) {
      found.fail('hook', `${directory} has no hook: nobody tells of pushes`, again);
      return;
    }
    const address = hookAddress(settings.url);
    if (hooksUrl !== undefined && new URL(address).host !== new URL(hooksUrl).host) {
      found.fail('hook', `it tells ${address} of pushes, and the server listens at ${hooksUrl}`, again);
    } else if ((await readHookSecret(settings.secretFile)) !== secret) {
      found.fail('hook', `its secret (${settings.secretFile}) is not the one that the server knows`, again);
    } else found.ok('hook', `it tells ${address} of each push`);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    found.thrown('hook', thrown);
  }
  await checkWritable(directory, found);
  const waiting = (await new Spool(directory).waiting()).ids.length;
  if (waiting > 0)
    found.warn(
      'hook',
      `${waiting === 1 ? '1 push waits' : `${waiting} pushes wait`} to be told`,
      `penstock git-hook flush -C ${directory}`,
    );
}

/** Statuses are notes in the repository, and are written by the user under whom the server runs. */
async function checkWritable(directory: string, found: Examination): Promise<void> {
  for (const path of [directory, join(directory, 'objects'), join(directory, 'refs')]) {
    try {
      await access(path, constants.W_OK);
    } catch {
      found.warn('statuses', `${path} cannot be written to by you`, 'the user of `penstock serve` must be able to');
      return;
    }
  }
}
