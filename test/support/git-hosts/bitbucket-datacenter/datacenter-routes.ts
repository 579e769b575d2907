/** The endpoints of Bitbucket Data Center's REST API that its documentation describes and a CI system needs. */
import { isJsonObject, type JsonObject } from '../../../../src/base/json.ts';
import type {
  GitModel,
  ModelComment,
  ModelPermission,
  ModelPullRequest,
  ModelRepository,
  ModelUser,
} from '../git-model.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';
import type { PathParts, Routes } from '../routes.ts';
import * as json from './datacenter-json.ts';

/** What a key of a commit shows. */
/** Comments are shorter. */
const commentCharactersMax = 32_768;

export interface Build {
  readonly key: string;
  readonly state: string;
  readonly url: string;
  readonly name?: string;
  readonly description?: string;
  readonly buildNumber?: string;
}

/** What the endpoints work on. */
export interface DatacenterState {
  url: string;
  readonly model: GitModel;
  /** Account by the value of `Authorization`. */
  readonly logins: Map<string, ModelUser>;
  /** By `owner/slug sha key`. */
  readonly builds: Map<string, Build>;
  readonly commentVersions: Map<number, number>;
  readonly violations: string[];
  readonly changed: (repository: ModelRepository, sha: string, build: Build) => void;
}

interface Call {
  readonly request: HostRequest;
  readonly parts: PathParts;
  readonly user: ModelUser;
  readonly repository: ModelRepository;
}

type Handler = (call: Call) => HostAnswer;

const api = '/rest/api/1.0';
const root = `${api}/projects/{key}/repos/{slug}`;
const exceptions = 'com.atlassian.bitbucket';
const states: readonly unknown[] = ['SUCCESSFUL', 'FAILED', 'INPROGRESS', 'CANCELLED', 'UNKNOWN'];
const buildMembers: readonly string[] = [
  'key',
  'state',
  'url',
  'name',
  'description',
  'buildNumber',
  'duration',
  'lastUpdated',
  'parent',
  'ref',
  'testResults',
];
/** Longest texts of a build, in characters. */
const lengths: Readonly<Record<string, number>> = { key: 255, name: 255, description: 255, buildNumber: 255, url: 450 };

export function failure(status: number, message: string, exceptionName: string | null = null): HostAnswer {
  return { status, json: { errors: [{ context: null, message, exceptionName }] } };
}

const noCommit = (): HostAnswer => failure(404, 'Commit does not exist', `${exceptions}.commit.NoSuchCommitException`);

export function datacenterRoutes(state: DatacenterState): Routes {
  const ofRepository: Record<string, Handler> = {
    ...repositoryRoutes(state),
    ...pullRequestRoutes(state),
    ...buildRoutes(state),
  };
  const granted = Object.entries(ofRepository).map(([line, handler]) => [line, grantedRepository(state, handler)]);
  return { ...serverRoutes(state), ...(Object.fromEntries(granted) as Routes) };
}

function userOf(state: DatacenterState, request: HostRequest): ModelUser | undefined {
  return state.logins.get(request.headers['authorization'] ?? '');
}

const unauthorized = (): HostAnswer =>
  failure(
    401,
    'Authentication failed. Please check your credentials and try again.',
    `${exceptions}.auth.IncorrectPasswordAuthenticationException`,
  );

function grantedRepository(state: DatacenterState, handler: Handler): Routes[string] {
  return (request, parts) => {
    const user = userOf(state, request);
    if (user === undefined) return unauthorized();
    const repository = state.model.repositories.find(
      (each) => json.keyOf(each) === parts['key'] && each.name === parts['slug'],
    );
    if (repository === undefined || !repository.permissions.has(user.login.toLowerCase())) {
      return failure(404, 'Repository does not exist.', `${exceptions}.repository.NoSuchRepositoryException`);
    }
    return handler({ request, parts, user, repository });
  };
}

function ok(body: object, status = 200): HostAnswer {
  return { status, json: body };
}

/** A page of a list; the next one has a number of where it starts. */
function listed(request: HostRequest, items: readonly unknown[]): HostAnswer {
  const limit = Math.min(1_000, Number(request.query.get('limit') ?? 25));
  const start = Number(request.query.get('start') ?? 0);
  const isLastPage = start + limit >= items.length;
  const values = items.slice(start, start + limit);
  return ok({
    size: values.length,
    limit,
    isLastPage,
    values,
    start,
    nextPageStart: isLastPage ? null : start + limit,
  });
}

