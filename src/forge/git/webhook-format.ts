/** What the `post-receive` hook of a plain Git repository sends. */
import { ownerAndName, canonicalUrl } from '../repository-url.ts';
import type { GitEvent, Project } from '../git-event.ts';
import type { JsonObject } from '../../base/json.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { type Normalised, type WebhookFormat, WebhookPayloadError } from '../webhook-format.ts';
import { secretThatSigned } from '../webhook-signature.ts';

/** Header with the HMAC-SHA256 of the body, hexadecimal. */
export const gitSignatureHeader = 'x-penstock-signature';
/** Header with an id of the delivery, the same when it is sent again. */
export const gitDeliveryHeader = 'x-penstock-delivery';
/** Most refs of one push. */
export const pushedRefsMax = 100;

/**
 * Webhooks of plain Git: `{"repository":{"url"},"pusher","receivedAt","refs":[{"ref","before","after"}]}`; forty zeros stand
 * for "was not there" and "is gone". Each ref is an event. What a push did before, another one may do again: `receivedAt`
 * tells them apart.
 */
export const gitWebhooks: WebhookFormat = {
  kind: 'git',
  recognises: (headers) => headers[gitSignatureHeader] !== undefined,
  verify: ({ headers, body }, secrets) => secretThatSigned(body, headers[gitSignatureHeader], secrets),
  deliveryId: (headers) => headers[gitDeliveryHeader],
  eventName: () => 'push',
  normalise: (_headers, payload) => normalise(payload),
};

function normalise(payload: JsonObject): Normalised {
  const reader = new PayloadReader(payload);
  const project = projectOf(reader.object('repository'));
  const login = reader.text('pusher');
  const receivedAt = instantOf(reader);
  const refs = reader.objects('refs');
  if (refs.length > pushedRefsMax) throw new WebhookPayloadError('refs', `has more than ${pushedRefsMax} items`);
  const events = refs.flatMap((ref) => eventOf(ref, { project, actor: { login }, occurrence: receivedAt }));
  return events.length > 0 ? { ok: true, events } : { ok: false, ignored: 'no branch or tag was pushed' };
}

function projectOf(repository: PayloadReader): Project {
  const written = repository.text('url');
  const url = canonicalUrl(written);
  const parts = ownerAndName(written);
  if (url === undefined || parts === undefined) {
    throw new WebhookPayloadError(repository.pathOf('url'), 'is not the address of a repository');
  }
  return { url, ...parts };
}

function instantOf(reader: PayloadReader): string {
  const text = reader.text('receivedAt');
  if (Number.isNaN(Date.parse(text))) throw new WebhookPayloadError(reader.pathOf('receivedAt'), 'is not an instant');
  return text;
}

/** Notes and other refs of tools' own are nobody's push. */
function eventOf(
  reader: PayloadReader,
  common: Pick<GitEvent, 'project' | 'actor' | 'occurrence'>,
): readonly GitEvent[] {
  const ref = reader.text('ref');
  if (!ref.startsWith('refs/')) throw new WebhookPayloadError(reader.pathOf('ref'), 'is not a full ref');
  const before = reader.optionalSha('before');
  const after = reader.optionalSha('after');
  if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) return [];
  const push = { ref, ...(before === undefined ? {} : { before }) };
  const whatever = { ...common, forge: 'git', push, eventType: 'push' } as const;
  if (after === undefined) return before === undefined ? [] : [{ ...whatever, trigger: 'ref_deleted' }];
  return after === before ? [] : [{ ...whatever, trigger: 'push', revision: { sha: after } }];
}
