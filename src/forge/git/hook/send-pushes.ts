import { createHmac } from 'node:crypto';
import { type BackoffPolicy, backoffDelayMs } from '../../../base/backoff.ts';
import { type Clock, sleep } from '../../../base/clock.ts';
import { UserError, errorText } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { GitProgram } from '../git-program.ts';
import { readObjects } from '../objects.ts';
import { gitDeliveryHeader, gitSignatureHeader, pushedRefsMax } from '../webhook-format.ts';
import { hookAddress, readHookSecret, readHookSettings, repositoryUrlOf, settingsFile } from './hook-settings.ts';
import { type PushedRef, Spool, type SpooledPush } from './spool.ts';

export interface SendPushesOptions {
  readonly git: GitProgram;
  readonly gitDirectory: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly random: Random;
  /** So often all that wait are tried, with growing pauses, before they are left for the next push. */
  readonly triesMax: number;
}

/** What became of the pushes that waited. */
export interface SentPushes {
  readonly sent: number;
  /** Penstock will never take them. */
  readonly refused: number;
  readonly waiting: number;
  /** Why the last one was not taken. */
  readonly problem?: string;
}

const tryBackoff: BackoffPolicy = { baseMs: 1_000, capMs: 60_000 };
const commitBytesMax = 16 * 1024 * 1024;
/** Answers after which the same message may be taken another time: Penstock is being set up, or busy. */
const passingStatuses: readonly number[] = [401, 403, 404, 408, 429];

/** Tells Penstock of all pushes that wait, oldest first. Each is sent until it is answered: the same one perhaps twice. */
export async function sendPushes(options: SendPushesOptions): Promise<SentPushes> {
  const spool = new Spool(options.gitDirectory);
  let total: SentPushes = { sent: 0, refused: 0, waiting: 0 };
  for (let attempt = 1; attempt <= options.triesMax; attempt++) {
    if (attempt > 1) await sleep(options.clock, backoffDelayMs(tryBackoff, attempt - 1, options.random));
    const round = await sendAll(options, spool);
    total = { ...round, sent: total.sent + round.sent, refused: total.refused + round.refused };
    if (round.waiting === 0) break;
  }
  const { problem } = total;
  await spool.note(problem && `${new Date(options.clock.now()).toISOString()} ${problem}`);
  return total;
}

async function sendAll(options: SendPushesOptions, spool: Spool): Promise<SentPushes> {
  const send = await senderOf(options);
  const { ids, dropped } = await spool.waiting();
  let problem = dropped > 0 ? `${dropped} pushes were given up: too many waited` : undefined;
  let [sent, refused] = [0, 0];
  for (const id of ids) {
    const push = await spool.read(id);
    const outcome = push === undefined ? ({ taken: true } as const) : await send(push);
    if (outcome.taken) {
      await spool.done(id);
      sent += 1;
      continue;
    }
    problem = outcome.problem;
    // In order: a later push must not be known before an earlier one.
    if (outcome.passing) return { sent, refused, waiting: ids.length - sent - refused, problem };
    await spool.refused(id);
    refused += 1;
  }
  return { sent, refused, waiting: 0, ...(problem === undefined ? {} : { problem }) };
}

type Outcome =
  | { readonly taken: true }
  | { readonly taken: false; readonly passing: boolean; readonly problem: string };

async function senderOf(options: SendPushesOptions): Promise<(push: SpooledPush) => Promise<Outcome>> {
  const { git, gitDirectory } = options;
  const settings = await readHookSettings(gitDirectory);
  if (settings === undefined) {
    throw new UserError(`${gitDirectory} has no ${settingsFile}: nobody is told of its pushes`, {
      code: 'GIT_HOOK_MISSING',
      remedy: 'run penstock git-hook install',
    });
  }
  const secret = await readHookSecret(settings.secretFile);
  const repository = { url: repositoryUrlOf(gitDirectory, settings) };
  const address = hookAddress(settings.url);
  return async (push) => {
    const refs = await asCommits(git, gitDirectory, push.refs);
    for (let first = 0; first < refs.length; first += pushedRefsMax) {
      const { pusher, receivedAt } = push;
      const body = JSON.stringify({
        repository,
        pusher,
        receivedAt,
        refs: refs.slice(first, first + pushedRefsMax),
      });
      const id = first === 0 ? push.id : `${push.id}-${first}`;
      const outcome = await post(options, address, { id, body, secret });
      if (!outcome.taken) return outcome;
    }
    return { taken: true };
  };
}

/** A tag with a message is an object of its own; what runs is the commit it stands for. */
async function asCommits(
  git: GitProgram,
  gitDirectory: string,
  refs: readonly PushedRef[],
): Promise<readonly PushedRef[]> {
  const ids = refs.flatMap(({ ref, before, after }) => (ref.startsWith('refs/tags/') ? [before, after] : []));
  const names = [...new Set(ids)];
  const commits = await readObjects(
    git,
    gitDirectory,
    names.map((id) => `${id}^{commit}`),
    commitBytesMax,
  );
  const commitOf = new Map(names.map((id, index) => [id, commits[index]?.id ?? id]));
  return refs.map(({ ref, before, after }) => ({
    ref,
    before: commitOf.get(before) ?? before,
    after: commitOf.get(after) ?? after,
  }));
}

async function post(
  { fetch: send }: SendPushesOptions,
  address: string,
  message: { readonly id: string; readonly body: string; readonly secret: string },
): Promise<Outcome> {
  const signature = createHmac('sha256', message.secret).update(message.body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    [gitDeliveryHeader]: message.id,
    [gitSignatureHeader]: `sha256=${signature}`,
  };
  let response: Response;
  try {
    response = await send(address, { method: 'POST', headers, body: message.body });
  } catch (thrown) {
    return { taken: false, passing: true, problem: `${address} does not answer: ${errorText(thrown)}` };
  }
  if (response.ok) return { taken: true };
  const words = (await response.text()).replaceAll(/\s+/g, ' ').slice(0, 300);
  const { status } = response;
  return {
    taken: false,
    passing: status < 400 || status >= 500 || passingStatuses.includes(status),
    problem: `${address} answered ${status}: ${words}`,
  };
}
