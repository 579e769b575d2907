/** Webhooks at a steady rate, whatever becomes of them, as a host sends them. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import type { SentWebhook } from '../../support/git-hosts/simulated-host.ts';

/** What came of the traffic. */
export interface Traffic {
  /** Of first tries: from the first byte that was sent to the last of the answer, ascending, in milliseconds. */
  readonly answersMs: readonly number[];
  /** Last answers by HTTP status; 0 = none came. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Times that a webhook was sent again, since no 2xx came. */
  readonly again: number;
  readonly tookMs: number;
}

/** A webhook is sent so often until it is answered 2xx or 4xx, with a pause in between, in milliseconds. */
const triesMax = 5;
const pauseMs = 2_000;

/** Sends each webhook at its instant: `aSecond` of them a second. Resolves when all are answered. */
export async function sendAll(
  webhooks: readonly SentWebhook[],
  { port, path, aSecond }: { readonly port: number; readonly path: string; readonly aSecond: number },
): Promise<Traffic> {
  const agent = new Agent({ keepAlive: true });
  const answersMs: number[] = [];
  const statuses = new Map<number, number>();
  let again = 0;
  const startMs = performance.now();
  const sent = webhooks.map(async (webhook, index) => {
    await wait((index * 1_000) / aSecond);
    const beginMs = performance.now();
    let status = await send(webhook, { port, path, agent }).catch(() => 0);
    answersMs.push(performance.now() - beginMs);
    for (let tries = 1; tries < triesMax && (status === 0 || status >= 500); tries++) {
      again++;
      await wait(pauseMs);
      status = await send(webhook, { port, path, agent }).catch(() => 0);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  await Promise.all(sent);
  agent.destroy();
  return { answersMs: answersMs.toSorted((a, b) => a - b), statuses, again, tookMs: performance.now() - startMs };
}

async function send(
  { headers, body }: SentWebhook,
  { port, path, agent }: { readonly port: number; readonly path: string; readonly agent: Agent },
): Promise<number> {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers: { ...headers }, agent });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode ?? 0;
}