const permissionsFor: Readonly<Record<string, readonly ModelPermission[]>> = {
  REPO_READ: ['read', 'write', 'admin'],
  REPO_WRITE: ['write', 'admin'],
  REPO_ADMIN: ['admin'],
};

function serverRoutes(state: DatacenterState): Routes {
  return {
    [`GET ${api}/users`]: (request) => {
      if (userOf(state, request) === undefined) return unauthorized();
      const { query } = request;
      const repository = state.model.repositories.find(
        ({ id }) => String(id) === query.get('permission.1.repositoryId'),
      );
      const wanted = permissionsFor[query.get('permission.1') ?? ''];
      const users = [...state.model.users.values()]
        .filter(({ login }) => login.includes(query.get('filter') ?? ''))
        .filter(({ teams }) => !query.has('group') || teams.includes(query.get('group') ?? ''))
        .filter(({ login }) => !wanted || wanted.includes(repository?.permissions.get(login.toLowerCase()) as 'read'));
      return listed(request, users.map(json.userJson));
    },
  };
}

function keep(state: DatacenterState, repository: ModelRepository, sha: string, build: Build): void {
  const place = `${repository.fullName} ${sha} ${build.key}`;
  const changes = JSON.stringify(state.builds.get(place)) !== JSON.stringify(build);
  state.builds.set(place, build);
  if (changes) state.changed(repository, sha, build);
}

function buildRoutes(state: DatacenterState): Record<string, Handler> {
  const path = `${root}/commits/{commit}/builds`;
  return {
    [`POST ${path}`]: ({ request, parts, repository, user }) => {
      const sha = repository.resolve(parts['commit'] ?? '')?.sha;
      if (sha === undefined) return noCommit();
      if (repository.permissions.get(user.login.toLowerCase()) === undefined) return failure(401, 'Not permitted');
      const build = readBuild(state, request);
      if ('status' in build) return build;
      keep(state, repository, sha, build);
      return { status: 204 };
    },
    [`GET ${path}`]: ({ request, parts, repository }) => {
      const key = request.query.get('key');
      if (key === null) return failure(400, 'key is required');
      const build = state.builds.get(`${repository.fullName} ${parts['commit'] ?? ''} ${key}`);
      return build ? ok(build) : failure(404, 'No such build', `${exceptions}.build.NoSuchBuildStatusException`);
    },
  };
}

function readBuild(state: DatacenterState, request: HostRequest): Build | HostAnswer {
  const body: JsonObject = isJsonObject(request.json) ? request.json : {};
  const unknown = Object.keys(body).filter((name) => !buildMembers.includes(name));
  if (unknown.length > 0) state.violations.push(`${request.path}: ${unknown.join(', ')} is not documented`);
  const tooLong = Object.entries(lengths).find(
    ([name, max]) => typeof body[name] === 'string' && body[name].length > max,
  );
  const missing = ['key', 'url'].find((name) => typeof body[name] !== 'string' || body[name] === '');
  if (!states.includes(body['state'])) return failure(400, 'state is not one of the words');
  if (missing !== undefined) return failure(400, `${missing} is required`);
  if (tooLong !== undefined) return failure(400, `${tooLong[0]} is too long`);
  return body as unknown as Build;
}

function repositoryRoutes(state: DatacenterState): Record<string, Handler> {
  const noPath = (path: string): HostAnswer =>
    failure(404, `The path "${path}" does not exist at revision`, `${exceptions}.content.NoSuchPathException`);
  const files: Handler = ({ request, parts, repository }) => {
    const commit = repository.resolve(request.query.get('at') ?? 'main');
    if (commit === undefined) return noCommit();
    const folder = parts['path'] === undefined ? '' : `${parts['path']}/`;
    const paths = [...commit.tree.keys()].filter((path) => path.startsWith(folder));
    return paths.length === 0
      ? noPath(folder)
      : listed(
          request,
          paths.map((path) => path.slice(folder.length)),
        );
  };
  return {
    [`GET ${root}`]: ({ repository }) => ok(json.repositoryJson(state.url, repository)),
    [`GET ${root}/default-branch`]: ({ repository }) =>
      ok({ id: `refs/heads/${repository.defaultBranch}`, displayId: repository.defaultBranch, type: 'BRANCH' }),
    [`GET ${root}/files/`]: files,
    [`GET ${root}/files/{path+}`]: files,
    [`GET ${root}/raw/{path+}`]: ({ request, parts, repository }) => {
      const commit = repository.resolve(request.query.get('at') ?? 'main');
      if (commit === undefined) return noCommit();
      const text = commit.tree.get(parts['path'] ?? '');
      return text === undefined ? noPath(parts['path'] ?? '') : { status: 200, text };
    },
    [`GET ${root}/commits`]: ({ request, repository }) => {
      const commit = repository.resolve(request.query.get('until') ?? 'main');
      return commit === undefined ? noCommit() : listed(request, repository.historyOf(commit.sha).map(json.commitJson));
    },
    [`GET ${root}/commits/{commit}`]: ({ parts, repository }) => {
      const commit = repository.resolve(parts['commit'] ?? '');
      return commit === undefined ? noCommit() : ok(json.commitJson(commit));
    },
    [`GET ${root}/commits/{commit}/changes`]: ({ request, parts, repository }) => {
      const commit = repository.resolve(parts['commit'] ?? '');
      const since = request.query.get('since');
      const base = since === null ? commit?.parents[0] : repository.resolve(since)?.sha;
      if (commit === undefined || (since !== null && base === undefined)) return noCommit();
      return listed(request, repository.changes(base ?? '', commit.sha, true).map(json.changeJson));
    },
    [`GET ${root}/compare/changes`]: ({ request, repository }) => {
      const [from, to] = ['from', 'to'].map((name) => repository.resolve(request.query.get(name) ?? ''));
      if (from === undefined || to === undefined) return noCommit();
      return listed(request, repository.changes(to.sha, from.sha).map(json.changeJson));
    },
  };
}

