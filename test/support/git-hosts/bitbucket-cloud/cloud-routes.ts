/** The endpoints of Bitbucket Cloud's API 2.0 that its documentation describes and a CI system needs. */
import { isJsonObject, type JsonObject } from '../../../../src/base/json.ts';
import { present } from '../../../../src/base/assert.ts';
import type { GitModel, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { Commit, FileChange } from '../git-objects.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';
import type { PathParts, Routes } from '../routes.ts';
import * as json from './cloud-json.ts';

/** What the endpoints work on. */
export interface CloudState {
  url: string;
  readonly model: GitModel;
  /** Account by the value of `Authorization`. */
  readonly logins: Map<string, ModelUser>;
  /** By `workspace/repository sha key`. */
  readonly builds: Map<string, json.Build>;
  readonly violations: string[];
  /** The token's account administers the workspace: only then may it ask for everybody's permissions. */
  administrator: boolean;
  readonly changed: (repository: ModelRepository, sha: string, build: json.Build) => void;
}

interface Call {
  readonly request: HostRequest;
  readonly parts: PathParts;
  readonly user: ModelUser;
  readonly repository: ModelRepository;
}

const root = '/2.0/repositories/{workspace}/{repo}';
const keyCharactersMax = 40;
const textCharactersMax = 255;
const buildStates: readonly unknown[] = ['SUCCESSFUL', 'FAILED', 'INPROGRESS', 'STOPPED'];
const buildMembers: readonly string[] = ['key', 'state', 'name', 'description', 'url', 'refname'];

export function failure(status: number, message: string): HostAnswer {
  return { status, json: { type: 'error', error: { message } } };
}

export function cloudRoutes(state: CloudState): Routes {
  const routes: Record<string, (call: Call) => HostAnswer> = {
    ...repositoryRoutes(state),
    ...statusRoutes(state),
    ...pullRequestRoutes(state),
    ...peopleRoutes(state),
  };
  const entries = Object.entries(routes).map(([line, handler]) => [line, granted(state, handler)] as const);
  return Object.fromEntries(entries);
}

/** Only accounts that are known, and repositories they may see. */
function granted(state: CloudState, handler: (call: Call) => HostAnswer): Routes[string] {
  return (request, parts) => {
    const user = state.logins.get(request.headers['authorization'] ?? '');
    if (user === undefined) return failure(401, 'Token is invalid, expired, or not supported for this endpoint.');
    const repository = state.model.repository(parts['workspace'] ?? '', parts['repo'] ?? '');
    if (repository === undefined || !repository.permissions.has(user.login.toLowerCase())) {
      return failure(404, `You may not have access to this repository or it no longer exists in this workspace.`);
    }
    return handler({ request, parts, user, repository });
  };
}

function ok(body: object, status = 200): HostAnswer {
  return { status, json: body };
}

/** A page of a list; the next one is an address. */
function listed(state: CloudState, { request }: Call, items: readonly object[], lengthMax = 100): HostAnswer {
  const pagelen = Number(request.query.get('pagelen') ?? 10);
  if (!Number.isInteger(pagelen) || pagelen < 1 || pagelen > lengthMax) return failure(400, 'Invalid pagelen');
  const page = Number(request.query.get('page') ?? 1);
  const query = new URLSearchParams(request.query);
  query.set('page', String(page + 1));
  const next = items.length > page * pagelen ? { next: `${state.url}${request.path}?${query.toString()}` } : {};
  return ok({ pagelen, page, size: items.length, values: items.slice((page - 1) * pagelen, page * pagelen), ...next });
}

/** A commit of this very repository: those of a fork stay in the fork until they are merged. */
function commitIn(repository: ModelRepository, name = ''): Commit | undefined {
  const commit = repository.resolve(name);
  const tips = [...repository.branches.values(), ...repository.tags.values()];
  return tips.some((tip) => repository.historyOf(tip).some(({ sha }) => sha === commit?.sha)) ? commit : undefined;
}

function repositoryRoutes(state: CloudState): Record<string, (call: Call) => HostAnswer> {
  const commit = ({ repository, parts }: Call): HostAnswer => {
    const found = /^[0-9a-f]{7,40}$/.test(parts['commit'] ?? '') ? commitIn(repository, parts['commit']) : undefined;
    return found ? ok(json.commitJson(state.url, repository, found)) : failure(404, 'Commit not found');
  };
  const ref =
    (prefix: string) =>
    ({ repository, parts }: Call): HostAnswer => {
      const found = repository.resolve(`${prefix}${parts['name'] ?? ''}`);
      if (found === undefined) return failure(404, `No such ref: ${parts['name'] ?? ''}`);
      return ok({ type: 'branch', name: parts['name'], target: json.commitJson(state.url, repository, found) });
    };
  return {
    [`GET ${root}`]: ({ repository }) => ok(json.repositoryJson(state.url, repository)),
    [`GET ${root}/commit/{commit}`]: commit,
    [`GET ${root}/refs/branches/{name}`]: ref('refs/heads/'),
    [`GET ${root}/refs/tags/{name}`]: ref('refs/tags/'),
    [`GET ${root}/src/{commit}/`]: (call) => source(state, call, ''),
    [`GET ${root}/src/{commit}/{path+}`]: (call) => source(state, call, (call.parts['path'] ?? '').replace(/\/$/, '')),
    [`GET ${root}/diffstat/{spec}`]: (call) => diffstat(state, call),
  };
}

/** A file as it is, or the entries of a folder, with those below it down to `max_depth`. */
function source(state: CloudState, call: Call, path: string): HostAnswer {
  const { repository, parts, request } = call;
  const commit = commitIn(repository, parts['commit']);
  if (commit === undefined) return failure(404, 'Commit not found');
  const text = commit.tree.get(path);
  // The type follows from the name, as for pages.
  if (text !== undefined) return { status: 200, text, headers: { 'content-type': contentType(path) } };
  const prefix = path === '' ? '' : `${path}/`;
  const depthMax = Number(request.query.get('max_depth') ?? 1);
  const entries = new Map<string, object>();
  for (const [file, content] of commit.tree) {
    if (!file.startsWith(prefix)) continue;
    const below = file.slice(prefix.length).split('/');
    for (let depth = 1; depth <= Math.min(below.length, depthMax); depth++) {
      const name = prefix + below.slice(0, depth).join('/');
      if (depth < below.length) entries.set(name, { type: 'commit_directory', path: name });
      else entries.set(name, { type: 'commit_file', path: name, size: Buffer.byteLength(content), attributes: [] });
    }
  }
  return entries.size === 0
    ? failure(404, `No such file or directory: ${path}`)
    : listed(state, call, [...entries.values()]);
}

function contentType(path: string): string {
  return path.endsWith('.json') ? 'application/json' : 'text/plain; charset=utf-8';
}

/** `A..B`: what A has and B has not. `topic` compares with where A left B. */
function diffstat(state: CloudState, call: Call): HostAnswer {
  const { repository, parts, request } = call;
  const [to = '', from] = (parts['spec'] ?? '').split('..');
  const head = repository.resolve(to);
  const base = from === undefined ? head?.parents[0] : repository.resolve(from)?.sha;
  if (head === undefined || (from !== undefined && base === undefined)) return failure(404, 'Commit not found');
  const direct = from === undefined || request.query.get('topic') === 'false';
  const changes: readonly FileChange[] = repository.changes(base ?? '', head.sha, direct);
  return listed(state, call, changes.map(json.changeJson), 5_000);
}

function statusRoutes(state: CloudState): Record<string, (call: Call) => HostAnswer> {
  const path = `${root}/commit/{commit}/statuses/build`;
  const keyOf = ({ repository, parts }: Call, sha: string, key = parts['key'] ?? ''): string =>
    `${repository.fullName} ${sha} ${key}`;
  return {
    [`POST ${path}`]: (call) => {
      const sha = commitIn(call.repository, call.parts['commit'])?.sha;
      if (sha === undefined) return failure(404, 'Commit not found');
      if (call.repository.permissions.get(call.user.login.toLowerCase()) === 'read') return failure(403, 'Forbidden');
      const read = readBuild(state, call.request);
      if ('status' in read) return read;
      const key = keyOf(call, sha, read.key);
      const isNew = JSON.stringify(state.builds.get(key)) !== JSON.stringify(read);
      state.builds.set(key, read);
      if (isNew) state.changed(call.repository, sha, read);
      return ok(json.buildJson(state.url, call.repository, sha, read), 201);
    },
    [`GET ${path}/{key}`]: (call) => {
      const sha = commitIn(call.repository, call.parts['commit'])?.sha ?? '';
      const build = state.builds.get(keyOf(call, sha));
      return build ? ok(json.buildJson(state.url, call.repository, sha, build)) : failure(404, 'Status not found');
    },
  };
}

function readBuild(state: CloudState, request: HostRequest): json.Build | HostAnswer {
  const body: JsonObject = isJsonObject(request.json) ? request.json : {};
  const unknown = Object.keys(body).filter((name) => !buildMembers.includes(name));
  if (unknown.length > 0) state.violations.push(`${request.path}: ${unknown.join(', ')} is not documented`);
  const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '');
  const [key, url, name, description] = [text('key'), text('url'), text('name'), text('description')];
  const bad =
    key === '' || [...key].length > keyCharactersMax
      ? 'key'
      : !buildStates.includes(body['state'])
        ? 'state'
        : !/^https?:\/\//.test(url)
          ? 'url'
          : [name, description].some((value) => [...value].length > textCharactersMax)
            ? 'name, description'
            : undefined;
  return bad === undefined
    ? { key, state: text('state'), name, description, url }
    : failure(400, `Bad request: ${bad}`);
}

