import type { Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { liveSettings, type LiveSettings } from '../../forge/kinds/live-settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { podLogs, secretValuesBy, settingsData } from '../api-reads.ts';
import type { ReadLog } from '../excerpts.ts';
import type { DetailsKey } from './details-key.ts';
import { type DetailsPage, pageAt, signedPath } from './details-path.ts';
import { contentSecurityPolicy, htmlPage } from './html-page.ts';
import { plainPage } from './plain-page.ts';
import { prefersPlainText } from './preferred-form.ts';
import { readPage, type PageReaderOptions, type ReadPage } from './read-page.ts';

/** Pages that are made at a time, so that whoever opens many is no burden to the API. */
export const pagesAtOnceMax = 4;
/** Most that wait for their turn; beyond it the answer is to come again. */
export const pagesWaitingMax = 32;
/** When who found no room is to come again, in seconds. */
const retryAfterSeconds = 5;

/** A request for a page. */
export interface DetailsRequest {
  readonly method: string;
  /** What follows the address of the pages, as it was sent: `/runs/…`. */
  readonly path: string;
  readonly accept: string | undefined;
}

export interface DetailsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers requests for pages. Never rejects. */
export type DetailsPages = (request: DetailsRequest) => Promise<DetailsAnswer>;

export interface DetailsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly key: DetailsKey;
  readonly systemNamespace: string;
  /** Only objects in this namespace may be read; absent = in all. */
  readonly namespace?: string;
  /** Reads logs of steps that have ended. Default: from their pods, by the API. */
  readonly readLog?: ReadLog;
  /** Where the pages are unless the settings say it. */
  readonly ownAddress: Promise<string | undefined>;
}

/** The pages that statuses lead to, for those who have the link: without its signature there is nothing here. */
export function createDetailsPages(options: DetailsOptions): DetailsPages {
  const details = new Details(options);
  return async (request) => {
    try {
      return await details.answer(request);
    } catch (thrown) {
      options.logger.warn('a page of details could not be made', { error: errorText(thrown) });
      return later('This page cannot be made at the moment: the API does not answer. Try again soon.');
    }
  };
}

class Details {
  readonly #options: DetailsOptions;
  readonly #reader: PageReaderOptions;
  readonly #settings: LiveSettings;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(options: DetailsOptions) {
    const { client, clock, logger, systemNamespace, readLog = podLogs(client) } = options;
    this.#options = options;
    this.#reader = { ...options, readLog, secretValues: secretValuesBy(client) };
    this.#settings = liveSettings({ read: () => settingsData(client, systemNamespace), clock, logger });
  }

  async answer({ method, path, accept }: DetailsRequest): Promise<DetailsAnswer> {
    const key = await this.#options.key.existing();
    const page = key === undefined ? undefined : pageAt(key, path);
    if (key === undefined || page === undefined) return notFound;
    if (method !== 'GET' && method !== 'HEAD')
      return { ...plain(405, 'only GET'), headers: { ...base, allow: 'GET, HEAD' } };
    if (!(await this.#takeTurn())) return later('Too many pages are being made at the moment. Try again soon.');
    try {
      await this.#settings.refresh();
      const read = await readPage(this.#reader, page, this.#settings.current());
      return await this.#shown(read, { key, page, isPlain: prefersPlainText(accept) });
    } finally {
      // The turn goes to who waits longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else next();
    }
  }

  async #shown(
    { page, isGone }: ReadPage,
    { key, page: here, isPlain }: { readonly key: string; readonly page: DetailsPage; readonly isPlain: boolean },
  ): Promise<DetailsAnswer> {
    const status = isGone ? 410 : 200;
    if (!isPlain) {
      // From where the page is: nobody needs to know what stands in front of it.
      const up = '../'.repeat(here.kind === 'run' ? 3 : 2);
      const body = htmlPage(page, (other) => `${up}${signedPath(key, other).slice(1)}`);
      return { status, headers: { ...base, 'content-type': 'text/html; charset=utf-8' }, body };
    }
    const address = this.#settings.current().detailsUrl ?? (await this.#options.ownAddress);
    const addressOf = (other: DetailsPage): string | undefined =>
      address === undefined ? undefined : `${address}${signedPath(key, other)}`;
    return plain(status, plainPage(page, addressOf));
  }

  /** Waits for a turn; false when there is no room to wait. */
  async #takeTurn(): Promise<boolean> {
    if (this.#busy < pagesAtOnceMax) {
      this.#busy++;
      return true;
    }
    if (this.#waiting.length >= pagesWaitingMax) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }
}

/** The address is the key to the page: nobody is told of it, keeps it or looks for it. */
const base: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
  vary: 'accept',
};

function plain(status: number, body: string): DetailsAnswer {
  return { status, headers: { ...base, 'content-type': 'text/plain; charset=utf-8' }, body };
}

const notFound: DetailsAnswer = plain(404, 'not found\n');

function later(message: string): DetailsAnswer {
  const answer = plain(503, `${message}\n`);
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
}
