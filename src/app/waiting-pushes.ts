import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { findGitDirectory } from '../forge/git/disk-repository.ts';
import type { GitProgram } from '../forge/git/git-program.ts';
import { readHookSettings } from '../forge/git/hook/hook-settings.ts';
import { type SentPushes, sendPushes } from '../forge/git/hook/send-pushes.ts';
import type { Repository } from '../forge/kinds/repository.ts';
import { createFetch } from '../net/outgoing-fetch.ts';
import type { Logger } from '../telemetry/logger.ts';

interface Parts {
  readonly git: GitProgram;
  readonly clock: Clock;
  readonly random: Random;
}

/** A push is told of in a moment, or later. */
const sendMsMax = 15_000;

/** Tells Penstock of the pushes to one repository that wait. */
export async function sendWaitingPushes(parts: Parts, gitDirectory: string, triesMax: number): Promise<SentPushes> {
  const url = (await readHookSettings(gitDirectory))?.url;
  // Penstock may run on this very machine: whoever installed the hook has said where.
  const allowedHosts = url === undefined ? [] : [new URL(url).host];
  using fetch = createFetch({ clock: parts.clock, allowedHosts, callMsMax: sendMsMax });
  return await sendPushes({ ...parts, gitDirectory, fetch, triesMax });
}

/**
 * Has the hooks of this machine's repositories send what was pushed while nothing listened. What cannot be sent goes on
 * waiting for the next push. Never rejects.
 */
export async function collectWaitingPushes(
  parts: Parts,
  repositories: readonly Repository[],
  logger: Logger,
): Promise<void> {
  for (const { metadata, spec } of repositories) {
    const url = spec?.url ?? '';
    if (!url.startsWith('file:')) continue;
    const repository = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
    try {
      const gitDirectory = await findGitDirectory({ url });
      if (gitDirectory === undefined || (await readHookSettings(gitDirectory)) === undefined) continue;
      const { sent, waiting, problem } = await sendWaitingPushes(parts, gitDirectory, 1);
      if (sent > 0) logger.info('pushes that waited were told', { repository, sent });
      if (waiting > 0) logger.warn('pushes go on waiting', { repository, waiting, problem });
    } catch (thrown) {
      logger.warn('pushes that may wait cannot be sent', { repository, error: errorText(thrown) });
    }
  }
}