function pullRequestRoutes(state: CloudState): Record<string, (call: Call) => HostAnswer> {
  const path = `${root}/pullrequests`;
  const of =
    (handler: (call: Call, pull: ModelPullRequest) => HostAnswer) =>
    (call: Call): HostAnswer => {
      const pull = call.repository.pulls.get(Number(call.parts['number']));
      return pull ? handler(call, pull) : failure(404, 'Pull request not found');
    };
  const shown = (repository: ModelRepository, pull: ModelPullRequest): object =>
    json.pullRequestJson(state.url, state.model, repository, pull);
  return {
    [`GET ${path}`]: (call) => {
      const open = [...call.repository.pulls.values()].filter((pull) => pull.state === 'open');
      if (call.request.query.get('state') !== 'OPEN') state.violations.push('only open ones are simulated');
      return listed(
        state,
        call,
        open.map((pull) => shown(call.repository, pull)),
        50,
      );
    },
    [`GET ${path}/{number}`]: of(({ repository }, pull) => ok(shown(repository, pull))),
    [`GET ${path}/{number}/diffstat`]: of(({ repository }, pull) => {
      const spec = `${repository.headSha(pull)}..${repository.baseSha(pull)}`;
      const location = `${state.url}/2.0/repositories/${repository.fullName}/diffstat/${spec}?topic=true`;
      return { status: 302, headers: { location } };
    }),
    [`GET ${path}/{number}/comments`]: of((call, pull) => {
      const newestFirst = call.request.query.get('sort') === '-created_on';
      const comments = newestFirst ? pull.comments.toReversed() : pull.comments;
      return listed(
        state,
        call,
        comments.map((comment) => json.commentJson(state.model, comment)),
      );
    }),
    [`POST ${path}/{number}/comments`]: of(({ request, repository, user }, pull) => {
      const raw = rawOf(request);
      if (raw === undefined) return failure(400, 'content.raw is required, and has at most 32768 characters');
      return ok(json.commentJson(state.model, repository.addComment(pull, user.login, raw)), 201);
    }),
    [`PUT ${path}/{number}/comments/{comment}`]: of(({ request, parts, user }, pull) => {
      const comment = pull.comments.find(({ id }) => id === Number(parts['comment']));
      const raw = rawOf(request);
      if (comment === undefined) return failure(404, 'Comment not found');
      if (comment.author !== user.login) return failure(403, 'You do not have permission to edit this comment.');
      if (raw === undefined) return failure(400, 'content.raw is required, and has at most 32768 characters');
      comment.body = raw;
      return ok(json.commentJson(state.model, comment));
    }),
  };
}

