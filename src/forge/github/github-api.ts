import { Octokit } from '@octokit/core';
import type { Clock } from '../../base/clock.ts';
import { errorOfAnswer, errorOfThrown, type CallName } from '../calls/forge-problems.ts';
import type { ForgeAccess } from '../forge-directory.ts';
import type { ForgeParts } from '../forge-parts.ts';
import { ForgeError } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { AppTokens, type AskAsApp } from './app-tokens.ts';

/** The version of the API whose documentation we follow. */
const apiVersion = '2022-11-28';

/** GitHub's API under one credential. Every call throws {@link ForgeError}. */
export interface GithubApi {
  /** Name of the API's host, for messages. */
  readonly host: string;
  readonly access: ForgeAccess;
  readonly clock: Clock;
  /** Of a GitHub App; absent = a token. */
  readonly app?: AppTokens;
  /** Calls on behalf of a project: an App's token reaches nothing else. */
  readonly of: (project: Project) => Octokit['request'];
}

/** Base of the API: its own host for github.com and GitHub Enterprise Cloud, a path of the server else. */
export function apiBaseOf({ webUrl, apiUrl }: Pick<ForgeAccess, 'webUrl' | 'apiUrl'>): string {
  const url = new URL(apiUrl ?? webUrl);
  if (url.hostname === 'github.com' || url.hostname === 'www.github.com') return 'https://api.github.com';
  if (url.pathname !== '/' && url.pathname !== '') return url.href.replace(/\/+$/, '');
  if (url.hostname.startsWith('api.')) return url.origin;
  if (url.hostname.endsWith('.ghe.com')) return `${url.protocol}//api.${url.host}`;
  return `${url.origin}/api/v3`;
}

/** Opens the API. The library neither waits nor repeats: that is for the `fetch` given. */
export function openGithubApi(parts: ForgeParts): GithubApi {
  const { access, clock } = parts;
  const baseUrl = apiBaseOf(access);
  const octokit = new Octokit({
    baseUrl,
    userAgent: access.userAgent ?? 'penstock',
    request: { fetch: parts.fetch },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => parts.logger.warn('GitHub warns', { message }),
      error: (message: string) => parts.logger.warn('GitHub answered with an error', { message }),
    },
  });
  const host = new URL(baseUrl).host;
  const as = (authorize: Authorize): Octokit['request'] => authorized({ octokit, host, clock, authorize });
  const { credential } = access;
  if (credential.type === 'token') {
    const { token } = credential;
    const request = as({ header: () => Promise.resolve(`token ${token}`), secrets: [token] });
    return { host, access, clock, of: () => request };
  }
  if (credential.type === 'none') throw new ForgeError('unauthorized', `${host}: there is no credential for it`);
  const ask: AskAsApp = async (route, parameters, jwt) => {
    const request = as({ header: () => Promise.resolve(`bearer ${jwt}`), secrets: [jwt] });
    return (await request(route, parameters)).data;
  };
  const app = new AppTokens({ credential, clock, ask });
  const of = (project: Project): Octokit['request'] =>
    as({
      header: async () => `token ${await app.tokenFor(project)}`,
      refused: () => app.forget(project),
      secrets: [],
    });
  return { host, access, clock, app, of };
}

/** How calls prove who makes them. */
interface Authorize {
  /** The header's value. */
  readonly header: () => Promise<string>;
  /** The credential was not taken; absent = there is no other one to be had. */
  readonly refused?: () => void;
  /** Values that must not stand in messages. */
  readonly secrets: readonly string[];
}

/** `request` of the library, which authorizes each call, tries once more with a new token, and throws {@link ForgeError}. */
function authorized(options: {
  readonly octokit: Octokit;
  readonly host: string;
  readonly clock: Clock;
  readonly authorize: Authorize;
}): Octokit['request'] {
  const { octokit, host, clock, authorize } = options;
  const hook = async (
    send: (parameters: CallParameters) => Promise<CallAnswer>,
    parameters: CallParameters,
  ): Promise<CallAnswer> => {
    for (let tries = 1; ; tries++) {
      const authorization = await authorize.header();
      const name: CallName = {
        host,
        // For messages: nearly every call goes without one.
        get call() {
          return `${parameters.method} ${pathOf(octokit, parameters)}`;
        },
        secrets: [...authorize.secrets, authorization.replace(/^\w+ /, '')],
      };
      try {
        const answer = await send({ ...parameters, headers: { ...parameters.headers, authorization } });
        return checkedAnswer(name, answer);
      } catch (thrown) {
        const error = problemOf(name, thrown, clock.now());
        if (error.problem !== 'unauthorized' || authorize.refused === undefined) throw error;
        authorize.refused();
        if (tries > 1) throw error;
      }
    }
  };
  return octokit.request.defaults({
    headers: { 'x-github-api-version': apiVersion },
    request: { hook },
  });
}

/** What a hook of the library gets: more than is written here. */
interface CallParameters {
  readonly method: string;
  readonly url: string;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface CallAnswer {
  readonly status: number;
  readonly data: unknown;
}

/** The path of a call without the base and the query, for messages. */
function pathOf(octokit: Octokit, parameters: CallParameters): string {
  const { url } = octokit.request.endpoint.parse(
    parameters as unknown as Parameters<typeof octokit.request.endpoint.parse>[0],
  );
  const path = url.startsWith(parameters.baseUrl) ? url.slice(parameters.baseUrl.length) : url;
  return decodeURI(path.split('?')[0] ?? path);
}

/** Everything that is asked for here is JSON: the library gives what is none as text. */
function checkedAnswer(name: CallName, answer: CallAnswer): CallAnswer {
  if (answer.status === 204 || (typeof answer.data === 'object' && answer.data !== null)) return answer;
  throw new ForgeError('bad-answer', `${name.host}: ${name.call}: the answer is not JSON`, { status: answer.status });
}

/** What the library throws for an answer: its own error with the answer inside. */
interface AnswerError {
  readonly status: number;
  readonly message: string;
  readonly response: { readonly headers: Readonly<Record<string, string | undefined>> };
}

function problemOf(name: CallName, thrown: unknown, nowMs: number): ForgeError {
  if (!isAnswerError(thrown)) return errorOfThrown(name, thrown);
  const header = (key: string): string | undefined => thrown.response.headers[key];
  return errorOfAnswer(name, { status: thrown.status, header, text: thrown.message }, nowMs);
}

function isAnswerError(thrown: unknown): thrown is AnswerError {
  return thrown instanceof Error && 'response' in thrown && thrown.response !== undefined;
}

/** The answer, or `undefined` when GitHub says that there is no such thing. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    // 410: issues are switched off. 409: a repository without a commit.
    const missing = thrown instanceof ForgeError && [404, 409, 410].includes(thrown.status ?? 0);
    if (missing) return undefined;
    throw thrown;
  }
}

/** Most entries of a page that GitHub gives. */
export const pageEntriesMax = 100;

interface Page {
  readonly data: unknown;
  readonly headers: { readonly link?: string | undefined };
}

/** The number of the last page of a list, as the header of any page but the last tells it (RFC 8288). */
export function lastPageOf({ headers }: Page): number {
  const last = /[?&]page=(\d+)[^>]*>; rel="last"/.exec(headers.link ?? '')?.[1];
  return last === undefined ? 1 : Number(last);
}

/** Whether a page is followed by another one. */
export function hasNext({ headers }: Page): boolean {
  return /; rel="next"/.test(headers.link ?? '');
}
