/** Webhooks at a steady rate, whatever becomes of them, as a host sends them. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import type { SentWebhook } from '../../support/git-hosts/simulated-host.ts';

/** What came of the traffic. */
export interface Traffic {
  /** From the first byte that was sent to the last of the answer, ascending, in milliseconds. */
  readonly answersMs: readonly number[];
  /** Answers by HTTP status; 0 = none came. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly tookMs: number;
}

/** Sends each webhook at its instant: `aSecond` of them a second. Resolves when all are answered. */
export async function sendAll(
  webhooks: readonly SentWebhook[],
  { port, path, aSecond }: { readonly port: number; readonly path: string; readonly aSecond: number },
): Promise<Traffic> {
  const agent = new Agent({ keepAlive: true });
  const answersMs: number[] = [];
  const statuses = new Map<number, number>();
  const startMs = performance.now();
  const sent = webhooks.map(async (webhook, index) => {
    await wait((index * 1_000) / aSecond);
    const beginMs = performance.now();
    const status = await send(webhook, { port, path, agent }).catch(() => 0);
    answersMs.push(performance.now() - beginMs);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  await Promise.all(sent);
  agent.destroy();
  return { answersMs: answersMs.toSorted((a, b) => a - b), statuses, tookMs: performance.now() - startMs };
}

async function send(
  { headers, body }: SentWebhook,
  { port, path, agent }: { readonly port: number; readonly path: string; readonly agent: Agent },
): Promise<number> {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers: { ...headers }, agent });
  sent.end(body);
  const [response] = await once(sent, 'response');
  await text(response);
  return response.statusCode ?? 0;
}