function rawOf({ json: body }: HostRequest): string | undefined {
  const content = isJsonObject(body) && isJsonObject(body['content']) ? body['content']['raw'] : undefined;
  return typeof content === 'string' && content !== '' && content.length <= 32_768 ? content : undefined;
}

function peopleRoutes(state: CloudState): Record<string, (call: Call) => HostAnswer> {
  const permissionOf = (repository: ModelRepository, user: ModelUser): object => ({
    type: 'repository_permission',
    permission: present(repository.permissions.get(user.login.toLowerCase()), 'has one'),
    user: json.accountJson(user),
    repository: json.repositoryJson(state.url, repository),
  });
  return {
    'GET /2.0/workspaces/{workspace}/permissions/repositories/{repo}': (call) => {
      if (!state.administrator) return failure(403, 'This API is only accessible to workspace administrators');
      const [, uuid] = /^user\.uuid="(.*)"$/.exec(call.request.query.get('q') ?? '') ?? [];
      const users = [...state.model.users.values()]
        .filter((user) => call.repository.permissions.has(user.login.toLowerCase()))
        .filter((user) => uuid === undefined || json.uuidOf(user.id) === uuid);
      return listed(
        state,
        call,
        users.map((user) => permissionOf(call.repository, user)),
      );
    },
    [`GET ${root}/permissions-config/users/{user}`]: ({ repository, parts }) => {
      const user = [...state.model.users.values()].find(({ id }) => json.uuidOf(id) === parts['user']);
      if (user === undefined || !repository.permissions.has(user.login.toLowerCase())) {
        return failure(404, 'Permission not found');
      }
      return ok(permissionOf(repository, user));
    },
  };
}
