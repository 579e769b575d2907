import { UserError } from '../../base/errors.ts';
import type { Forge } from '../../forge/forge.ts';
import type { Project } from '../../forge/git-event.ts';
import type { ReadEvent } from './read-event.ts';

/** The event that a pull request would be if its commits had just changed, as its host knows it. Throws `ForgeError`. */
export async function pullRequestEvent(forge: Forge, project: Project, number: number): Promise<ReadEvent> {
  const pullRequest = await forge.readPullRequest(project, number);
  if (pullRequest === undefined) {
    throw new UserError(`${project.url} has no pull request ${number}`, { code: 'MATCH_EVENT' });
  }
  const event = {
    trigger: 'pull_request',
    forge: forge.kind,
    eventType: 'pull_request',
    action: 'synchronize',
    occurrence: 'match',
    project,
    actor: pullRequest.author,
    pullRequest,
  } as const;
  return { events: [event], body: null, headers: {} };
}
