/** The front door: what hosts send is verified, understood and stored, and only then answered. */
import { errorText } from '../../base/errors.ts';
import type { HookAnswer, HookCall, HookReceiver } from '../../forge/hook-receiver.ts';
import { WebhookPayloadError } from '../../forge/webhook-format.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { noMetrics } from '../../telemetry/metrics.ts';
import { accepted, duplicate, failed, forged, ignored, refused, unavailable } from './answers.ts';
import { hookPath, providerNames } from './hook-path.ts';
import { receiveIncoming } from './incoming.ts';
import { type HookResult, InboxMetrics } from './inbox-metrics.ts';
import { SecretMemory } from './secret-memory.ts';
import type { InboxOptions, InboxOutcome, InboxParts } from './types.ts';
import { receiveWebhook } from './webhook.ts';

/** So often at most a forged webhook is a line in the log, in milliseconds: strangers must not fill it. */
const forgedLineEveryMs = 10_000;

/** The inbox. Every replica may have one: nothing is kept between two requests but secrets that were read lately. */
export function createInbox(options: InboxOptions): HookReceiver {
  return new Inbox(options);
}

class Inbox implements HookReceiver {
  readonly #parts: InboxParts;
  readonly #metrics: InboxMetrics;
  #forgedLineMs = Number.NEGATIVE_INFINITY;
  #forgedUnsaid = 0;

  constructor({ readSecret, metrics = noMetrics, ...rest }: InboxOptions) {
    this.#parts = { ...rest, memory: new SecretMemory({ readSecret, clock: rest.clock }) };
    this.#metrics = new InboxMetrics(metrics);
  }

  accepts(path: string): boolean {
    return path === '/incoming' || path === '/hooks' || path.startsWith('/hooks/');
  }

  refused(path: string, _status: number): void {
    this.#metrics.refused(sourceOf(path));
  }

  async receive(call: HookCall): Promise<HookAnswer> {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    const outcome = await this.#outcomeOf(call).catch((thrown: unknown) => this.#faultOf(thrown, call));
    const source = outcome.source ?? sourceOf(call.path);
    if (outcome.result === 'forged') this.#logForged(call, source);
    this.#metrics.answered(source, outcome.result, call.body.length, (clock.monotonicMs() - startMs) / 1000);
    return answerOf(outcome);
  }

  async #outcomeOf(call: HookCall): Promise<InboxOutcome> {
    const path = hookPath(call.path);
    if (path === undefined) {
      const known = providerNames.join(', ');
      return { result: 'refused', status: 404, message: `no such hook; /hooks/PROVIDER with one of ${known}` };
    }
    return path.to === 'incoming' ? receiveIncoming(call, this.#parts) : receiveWebhook(call, path, this.#parts);
  }

  #faultOf(thrown: unknown, { path }: HookCall): InboxOutcome {
    if (thrown instanceof WebhookPayloadError) {
      return { result: 'refused', status: 400, message: thrown.message, field: thrown.field };
    }
    const isOurs = thrown instanceof ApiStatusError && thrown.reason === 'Invalid';
    const fields = { path, error: errorText(thrown) };
    if (isOurs) this.#parts.logger.error('a webhook could not be stored as it is', fields);
    else this.#parts.logger.warn('a webhook could not be stored; its sender is told to send it again', fields);
    return { result: isOurs ? 'failed' : 'unavailable' };
  }

  #logForged({ path, body }: HookCall, source: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#forgedUnsaid++;
    if (nowMs - this.#forgedLineMs < forgedLineEveryMs) return;
    const fields = { path, source, bytes: body.length, count: this.#forgedUnsaid };
    this.#parts.logger.warn('refused webhooks that no configured secret verifies', fields);
    this.#forgedLineMs = nowMs;
    this.#forgedUnsaid = 0;
  }
}

/** The kind of host that a path names, for metrics: never a text of the sender's own. */
function sourceOf(path: string): string {
  const known = hookPath(path);
  if (known === undefined) return 'unknown';
  return known.to === 'incoming' ? 'incoming' : (known.kinds[0] ?? 'unknown');
}

const answers: { readonly [Result in HookResult]: (outcome: InboxOutcome & { result: Result }) => HookAnswer } = {
  accepted: ({ delivery }) => accepted(delivery),
  duplicate: ({ delivery }) => duplicate(delivery),
  ignored: ({ reason }) => ignored(reason),
  forged: () => forged,
  refused: ({ status, message, field }) => refused(status, message, field),
  unavailable: () => unavailable,
  failed: () => failed,
};

function answerOf(outcome: InboxOutcome): HookAnswer {
  return answers[outcome.result](outcome as never);
}
