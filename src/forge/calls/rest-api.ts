import type { Clock } from '../../base/clock.ts';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { FetchLike } from '../../net/outgoing-fetch.ts';
import { ForgeError } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { errorOfAnswer, errorOfThrown } from './forge-problems.ts';
import { readAnswer, readAnswers } from './read-answer.ts';

/** A call of a host's REST API. */
export interface RestCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base, encoded, with its first `/`; or a whole address that the host itself gave. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: Json;
}

/** A host's REST API under one credential. Every call throws {@link ForgeError}. */
export interface RestApi {
  readonly host: string;
  /** The answer as text. */
  text(call: RestCall): Promise<string>;
  /** The answer as JSON, read member by member; what is not as documented is `bad-answer`. */
  read<T>(call: RestCall, read: (reader: PayloadReader) => T): Promise<T>;
  /** All items of a list in pages, at most `itemsMax`: `more` says that there are others. */
  list<T>(call: RestCall, itemsMax: number, read: (reader: PayloadReader) => T): Promise<ListAnswer<T>>;
}

export interface ListAnswer<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

export interface RestApiOptions {
  readonly fetch: FetchLike;
  readonly clock: Clock;
  /** `https://host/base`, without a final `/`. */
  readonly baseUrl: string;
  readonly authorization: string;
  /** Values that must not stand in a message. */
  readonly secrets: readonly string[];
  readonly userAgent?: string;
  /** The call for the page after this answer; undefined = it was the last. */
  readonly nextPage: (call: RestCall, answer: JsonObject) => RestCall | undefined;
}

/** Most pages of one list: a host that never ends a list must not hold us. */
const pagesMax = 200;

/** Opens a REST API. It neither waits nor repeats by itself: that is for the `fetch` given. */
export function openRestApi(options: RestApiOptions): RestApi {
  const host = new URL(options.baseUrl).host;
  const nameOf = (call: RestCall): string => `${call.method ?? 'GET'} ${addressOf(options, call).pathname}`;
  const text = (call: RestCall): Promise<string> => send(options, call, nameOf(call));
  const json = async (call: RestCall): Promise<unknown> => parse(await text(call), `${host}: ${nameOf(call)}`);
  return {
    host,
    text,
    read: async (call, read) => readAnswer(`${host}: ${nameOf(call)}`, await json(call), read),
    async list(first, itemsMax, read) {
      const items = [];
      let call: RestCall | undefined = first;
      for (let page = 0; call !== undefined && page < pagesMax && items.length < itemsMax; page++) {
        const answer = await json(call);
        const what = `${host}: ${nameOf(call)}`;
        if (!isJsonObject(answer)) throw new ForgeError('bad-answer', `${what}: the answer is no object`);
        items.push(...readAnswers(what, answer['values'] ?? [], read));
        call = options.nextPage(call, answer);
      }
      return { items: items.slice(0, itemsMax), more: call !== undefined || items.length > itemsMax };
    },
  };
}

/** What a call gives; undefined where the host says that there is no such thing. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

function addressOf({ baseUrl }: RestApiOptions, { path, query = {} }: RestCall): URL {
  const url = new URL(/^https?:/.test(path) ? path : `${baseUrl}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

async function send(options: RestApiOptions, call: RestCall, name: string): Promise<string> {
  const url = addressOf(options, call);
  const base = new URL(options.baseUrl);
  const named = { host: base.host, call: name, secrets: options.secrets };
  // The address of a next page comes from the host; our credential goes nowhere else.
  if (url.origin !== base.origin) throw new ForgeError('bad-answer', `${base.host}: leads to ${url.origin}`);
  const headers = {
    accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
    authorization: options.authorization,
    ...(options.userAgent === undefined ? {} : { 'user-agent': options.userAgent }),
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  try {
    const response = await options.fetch(url, { method: call.method ?? 'GET', headers, ...body });
    const text = await response.text();
    if (response.ok) return text;
    const header = (key: string): string | undefined => response.headers.get(key) ?? undefined;
    throw errorOfAnswer(named, { status: response.status, header, text }, options.clock.now());
  } catch (thrown) {
    throw errorOfThrown(named, thrown);
  }
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ForgeError('bad-answer', `${what}: the answer is not JSON`, { cause });
  }
}
