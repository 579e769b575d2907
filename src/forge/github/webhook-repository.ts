import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readOrigin } from './webhook-parts.ts';

/** `repository`: one was made, renamed, archived and so on. Only a new one that a GitHub App reaches means something. */
export function repositoryEvent(reader: PayloadReader): Normalised {
  const action = reader.text('action');
  if (action !== 'created') return { ok: false, ignored: `a repository was ${action}, not created` };
  const origin = readOrigin(reader);
  if (origin.installationId === undefined) {
    return { ok: false, ignored: 'only the webhook of a GitHub App makes a Repository of what is new' };
  }
  const event: GitEvent = {
    ...origin,
    trigger: 'repository_created',
    eventType: 'repository',
    action,
    // One that is deleted and made again under its name has another number.
    occurrence: `created|${origin.project.id ?? reader.object('repository').scalar('created_at')}`,
  };
  return { ok: true, events: [event] };
}
