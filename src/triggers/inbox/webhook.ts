import type { JsonObject } from '../../base/json.ts';
import type { HookCall } from '../../forge/hook-receiver.ts';
import { isOwnComment } from '../../forge/own-comment.ts';
import { type Normalised, WebhookPayloadError, type WebhookFormat } from '../../forge/webhook-format.ts';
import type { HookPath } from './hook-path.ts';
import { newDelivery } from './new-delivery.ts';
import { parseBody } from './parse-body.ts';
import { storeDelivery } from './store-delivery.ts';
import type { InboxOutcome, InboxParts } from './types.ts';
import { verifiedBy, verifyWebhook } from './verify.ts';
import { webhookSecrets } from './webhook-secrets.ts';

/**
 * A webhook of a Git host: verified first; parsed, understood and stored after that. Throws {@link WebhookPayloadError}, and
 * what the API throws when it cannot be asked.
 */
export async function receiveWebhook(
  call: HookCall,
  path: HookPath & { readonly to: 'webhook' },
  parts: InboxParts,
): Promise<InboxOutcome> {
  const { client, clock, memory, systemNamespace, repositories } = parts;
  const receivedMs = clock.now();
  const format = formatOf(call, path, parts.formats);
  if (format === undefined) return notOfThisHost(path);
  const source = format.kind;
  if (!repositories.hasSynced()) return { source, result: 'unavailable' };
  const owners = { repositories: repositories.list(), systemNamespace };
  const candidates = webhookSecrets(owners, format.kind, path.repository);
  const verification = await verifyWebhook(call, candidates, { format, memory, clock });
  if (verification.outcome === 'unknown') throw verification.error;
  if (verification.outcome === 'forged') return { source, result: 'forged' };
  const payload = parseBody(call.body, call.headers['content-type']);
  const normalised = understood(format, call, payload, parts);
  if (normalised === undefined) return { source, result: 'failed' };
  if (!normalised.ok) return { source, result: 'ignored', reason: normalised.ignored };
  const events = normalised.events.filter(({ comment }) => comment === undefined || !isOwnComment(comment.body));
  if (events.length < normalised.events.length)
    return { source, result: 'ignored', reason: 'Penstock wrote it itself' };
  const [first] = events;
  if (first === undefined) return { source, result: 'ignored', reason: 'nothing happened in it' };
  const delivery = await newDelivery({
    namespace: systemNamespace,
    forge: format.kind,
    eventName: format.eventName(call.headers),
    deliveryId: format.deliveryId(call.headers),
    headers: call.headers,
    body: call.body,
    events,
    verifiedBy: await verifiedBy(verification.secret, first.project.url, candidates, memory),
    receivedMs,
  });
  return {
    source,
    result: await storeDelivery(client, clock, delivery),
    delivery: delivery.metadata.name ?? '',
  };
}

/** What the payload says; undefined = a bug of ours, which is in the log: sending it again would not help. */
function understood(
  format: WebhookFormat,
  { headers }: HookCall,
  payload: JsonObject,
  { logger }: InboxParts,
): Normalised | undefined {
  try {
    return format.normalise(headers, payload);
  } catch (thrown) {
    if (thrown instanceof WebhookPayloadError) throw thrown;
    const fields = { forge: format.kind, event: format.eventName(headers), delivery: format.deliveryId(headers) };
    logger.error('a webhook made its reader fail', { ...fields, error: thrown });
    return undefined;
  }
}

function formatOf(
  { headers }: HookCall,
  { kinds }: HookPath & { readonly to: 'webhook' },
  formats: readonly WebhookFormat[],
): WebhookFormat | undefined {
  return formats.find((format) => kinds.includes(format.kind) && format.recognises(headers));
}

function notOfThisHost({ kinds }: HookPath & { readonly to: 'webhook' }): InboxOutcome {
  throw new WebhookPayloadError('headers', `are not those of a webhook of ${kinds.join(' or ')}`);
}
