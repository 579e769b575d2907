/** A GitHub Enterprise Server that is simulated: its API under `/api/v3`, its state in memory. */
import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import { systemClock } from '../../../../src/base/system-clock.ts';
import type { ForgeAccess } from '../../../../src/forge/forge-directory.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository } from '../git-model.ts';
import { projectAt } from '../held-model.ts';
import { startHostServer, type HostAnswer, type HostRequest, type HostServer } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { FaultPlan, Files, SeenStatus, SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { githubRoutes } from './api-routes.ts';
import { GithubAccounts, type Caller } from './app.ts';
import { GithubChecks } from './checks.ts';
import type { Place } from './documents.ts';
import { publishedApi, type PublishedApi } from './published-api.ts';
import { GithubWebhookBuilder, type GithubWebhooks } from './webhooks.ts';

export interface GithubHost extends SimulatedHost {
  readonly webhooks: GithubWebhooks;
  /** As the App, and as a person with a token. */
  readonly appAccess: ForgeAccess;
  readonly tokenAccess: ForgeAccess;
  readonly app: GithubAccounts;
  readonly model: GitModel;
  readonly checks: GithubChecks;
  /** What is left of the hour's calls; 0 = refused until the reset. */
  readonly limit: { remaining: number; resetAtMs: number };
  /** The next calls that change something are refused for a secondary limit; without `retryAfterSeconds`, in words only. */
  refuseWrites(times: number, retryAfterSeconds?: number): void;
}

export interface GithubHostOptions {
  readonly clock?: Clock;
  /** What `access` is. Default `app`. */
  readonly credential?: 'app' | 'token';
  /** Whether calls are compared with the published description, where it is installed. Default true. */
  readonly compared?: boolean;
}

const apiPath = '/api/v3';
const callsOfHour = 5_000;
const hourMs = 3_600_000;

export async function startGithubHost(options: GithubHostOptions = {}): Promise<GithubHost> {
  const clock = options.clock ?? systemClock;
  const model = new GitModel(clock);
  const accounts = new GithubAccounts(clock);
  const log = new StatusLog();
  const violations: string[] = [];
  const limits: GithubLimits = {
    hour: { remaining: callsOfHour, resetAtMs: clock.now() + hourMs },
    secondary: { times: 0, retryAfterSeconds: undefined },
  };
  // The address is known once the server listens; nothing is asked before.
  const place: { web: string; api: string; readonly model: GitModel } = { web: '', api: '', model };
  const checks = new GithubChecks(place, log, accounts);
  const answer = githubAnswers({ place, checks, accounts, limits, clock });
  const server = await startHostServer({
    clock,
    answer: judgedAnswers(answer, violations, options.compared === false ? undefined : publishedApi()),
    error: errorOf,
    commonHeaders: () => headersOf(limits),
  });
  place.web = server.url;
  place.api = `${server.url}${apiPath}`;
  return new SimulatedGithub({ server, place, checks, accounts, log, violations, limits, options });
}

interface GithubLimits {
  readonly hour: { remaining: number; resetAtMs: number };
  readonly secondary: { times: number; retryAfterSeconds: number | undefined };
}

interface GithubParts {
  readonly server: HostServer;
  readonly place: Place;
  readonly checks: GithubChecks;
  readonly accounts: GithubAccounts;
  readonly log: StatusLog;
  readonly violations: readonly string[];
  readonly limits: GithubLimits;
  readonly options: GithubHostOptions;
}

class SimulatedGithub implements GithubHost {
  readonly kind = 'github';
  readonly url: string;
  readonly webhookSecret = 'simulated-github-secret';
  readonly access: ForgeAccess;
  readonly appAccess: ForgeAccess;
  readonly tokenAccess: ForgeAccess;
  readonly app: GithubAccounts;
  readonly model: GitModel;
  readonly checks: GithubChecks;
  readonly limit: { remaining: number; resetAtMs: number };
  readonly faults: FaultPlan;
  readonly requests: readonly string[];
  readonly violations: readonly string[];
  readonly webhooks: GithubWebhooks;
  readonly #parts: GithubParts;

  constructor(parts: GithubParts) {
    const { server, place, accounts, checks } = parts;
    const { applicationId, privateKey, installationId } = accounts;
    const isApp = parts.options.credential !== 'token';
    this.#parts = parts;
    this.url = server.url;
    this.appAccess = {
      kind: 'github',
      webUrl: server.url,
      credential: { type: 'github-app', applicationId, privateKey, installationId },
    };
    this.tokenAccess = {
      kind: 'github',
      webUrl: server.url,
      credential: { type: 'token', token: accounts.userToken },
    };
    this.access = isApp ? this.appAccess : this.tokenAccess;
    this.app = accounts;
    this.model = place.model;
    this.checks = checks;
    this.limit = parts.limits.hour;
    this.faults = server.faults;
    this.requests = server.requests;
    this.violations = parts.violations;
    this.webhooks = new GithubWebhookBuilder({
      place,
      checks,
      secret: this.webhookSecret,
      installationId: isApp ? installationId : undefined,
      repositoryOf: (project) => this.#find(project),
    });
  }

  refuseWrites(times: number, retryAfterSeconds?: number): void {
    Object.assign(this.#parts.limits.secondary, { times, retryAfterSeconds });
  }

  addProject(owner: string, name: string, files?: Files): Project {
    const repository = this.model.addRepository(owner, name, files);
    repository.permissions.set(this.app.userLogin, 'write');
    return projectAt(this.url, repository);
  }

  addUser(login: string, options: Parameters<SimulatedHost['addUser']>[1] = {}): void {
    this.model.user(login, options.teams);
    for (const project of options.writes ?? []) this.#find(project).permissions.set(login.toLowerCase(), 'write');
  }

  commit(project: Project, branch: string, files: Files, options?: Parameters<SimulatedHost['commit']>[3]): string {
    return this.#find(project).commit(branch, files, options);
  }

  fork(project: Project, owner: string): Project {
    return projectAt(this.url, this.model.fork(this.#find(project), owner));
  }

  statuses(project: Project, sha: string): readonly SeenStatus[] {
    return this.#parts.log.of(project, sha);
  }

  comments(project: Project, number: number): readonly { readonly author: string; readonly body: string }[] {
    const pull = present(this.#find(project).pulls.get(number), `there is a pull request ${number}`);
    return pull.comments.map(({ author, body }) => ({ author, body }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#parts.server[Symbol.asyncDispose]());
  }

  #find({ owner, name }: Project): ModelRepository {
    return present(this.model.repository(owner, name), `${owner}/${name} is there`);
  }
}

/** The answers of the API, below its path; what should not have been asked or answered is noted. */
function judgedAnswers(
  answer: (request: HostRequest) => HostAnswer | undefined,
  violations: string[],
  published: PublishedApi | undefined,
): (request: HostRequest) => HostAnswer {
  return (request) => {
    if (!request.path.startsWith(`${apiPath}/`)) return errorOf(404, 'Not Found');
    const path = request.path.slice(apiPath.length);
    const given = answer({ ...request, path });
    if (given === undefined) violations.push(`${request.method} ${path}: GitHub has no such call`);
    else violations.push(...(published?.violationsOf(request, path, given) ?? []));
    return given ?? errorOf(404, 'Not Found');
  };
}

function headersOf({ hour }: GithubLimits): Readonly<Record<string, string>> {
  return {
    'x-github-request-id': 'SIMULATED',
    'x-ratelimit-limit': String(callsOfHour),
    'x-ratelimit-remaining': String(hour.remaining),
    'x-ratelimit-used': String(callsOfHour - hour.remaining),
    'x-ratelimit-reset': String(Math.ceil(hour.resetAtMs / 1000)),
    'x-ratelimit-resource': 'core',
  };
}

function errorOf(status: number, message: string): HostAnswer {
  return { status, json: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } };
}

/** Authentication and limits, then the call itself. undefined = there is no such call. */
function githubAnswers(options: {
  readonly place: Place;
  readonly checks: GithubChecks;
  readonly accounts: GithubAccounts;
  readonly limits: GithubLimits;
  readonly clock: Clock;
}): (request: HostRequest) => HostAnswer | undefined {
  const { accounts, clock } = options;
  const { hour, secondary } = options.limits;
  const callers = new WeakMap<HostRequest, Caller>();
  const route = routerOf(
    githubRoutes(options, (request) => present(callers.get(request), 'the request was authenticated')),
  );
  return (request) => {
    const caller = accounts.callerOf(request);
    if (typeof caller === 'string') return errorOf(401, caller);
    if (clock.now() >= hour.resetAtMs) Object.assign(hour, { remaining: callsOfHour, resetAtMs: clock.now() + hourMs });
    if (hour.remaining <= 0) return errorOf(403, 'API rate limit exceeded for installation.');
    hour.remaining--;
    if (request.method !== 'GET' && secondary.times > 0) {
      secondary.times--;
      const { retryAfterSeconds } = secondary;
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { ...errorOf(403, 'You have exceeded a secondary rate limit. Please wait a few minutes.'), headers };
    }
    callers.set(request, caller);
    return route(request) as HostAnswer | undefined;
  };
}
