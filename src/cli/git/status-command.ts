import { AbortedError, sleep } from '../../base/clock.ts';
import { stableJson } from '../../base/json.ts';
import type { CommitStatuses } from '../../forge/git/commit-statuses.ts';
import { type CliEnvironment, type LocalGit, exitCodes } from '../environment.ts';
import { paintFor } from '../progress/style.ts';
import { type StatusVerdict, statusList, verdictOf } from './status-view.ts';

/** `penstock status` as typed. */
export interface StatusCommand {
  readonly revision: string;
  readonly repository: string;
  readonly output: 'list' | 'json';
  readonly follow: boolean;
}

/** Between two looks. */
const lookAgainMs = 1_000;

const codes: Readonly<Record<StatusVerdict, number>> = {
  succeeded: exitCodes.succeeded,
  failed: exitCodes.failed,
  unfinished: exitCodes.unfinished,
  unknown: exitCodes.unfinished,
};

/** `penstock status`: what Penstock says of a commit of a plain Git repository. The exit code is the verdict. */
export async function statusCommand(command: StatusCommand, environment: CliEnvironment): Promise<number> {
  const git = await environment.openGit();
  if (command.follow) return follow(command, environment, git);
  const commit = await look(command, environment, git);
  show(command, environment, commit);
  return codes[verdictOf(commit.statuses)];
}

/** Shows each change until all that is known has ended, or somebody has had enough. */
async function follow(command: StatusCommand, environment: CliEnvironment, git: LocalGit): Promise<number> {
  const interrupted = new AbortController();
  const forget = environment.onInterrupt(() => interrupted.abort());
  try {
    let revision = command.revision;
    for (let shown = ''; ;) {
      const commit = await look({ ...command, revision }, environment, git);
      // The commit that HEAD was when the command began.
      revision = commit.sha;
      const text = stableJson(commit.statuses);
      if (text !== shown) show(command, environment, commit);
      shown = text;
      const verdict = verdictOf(commit.statuses);
      if (verdict === 'succeeded' || verdict === 'failed') return codes[verdict];
      await sleep(environment.clock, lookAgainMs, interrupted.signal);
    }
  } catch (thrown) {
    if (thrown instanceof AbortedError) return exitCodes.cancelled;
    throw thrown;
  } finally {
    forget();
  }
}

async function look(command: StatusCommand, environment: CliEnvironment, git: LocalGit): Promise<CommitStatuses> {
  const commit = await git.readStatuses(command.repository, command.revision);
  if (commit.warning !== undefined) environment.screen.writeError(`warning: ${commit.warning}\n`);
  return commit;
}

function show(command: StatusCommand, { screen, clock }: CliEnvironment, commit: CommitStatuses): void {
  const { sha, title, statuses } = commit;
  if (command.output === 'json') {
    screen.write(`${JSON.stringify({ sha, title, verdict: verdictOf(statuses), statuses })}\n`);
  } else screen.write(statusList(commit, clock.now(), paintFor(screen.colour)));
}
