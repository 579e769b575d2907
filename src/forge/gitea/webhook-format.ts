import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { secretThatSigned } from '../webhook-signature.ts';
import { commentEvent } from './webhook-comment.ts';
import { pullRequestEvent } from './webhook-pull-request.ts';
import { deleteEvent, pushEvent } from './webhook-push.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Webhooks of Gitea and Forgejo, of the content type `application/json`. Both send each header under several names (for Gogs and
 * GitHub too), with the same value. The signature is HMAC-SHA256 of the body; the delivery's id is drawn for each try that
 * somebody asks for, so a delivery sent again by hand is known by what it says.
 */
export const giteaWebhooks: WebhookFormat = {
  kind: 'gitea',
  recognises: (headers) => header(headers, 'event') !== undefined,
  verify: (request, secrets) =>
    secretThatSigned(
      request.body,
      header(request.headers, 'signature') ?? request.headers['x-hub-signature-256'],
      secrets,
    ),
  deliveryId: (headers) => header(headers, 'delivery'),
  eventName: (headers) => header(headers, 'event') ?? '',
  normalise: normaliseGitea,
};

function header(headers: Headers, name: string): string | undefined {
  return headers[`x-forgejo-${name}`] || headers[`x-gitea-${name}`] || undefined;
}

function normaliseGitea(headers: Headers, payload: JsonObject): Normalised {
  const name = header(headers, 'event') ?? '';
  const reader = new PayloadReader(payload);
  switch (name) {
    case 'push':
      return pushEvent(reader);
    case 'delete':
      return deleteEvent(reader);
    case 'pull_request':
      return pullRequestEvent(reader);
    case 'issue_comment':
      return commentEvent(reader);
    case 'create':
      return { ok: false, ignored: 'a new branch or tag is told by the push that comes with it' };
    default:
      return { ok: false, ignored: `nothing starts with the event "${name}"` };
  }
}
