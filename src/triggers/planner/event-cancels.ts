import type { CancelIntent } from '../../forge/kinds/delivery.ts';
import { scopeOf } from '../../forge/kinds/identity.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { keyOf } from '../../kube/object.ts';
import type { Command } from '../types.ts';
import { receivedMs } from './history.ts';
import type { OpenEvent } from './open-event.ts';

/**
 * What an event cancels by itself. `/cancel` ends every unfinished run of the pull request (of the commit, for a comment on
 * a commit), or those of the definition it names. A pull request that is closed, and a branch that is deleted, end the
 * runs that opted in with `cancel-in-progress`, by annotation or by the settings.
 */
export function cancelsOf(open: OpenEvent, commands: readonly Command[], settings: Settings): readonly CancelIntent[] {
  const { event, index, delivery, repository } = open;
  const { namespace, name } = keyOf(repository);
  const base = { event: index, namespace, repository: name, before: receivedMs(delivery) };
  if (event.trigger === 'pull_request_closed') {
    const number = event.pullRequest?.number;
    if (number === undefined) return [];
    const only = settings.cancelInProgressOnPullRequests ? 'not-opted-out' : 'opted-in';
    return [{ ...base, scope: scopeOf({ pullRequest: number }), by: `pull request #${number} was closed`, only }];
  }
  if (event.trigger === 'ref_deleted') {
    const ref = event.push?.ref;
    if (ref === undefined) return [];
    const only = settings.cancelInProgressOnPush ? 'not-opted-out' : 'opted-in';
    return [{ ...base, scope: ref, by: `${ref} was deleted`, only }];
  }
  const number = event.pullRequest?.number ?? event.pullRequestNumber;
  const sha = event.revision?.sha;
  const onPullRequest = event.comment?.on === 'pull_request' && number !== undefined;
  const where = onPullRequest ? { scope: scopeOf({ pullRequest: number }) } : sha === undefined ? undefined : { sha };
  if (where === undefined) return [];
  return commands.map((command) => ({
    ...base,
    ...where,
    by: event.actor.login,
    ...(command.name === undefined ? {} : { definition: command.name }),
  }));
}
