import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '../base/errors.ts';
import type { Logger } from '../telemetry/logger.ts';

/** One thing that must be well before the process counts as ready. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What a person should know, well or not. */
  readonly detail: string;
}

/** What {@link createHealthMount} needs. */
export interface HealthMountOptions {
  /** Asked for each question; ready when all are. */
  readonly readiness: () => readonly ReadinessCheck[];
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly logger: Logger;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/**
 * Answers `/healthz` (and `/livez`): the process runs; `/readyz`: it is of use, with a line for each check; and `/metrics`.
 * For probes and scrapers: nothing can be changed and nothing secret is shown.
 */
export function createHealthMount(
  options: HealthMountOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    request.resume();
    const page = await pageOf(request, options).catch((thrown: unknown): Page => {
      options.logger.error('a health page could not be made', { url: request.url, error: errorText(thrown) });
      return plain(500, 'internal error\n');
    });
    response.writeHead(page.status, { 'content-type': page.contentType, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : page.text);
  };
}

async function pageOf({ method, url = '/' }: IncomingMessage, options: HealthMountOptions): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD\n');
  const [path] = url.split('?');
  switch (path) {
    case '/healthz':
    case '/livez':
      return plain(200, 'ok\n');
    case '/readyz':
      return readinessPage(options.readiness());
    case '/metrics':
      return { status: 200, contentType: options.metrics.contentType, text: await options.metrics.text() };
    default:
      return plain(404, 'not found: /healthz, /readyz and /metrics are here\n');
  }
}

function readinessPage(checks: readonly ReadinessCheck[]): Page {
  const lines = checks.map(({ name, ok, detail }) => `${ok ? '[+]' : '[-]'}${name}: ${detail}\n`);
  return plain(checks.every(({ ok }) => ok) ? 200 : 503, lines.join(''));
}

function plain(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', text };
}
