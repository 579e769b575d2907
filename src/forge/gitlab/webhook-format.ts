import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat, WebhookRequest } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { secretThatEquals } from '../webhook-signature.ts';
import { mergeRequestEvent } from './webhook-merge-request.ts';
import { noteEvent } from './webhook-note.ts';
import { pushEvent } from './webhook-push.ts';

/**
 * Webhooks of GitLab, as its page "Webhook events" describes them.
 *
 * - GitLab does not sign. It sends the secret itself in `X-Gitlab-Token`.
 * - `Idempotency-Key` (GitLab 17.4 and newer) is drawn once per event and hook and stays when the delivery is tried again, by
 *   GitLab or by somebody's button: it is the delivery's id. `X-Gitlab-Webhook-UUID` is drawn anew for every try, and
 *   `X-Gitlab-Event-UUID` is shared by all webhooks that a webhook's receiver sets off (GitLab's guard against loops), so
 *   neither tells deliveries apart; without the key the body's hash has to.
 *   (GitLab's source: `app/services/web_hook_service.rb`, `lib/gitlab/web_hooks/recursion_detection/uuid.rb`.)
 * - Merge trains send no webhook of their own; a merge shows as a push to the target branch.
 */
export const gitlabWebhooks: WebhookFormat = {
  kind: 'gitlab',
  recognises: (headers) => headers['x-gitlab-event'] !== undefined,
  verify: (request: WebhookRequest, secrets) => secretThatEquals(request.headers['x-gitlab-token'], secrets),
  deliveryId: (headers) => headers['idempotency-key'] || undefined,
  eventName: (headers) => headers['x-gitlab-event'] ?? '',
  normalise: normaliseGitlab,
};

function normaliseGitlab(headers: Readonly<Record<string, string>>, payload: JsonObject): Normalised {
  const name = headers['x-gitlab-event'] ?? '';
  const reader = new PayloadReader(payload);
  switch (name) {
    case 'Push Hook':
    case 'Tag Push Hook':
      return pushEvent(reader, name);
    case 'Merge Request Hook':
      return mergeRequestEvent(reader);
    case 'Note Hook':
    case 'Confidential Note Hook':
      return noteEvent(reader);
    case 'System Hook':
      return { ok: false, ignored: 'system hooks concern the whole GitLab; use a webhook of a project or group' };
    default:
      return { ok: false, ignored: `nothing starts with a "${name}"` };
  }
}
