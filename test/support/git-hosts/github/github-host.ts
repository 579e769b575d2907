/** A GitHub Enterprise Server that is simulated: its API under `/api/v3`, its state in memory. */
import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import { systemClock } from '../../../../src/base/system-clock.ts';
import type { ForgeAccess } from '../../../../src/forge/forge-directory.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository } from '../git-model.ts';
import { startHostServer, type HostAnswer, type HostRequest } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { githubRoutes } from './api-routes.ts';
import { GithubAccounts, type Caller } from './app.ts';
import { GithubChecks } from './checks.ts';
import type { Place } from './documents.ts';
import { publishedApi } from './published-api.ts';
import { githubWebhooks, type GithubWebhooks } from './webhooks.ts';

export interface GithubHost extends SimulatedHost {
  readonly webhooks: GithubWebhooks;
  /** As the App, and as a person with a token. */
  readonly appAccess: ForgeAccess;
  readonly tokenAccess: ForgeAccess;
  readonly app: GithubAccounts;
  readonly model: GitModel;
  readonly checks: GithubChecks;
  /** What is left of the hour's calls; 0 = refused until the reset. */
  limit: { remaining: number; resetAtMs: number };
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
  const published = options.compared === false ? undefined : publishedApi();
  const limit = { remaining: callsOfHour, resetAtMs: clock.now() + hourMs };
  const secondary = { times: 0, retryAfterSeconds: undefined as number | undefined };
  // The address is known once the server listens; nothing is asked before.
  const place: { web: string; api: string; readonly model: GitModel } = { web: '', api: '', model };
  const checks = new GithubChecks(place, log, accounts);
  const answer = githubAnswers({ place, checks, accounts, limit, secondary, clock });
  const server = await startHostServer({
    clock,
    answer: (request) => {
      const path = request.path.startsWith(apiPath) ? request.path.slice(apiPath.length) : undefined;
      if (path === undefined) return errorOf(404, 'Not Found');
      const given = answer({ ...request, path });
      if (given === undefined) violations.push(`${request.method} ${path}: GitHub has no such call`);
      else violations.push(...(published?.violationsOf(request, path, given) ?? []));
      return given ?? errorOf(404, 'Not Found');
    },
    error: errorOf,
    commonHeaders: () => ({
      'x-github-request-id': 'SIMULATED',
      'x-ratelimit-limit': String(callsOfHour),
      'x-ratelimit-remaining': String(limit.remaining),
      'x-ratelimit-used': String(callsOfHour - limit.remaining),
      'x-ratelimit-reset': String(Math.ceil(limit.resetAtMs / 1000)),
      'x-ratelimit-resource': 'core',
    }),
  });
  place.web = server.url;
  place.api = `${server.url}${apiPath}`;
  const projectOf = (repository: ModelRepository): Project => ({
    url: `${server.url}/${repository.fullName}`,
    owner: repository.owner,
    name: repository.name,
    id: String(repository.id),
    defaultBranch: repository.defaultBranch,
  });
  const find = (project: Project): ModelRepository =>
    present(model.repository(project.owner, project.name), `${project.owner}/${project.name} is there`);
  const appAccess: ForgeAccess = {
    kind: 'github',
    webUrl: server.url,
    credential: {
      type: 'github-app',
      applicationId: accounts.applicationId,
      privateKey: accounts.privateKey,
      installationId: accounts.installationId,
    },
  };
  const tokenAccess: ForgeAccess = {
    kind: 'github',
    webUrl: server.url,
    credential: { type: 'token', token: accounts.userToken },
  };
  const isApp = options.credential !== 'token';
  const webhookSecret = 'simulated-github-secret';
  return {
    kind: 'github',
    url: server.url,
    access: isApp ? appAccess : tokenAccess,
    appAccess,
    tokenAccess,
    app: accounts,
    model,
    checks,
    limit,
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations,
    refuseWrites(times, retryAfterSeconds) {
      Object.assign(secondary, { times, retryAfterSeconds });
    },
    addProject(owner, name, files) {
      const repository = model.addRepository(owner, name, files);
      repository.permissions.set(model.user(accounts.userLogin).login, 'write');
      return projectOf(repository);
    },
    addUser(login, { writes = [], teams = [] } = {}) {
      model.user(login, teams);
      for (const project of writes) find(project).permissions.set(login.toLowerCase(), 'write');
    },
    commit: (project, branch, files, more) => find(project).commit(branch, files, more),
    fork: (project, owner) => projectOf(model.fork(find(project), owner)),
    webhooks: githubWebhooks({
      place,
      checks,
      secret: webhookSecret,
      installationId: isApp ? accounts.installationId : undefined,
      repositoryOf: find,
    }),
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) =>
      present(find(project).pulls.get(number), `there is a pull request ${number}`).comments.map(
        ({ author, body }) => ({
          author,
          body,
        }),
      ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
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
  readonly limit: { remaining: number; resetAtMs: number };
  readonly secondary: { times: number; retryAfterSeconds: number | undefined };
  readonly clock: Clock;
}): (request: HostRequest) => HostAnswer | undefined {
  const { accounts, limit, secondary, clock } = options;
  const callers = new WeakMap<HostRequest, Caller>();
  const route = routerOf(
    githubRoutes(options, (request) => present(callers.get(request), 'the request was authenticated')),
  );
  return (request) => {
    const caller = accounts.callerOf(request);
    if (typeof caller === 'string') return errorOf(401, caller);
    if (clock.now() >= limit.resetAtMs)
      Object.assign(limit, { remaining: callsOfHour, resetAtMs: clock.now() + hourMs });
    if (limit.remaining <= 0) return errorOf(403, 'API rate limit exceeded for installation.');
    limit.remaining--;
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
