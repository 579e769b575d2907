/** Admission on another API server: the rules of the embedded one behind `AdmissionReview` on HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '../../base/errors.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { noMetrics, type Metrics } from '../../telemetry/metrics.ts';
import type { ApiMount } from '../api-mount.ts';
import { decodeReview, encodeReview } from './admission-review.ts';
import { judgeReview, type AdmissionRules, type WebhookName } from './judge-review.ts';

/** Most bytes of a question: the object and the one before, each as large as an API server takes it, and some more. */
export const reviewBytesMax: number = 7 * 1024 * 1024;

/** Where the webhooks are. */
export const webhookPaths: Readonly<Record<WebhookName, string>> = { mutate: '/mutate', validate: '/validate' };

/** What {@link createAdmissionWebhook} needs. */
export interface AdmissionWebhookOptions extends AdmissionRules {
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Whether the caches that the rules read are complete. Until then questions are answered with 503. */
  readonly isReady?: () => boolean;
  /** Answers what is no question; a 404 by default. */
  readonly otherwise?: ApiMount;
}

/**
 * Answers the questions of an API server on {@link webhookPaths}. What is no question gets an HTTP error and a `Status`;
 * a fault of our own gets 500, so that the failure policy decides and not chance. Never rejects.
 */
export function createAdmissionWebhook(options: AdmissionWebhookOptions): ApiMount {
  const { logger, metrics = noMetrics } = options;
  const reviews = metrics.counter<'webhook' | 'outcome'>({
    name: 'penstock_admission_reviews_total',
    help: 'Questions of the API server, by webhook and outcome: allowed, patched, refused, failed.',
    labels: ['webhook', 'outcome'],
  });
  return async (request, response) => {
    const webhook = webhookOf(request);
    if (webhook === undefined && options.otherwise !== undefined) return options.otherwise(request, response);
    try {
      if (webhook === undefined) throw new ApiStatusError('NotFound', `there is nothing at ${request.url ?? ''}`);
      const { answer, outcome } = await answerTo(webhook, request, options);
      reviews.add(1, { webhook, outcome });
      send(response, 200, answer);
    } catch (thrown) {
      if (webhook !== undefined) reviews.add(1, { webhook, outcome: 'failed' });
      const known = thrown instanceof ApiStatusError;
      if (!known) logger.error('an admission review failed', { url: request.url ?? '', error: errorText(thrown) });
      const error = known ? thrown : new ApiStatusError('InternalError', `Internal error: ${errorText(thrown)}`);
      send(response, error.status, error.toStatus());
    }
  };
}

interface Answered {
  readonly answer: object;
  readonly outcome: 'allowed' | 'patched' | 'refused';
}

async function answerTo(
  webhook: WebhookName,
  request: IncomingMessage,
  options: AdmissionWebhookOptions,
): Promise<Answered> {
  if (request.method !== 'POST') throw new ApiStatusError('MethodNotAllowed', 'admission reviews are sent with POST');
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new ApiStatusError('UnsupportedMediaType', 'an admission review is application/json');
  }
  const review = decodeReview(parseJson(await readBody(request)));
  // Asked only now: while the body was on its way the caches may have filled.
  if (options.isReady?.() === false) {
    throw new ApiStatusError('ServiceUnavailable', 'Penstock does not know the objects of the cluster yet; try again');
  }
  const verdict = judgeReview(webhook, review, options);
  const outcome = verdict.refusal ? 'refused' : (verdict.patch ?? []).length > 0 ? 'patched' : 'allowed';
  return { answer: encodeReview(review.uid, verdict), outcome };
}

function webhookOf(request: IncomingMessage): WebhookName | undefined {
  const [path] = (request.url ?? '').split('?');
  return path === webhookPaths.mutate ? 'mutate' : path === webhookPaths.validate ? 'validate' : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > reviewBytesMax) {
      throw new ApiStatusError('RequestEntityTooLarge', `an admission review has ${reviewBytesMax} bytes at most`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new ApiStatusError('BadRequest', `the body is not JSON: ${errorText(thrown)}`);
  }
}

function send(response: ServerResponse, status: number, value: object): void {
  // What is left of a body nobody reads must not be taken for the next request.
  const close = response.req.complete ? {} : { connection: 'close' };
  response.writeHead(status, { 'content-type': 'application/json', ...close });
  response.end(JSON.stringify(value));
}
