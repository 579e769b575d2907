/** Which comment goes with a status. Pure. */
import { cutMarkdown } from '../forge/cut-markdown.ts';
import type { StatusState } from '../forge/forge.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import { hashOf } from '../forge/kinds/identity.ts';
import { ownMarkerPrefix } from '../forge/own-comment.ts';
import type { RepositorySpec } from '../forge/kinds/repository.ts';
import type { PlannedComment } from './delivery-step.ts';
import { bytesOf, inline, textBytesMax } from './text/markdown.ts';

/** States that are worth a comment: somebody has to act, or the run is over. */
const commentedStates: ReadonlySet<StatusState> = new Set<StatusState>([
  'awaiting_approval',
  'succeeded',
  'failed',
  'error',
  'lost',
  'timed_out',
  'cancelled',
]);

/**
 * The comment that goes with `spec`: the one it names, or, where the host shows no more of a status than a line, the text of
 * the status. `repository` is the Repository with what it takes from the global one.
 */
export function commentOf(spec: CommitStatusSpec, repository: RepositorySpec): PlannedComment | undefined {
  if (spec.comment !== undefined) return spec.comment;
  const { report } = spec;
  const number = report.pullRequest?.number;
  const strategy = strategyOf(repository);
  if (number === undefined || spec.commentOnly || strategy === 'disable_all' || showsText(repository)) return undefined;
  if (!commentedStates.has(report.state)) return undefined;
  const each = strategy === 'update' ? [] : [report.sha, report.externalId];
  const marker = `${ownMarkerPrefix}${hashOf(['comment', report.context, number, ...each]).slice(0, 24)}`;
  const heading = `**${inline(report.context)}**: ${inline(report.title)}\n\n`;
  return { pullRequest: number, marker, body: heading + cutMarkdown(report.text, textBytesMax - bytesOf(heading)) };
}

/** GitHub shows the text of what an App says; all others show a line. */
function showsText({ git_provider: provider, url = '' }: RepositorySpec): boolean {
  if (provider?.secret !== undefined) return false;
  // A bare repository has nobody to comment to, and shows everything.
  return (
    provider?.type === undefined || provider.type === 'github' || provider.type === 'git' || url.startsWith('file:')
  );
}

function strategyOf({ git_provider: provider, settings = {}, url = '' }: RepositorySpec): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  if (provider?.type === 'gitlab' || host === 'gitlab.com') return settings.gitlab?.comment_strategy ?? '';
  if (provider?.type === 'github' || host === 'github.com') return settings.github?.comment_strategy ?? '';
  if (provider?.type === 'gitea' || provider?.type === 'forgejo') return settings.forgejo?.comment_strategy ?? '';
  const all = [settings.github, settings.gitlab, settings.forgejo].map((part) => part?.comment_strategy);
  return all.find((strategy) => strategy !== undefined && strategy !== '') ?? '';
}
