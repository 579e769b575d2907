import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat, WebhookRequest } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { isStandardSecret, secretThatEquals, secretThatSignedStandard } from '../webhook-signature.ts';
import { mergeRequestEvent } from './webhook-merge-request.ts';
import { noteEvent } from './webhook-note.ts';
import { pushEvent } from './webhook-push.ts';

/**
 * Webhooks of GitLab, as its page "Webhook events" describes them.
 *
 * - A webhook with a signing token (`whsec_…`, GitLab since 2026) is signed as the Standard Webhooks specification says; a request
 *   that is signed is never taken for the token's text alone. Other webhooks bring the secret itself in `X-Gitlab-Token`.
 * - `Idempotency-Key` (GitLab 17.4 and newer; the same as the signed `webhook-id`) is drawn once per event and hook and stays when
 *   the delivery is tried again, by GitLab or by somebody's button: it is the delivery's id. `X-Gitlab-Webhook-UUID` is drawn anew for every try, and
 *   `X-Gitlab-Event-UUID` is shared by all webhooks that a webhook's receiver sets off (GitLab's guard against loops), so
 *   neither tells deliveries apart; without the key the body's hash has to.
 *   (GitLab's source: `app/services/web_hook_service.rb`, `lib/gitlab/web_hooks/recursion_detection/uuid.rb`.)
 * - Merge trains send no webhook of their own; a merge shows as a push to the target branch.
 */
export const gitlabWebhooks: WebhookFormat = {
  kind: 'gitlab',
  recognises: (headers) => headers['x-gitlab-event'] !== undefined,
  verify: secretThatIsProven,
  deliveryId: (headers) => headers['webhook-id'] || headers['idempotency-key'] || undefined,
  eventName: (headers) => headers['x-gitlab-event'] ?? '',
  normalise: normaliseGitlab,
};

function secretThatIsProven(request: WebhookRequest, secrets: readonly string[]): string | undefined {
  const token = request.headers['x-gitlab-token'];
  if (request.headers['webhook-signature'] === undefined) return secretThatEquals(token, secrets);
  const plain = secrets.filter((secret) => !isStandardSecret(secret));
  return secretThatSignedStandard(request, secrets) ?? secretThatEquals(token, plain);
}

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
