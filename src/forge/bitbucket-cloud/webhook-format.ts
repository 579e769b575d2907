import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { secretThatSigned } from '../webhook-signature.ts';
import { commentEvent, commitCommentEvent } from './webhook-comment.ts';
import { pullRequestEvent } from './webhook-pull-request.ts';
import { pushEvents } from './webhook-push.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Webhooks of Bitbucket Cloud. The signature, HMAC-SHA256 of the body, is sent when the hook has a secret; without one nothing
 * is accepted, wherever it comes from. `X-Request-UUID` is the same in every try of one delivery.
 */
export const bitbucketCloudWebhooks: WebhookFormat = {
  kind: 'bitbucket-cloud',
  recognises: (headers) => /^(?:repo:(?!refs_changed)|pullrequest:|issue:)/.test(eventKey(headers)),
  verify: ({ headers, body }, secrets) => secretThatSigned(body, headers['x-hub-signature'], secrets),
  deliveryId: (headers) => headers['x-request-uuid'] || undefined,
  eventName: eventKey,
  normalise: normaliseBitbucketCloud,
};

function eventKey(headers: Headers): string {
  return headers['x-event-key'] ?? '';
}

function normaliseBitbucketCloud(headers: Headers, payload: JsonObject): Normalised {
  const name = eventKey(headers);
  const reader = new PayloadReader(payload);
  switch (name) {
    case 'repo:push':
      return pushEvents(reader);
    case 'pullrequest:created':
    case 'pullrequest:updated':
      return pullRequestEvent(reader, name, 'pull_request');
    case 'pullrequest:fulfilled':
    case 'pullrequest:rejected':
      return pullRequestEvent(reader, name, 'pull_request_closed');
    case 'pullrequest:comment_created':
      return commentEvent(reader);
    case 'repo:commit_comment_created':
      return commitCommentEvent(reader);
    default:
      return { ok: false, ignored: `nothing starts with the event "${name}"` };
  }
}
