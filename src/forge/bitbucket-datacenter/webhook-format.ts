import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { secretThatSigned } from '../webhook-signature.ts';
import { commentEvent, pullRequestEvent } from './webhook-pull-request.ts';
import { pushEvents } from './webhook-push.ts';

type Headers = Readonly<Record<string, string>>;

/** Webhooks of Bitbucket Data Center, signed with HMAC-SHA256 of the body. Without a secret nothing is accepted. */
export const bitbucketDatacenterWebhooks: WebhookFormat = {
  kind: 'bitbucket-datacenter',
  recognises: (headers) => /^(?:repo:refs_changed$|pr:|mirror:|diagnostics:ping$)/.test(eventKey(headers)),
  verify: ({ headers, body }, secrets) => secretThatSigned(body, headers['x-hub-signature'], secrets),
  deliveryId: (headers) => headers['x-request-id'] || undefined,
  eventName: eventKey,
  normalise: normaliseBitbucketDatacenter,
};

function eventKey(headers: Headers): string {
  return headers['x-event-key'] ?? '';
}

function normaliseBitbucketDatacenter(headers: Headers, payload: JsonObject): Normalised {
  const name = eventKey(headers);
  const reader = new PayloadReader(payload);
  switch (name) {
    case 'repo:refs_changed':
      return pushEvents(reader);
    case 'pr:opened':
    case 'pr:reopened':
    case 'pr:from_ref_updated':
      return pullRequestEvent(reader, name, 'pull_request');
    case 'pr:modified':
      return reader.has('previousTarget')
        ? pullRequestEvent(reader, name, 'pull_request')
        : { ok: false, ignored: 'neither its commits nor its base changed' };
    case 'pr:merged':
    case 'pr:declined':
    case 'pr:deleted':
      return pullRequestEvent(reader, name, 'pull_request_closed');
    case 'pr:comment:added':
      return commentEvent(reader);
    default:
      return { ok: false, ignored: `nothing starts with the event "${name}"` };
  }
}