function pullRequestRoutes(state: DatacenterState): Record<string, Handler> {
  const path = `${root}/pull-requests/{number}`;
  const of =
    (handler: (call: Call, pull: ModelPullRequest) => HostAnswer): Handler =>
    (call) => {
      const pull = call.repository.pulls.get(Number(call.parts['number']));
      return pull
        ? handler(call, pull)
        : failure(404, 'No such pull request', `${exceptions}.pull.NoSuchPullRequestException`);
    };
  const shown = (repository: ModelRepository, pull: ModelPullRequest): object =>
    json.pullRequestJson(state.url, state.model, repository, pull);
  const comment = (each: ModelComment): object =>
    json.commentJson(state.model, each, state.commentVersions.get(each.id) ?? 0);
  return {
    [`GET ${root}/commits/{commit}/pull-requests`]: ({ request, parts, repository }) => {
      const pulls = [...repository.pulls.values()].filter((pull) =>
        repository.historyOf(repository.headSha(pull)).some(({ sha }) => sha === parts['commit']),
      );
      return listed(
        request,
        pulls.map((pull) => shown(repository, pull)),
      );
    },
    [`GET ${path}`]: of(({ repository }, pull) => ok(shown(repository, pull))),
    [`GET ${path}/changes`]: of(({ request, repository }, pull) =>
      listed(request, repository.changes(repository.baseSha(pull), repository.headSha(pull)).map(json.changeJson)),
    ),
    [`GET ${path}/activities`]: of(({ request }, pull) => {
      const said = pull.comments
        .toReversed()
        .map((each) => ({ id: each.id, action: 'COMMENTED', commentAction: 'ADDED', comment: comment(each) }));
      return listed(request, [...said, { id: 1, action: 'OPENED' }]);
    }),
    [`POST ${path}/comments`]: of(({ request, repository, user }, pull) => {
      const text = textOf(request);
      if (text === undefined) return failure(400, 'text is required');
      if (text.length >= commentCharactersMax)
        return failure(400, 'Please enter a non-empty value less than 32768 characters');
      return ok(comment(repository.addComment(pull, user.login, text)), 201);
    }),
    [`PUT ${path}/comments/{comment}`]: of(({ request, parts, user }, pull) => {
      const known = pull.comments.find(({ id }) => id === Number(parts['comment']));
      const [text, version] = [textOf(request), isJsonObject(request.json) ? request.json['version'] : undefined];
      if (known === undefined) return failure(404, 'No such comment', `${exceptions}.comment.NoSuchCommentException`);
      if (known.author !== user.login) return failure(401, 'You may not edit this comment');
      if (text === undefined) return failure(400, 'text is required');
      if (text.length >= commentCharactersMax)
        return failure(400, 'Please enter a non-empty value less than 32768 characters');
      const current = state.commentVersions.get(known.id) ?? 0;
      if (version !== current) return failure(409, 'You are attempting to modify an old version of this comment');
      known.body = text;
      state.commentVersions.set(known.id, current + 1);
      return ok(comment(known));
    }),
  };
}

function textOf({ json: body }: HostRequest): string | undefined {
  return isJsonObject(body) && typeof body['text'] === 'string' && body['text'] !== '' ? body['text'] : undefined;
}
