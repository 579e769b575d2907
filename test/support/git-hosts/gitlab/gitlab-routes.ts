/** The endpoints of GitLab's REST API (v4) that its documentation describes and a CI system needs. */
import { isJsonObject } from '../../../../src/base/json.ts';
import { treeEntries } from '../git-objects.ts';
import type { GitModel, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';
import { pageOf, type PathParts, type Routes } from '../routes.ts';
import type { CommitStatuses, StatusRow } from './commit-statuses.ts';
import * as json from './gitlab-json.ts';
import type { Members } from './members.ts';

/** What the endpoints work on. */
export interface GitlabState {
  /** Address of the server. */
  url: string;
  readonly model: GitModel;
  readonly members: Members;
  readonly statuses: CommitStatuses;
  /** Account by token. */
  readonly tokens: ReadonlyMap<string, ModelUser>;
  readonly administrators: Set<string>;
  /** Notes that GitLab wrote itself, by id. */
  readonly systemNotes: Set<number>;
  /** Merge requests of which it keeps only so many changes. */
  diffFilesMax: number;
  readonly violations: string[];
  /** A status was made or changed. */
  readonly changed: (row: StatusRow) => void;
}

interface Call {
  readonly request: HostRequest;
  readonly parts: PathParts;
  readonly user: ModelUser;
  readonly repository: ModelRepository;
}

const pageNames = ['page', 'per_page'];
/** Who may post statuses and change things: Developer. */
const developerLevel = 30;

export function gitlabRoutes(state: GitlabState): Routes {
  return { ...peopleRoutes(state), ...repositoryRoutes(state), ...statusRoutes(state), ...mergeRequestRoutes(state) };
}

function peopleRoutes(state: GitlabState): Routes {
  const { members, url } = { members: state.members, url: () => state.url };
  const member = (user: ModelUser, level: number | undefined): HostAnswer =>
    level === undefined
      ? message(404, '404 Not found')
      : ok({
          ...json.userJson(url(), user),
          state: members.stateOf(user),
          membership_state: 'active',
          access_level: level,
          expires_at: null,
        });
  return {
    'GET /api/v4/user': (request) =>
      withUser(state, request, [], (user) =>
        ok({
          ...json.userJson(url(), user),
          ...(state.administrators.has(user.login) ? { is_admin: true } : {}),
        }),
      ),
    'GET /api/v4/users': (request) =>
      withUser(state, request, ['username', ...pageNames], () => {
        const found = state.model.users.get(request.query.get('username')?.toLowerCase() ?? '');
        return ok(found === undefined ? [] : [json.userJson(url(), found)]);
      }),
    'GET /api/v4/projects/{id}/members/all/{user}': project(state, [], ({ repository, parts }) => {
      const user = userById(state, parts['user']);
      return user === undefined ? message(404, '404 Not found') : member(user, members.levelIn(repository, user));
    }),
    'GET /api/v4/groups/{group}': (request, parts) =>
      withUser(state, request, ['with_projects'], () =>
        members.hasGroup(parts['group'] ?? '')
          ? ok({ id: 1, full_path: parts['group'], name: parts['group'] })
          : message(404, '404 Group Not Found'),
      ),
    'GET /api/v4/groups/{group}/members/all/{user}': (request, parts) =>
      withUser(state, request, [], () => {
        const group = parts['group'] ?? '';
        if (!members.hasGroup(group)) return message(404, '404 Group Not Found');
        const user = userById(state, parts['user']);
        return user === undefined ? message(404, '404 Not found') : member(user, members.levelInGroup(group, user));
      }),
  };
}

function repositoryRoutes(state: GitlabState): Routes {
  const base = '/api/v4/projects/{id}';
  return {
    [`GET ${base}`]: project(state, ['statistics', 'license'], ({ repository }) =>
      ok(json.projectJson(state.url, repository)),
    ),
    [`GET ${base}/repository/tree`]: project(
      state,
      ['path', 'ref', 'recursive', 'pagination', 'page_token', ...pageNames],
      (call) => tree(state, call),
    ),
    [`GET ${base}/repository/files/{path}`]: project(state, ['ref'], (call) => file(call)),
    [`GET ${base}/repository/files/{path}/raw`]: project(state, ['ref', 'lfs'], (call) => rawFile(call)),
    [`GET ${base}/repository/commits/{sha}`]: project(state, ['stats'], ({ repository, parts }) => {
      const commit = repository.resolve(parts['sha'] ?? '');
      return commit === undefined
        ? message(404, '404 Commit Not Found')
        : ok(json.commitJson(state.url, repository, commit));
    }),
    [`GET ${base}/repository/commits/{sha}/diff`]: project(state, ['unidiff', ...pageNames], (call) => {
      const commit = call.repository.resolve(call.parts['sha'] ?? '');
      if (commit === undefined) return message(404, '404 Commit Not Found');
      const changes = call.repository.changes(commit.parents[0] ?? '', commit.sha, true);
      return page(state, call.request, changes.map(json.diffJson));
    }),
    [`GET ${base}/repository/branches/{name}`]: project(state, [], ({ repository, parts }) => {
      const commit = repository.resolve(`refs/heads/${parts['name'] ?? ''}`);
      if (commit === undefined) return message(404, '404 Branch Not Found');
      return ok({ name: parts['name'], protected: false, commit: json.commitJson(state.url, repository, commit) });
    }),
    [`GET ${base}/repository/tags/{name}`]: project(state, [], ({ repository, parts }) => {
      const commit = repository.resolve(`refs/tags/${parts['name'] ?? ''}`);
      if (commit === undefined) return message(404, '404 Tag Not Found');
      return ok({
        name: parts['name'],
        target: commit.sha,
        commit: json.commitJson(state.url, repository, commit),
      });
    }),
    [`GET ${base}/repository/compare`]: project(
      state,
      ['from', 'to', 'straight', 'from_project_id', 'unidiff'],
      (call) => compare(state, call),
    ),
  };
}

function tree(state: GitlabState, { request, repository }: Call): HostAnswer {
  const { query } = request;
  const commit = repository.resolve(query.get('ref') ?? repository.defaultBranch);
  if (commit === undefined) return message(404, '404 Tree Not Found');
  const path = query.get('path') ?? '';
  const prefix = path === '' ? '' : `${path.replace(/\/$/, '')}/`;
  const all = treeEntries(commit.tree).filter((entry) => entry.path !== '');
  if (path !== '' && !all.some((entry) => entry.path === path && entry.type === 'tree')) {
    return message(404, '404 Tree Not Found');
  }
  const recursive = query.get('recursive') === 'true';
  const entries = all
    .filter((entry) => entry.path.startsWith(prefix))
    .filter((entry) => recursive || !entry.path.slice(prefix.length).includes('/'))
    .map(({ path: entryPath, mode, type, sha }) => ({
      id: sha,
      name: entryPath.split('/').at(-1),
      type,
      path: entryPath,
      mode: mode === '040000' ? '040000' : mode,
    }));
  return query.get('pagination') === 'keyset' ? keyset(state, request, entries) : page(state, request, entries);
}

/** Keyset paging: the next page is told by a token in the `Link` header, and by nothing else. */
function keyset(
  state: GitlabState,
  request: HostRequest,
  items: readonly { readonly id: string; readonly path: string }[],
): HostAnswer {
  const size = Math.min(100, Number(request.query.get('per_page') ?? 20));
  const token = request.query.get('page_token');
  const start = token === null ? 0 : items.findIndex((item) => `${item.id}:${item.path}` === token) + 1;
  const shown = items.slice(start, start + size);
  const last = shown.at(-1);
  if (last === undefined || start + size >= items.length) return ok(shown);
  const query = new URLSearchParams(request.query);
  query.set('page_token', `${last.id}:${last.path}`);
  return { ...ok(shown), headers: { link: `<${state.url}${request.path}?${query.toString()}>; rel="next"` } };
}

function file({ request, repository, parts }: Call): HostAnswer {
  const ref = request.query.get('ref');
  if (ref === null) return { status: 400, json: { error: 'ref is missing' } };
  const commit = repository.resolve(ref);
  if (commit === undefined) return message(404, '404 Commit Not Found');
  const path = parts['path'] ?? '';
  const text = commit.tree.get(path);
  if (text === undefined) return message(404, '404 File Not Found');
  const bytes = Buffer.from(text);
  return ok({
    file_name: path.split('/').at(-1),
    file_path: path,
    size: bytes.length,
    encoding: 'base64',
    content: bytes.toString('base64'),
    ref,
    commit_id: commit.sha,
  });
}

function rawFile({ request, repository, parts }: Call): HostAnswer {
  const text = repository.resolve(request.query.get('ref') ?? 'HEAD')?.tree.get(parts['path'] ?? '');
  return text === undefined ? message(404, '404 File Not Found') : { status: 200, text };
}

function compare(state: GitlabState, { request, repository }: Call): HostAnswer {
  const from = repository.resolve(request.query.get('from') ?? '');
  const to = repository.resolve(request.query.get('to') ?? '');
  if (from === undefined || to === undefined) return message(404, '404 Not Found');
  const straight = request.query.get('straight') === 'true';
  const changes = repository.changes(from.sha, to.sha, straight);
  return ok({
    commit: json.commitJson(state.url, repository, to),
    commits: [],
    diffs: changes.slice(0, state.diffFilesMax).map(json.diffJson),
    compare_timeout: false,
    compare_same_ref: from.sha === to.sha,
  });
}

function statusRoutes(state: GitlabState): Routes {
  return {
    'GET /api/v4/projects/{id}/repository/commits/{sha}/statuses': project(
      state,
      ['ref', 'stage', 'name', 'pipeline_id', 'order_by', 'sort', 'all', ...pageNames],
      ({ request, repository, parts }) => {
        const sha = parts['sha'] ?? '';
        if (!repository.commits.has(sha)) return message(404, '404 Commit Not Found');
        const { query } = request;
        const fits = (name: string, value: string): boolean => (query.get(name) ?? value) === value;
        const rows = state.statuses
          .list(repository, sha, query.get('all') === 'true')
          .filter((row) => fits('name', row.name) && fits('ref', row.pipeline.ref))
          .filter((row) => fits('pipeline_id', String(row.pipeline.id)));
        return page(state, request, rows.map((row) => json.statusJson(state.url, row)).reverse());
      },
    ),
    'POST /api/v4/projects/{id}/statuses/{sha}': project(state, [], ({ request, repository, parts, user }) => {
      const body = bodyOf(state, request, [
        'state',
        'ref',
        'name',
        'context',
        'target_url',
        'description',
        'coverage',
        'pipeline_id',
      ]);
      if (!mayWrite(state, repository, user)) return message(403, '403 Forbidden');
      const posted = state.statuses.post(repository, parts['sha'] ?? '', body, user);
      if ('refusal' in posted) return posted.refusal;
      state.changed(posted.row);
      return { status: 201, json: json.statusJson(state.url, posted.row) };
    }),
  };
}

function mergeRequestRoutes(state: GitlabState): Routes {
  const base = '/api/v4/projects/{id}/merge_requests/{iid}';
  return {
    'GET /api/v4/projects/{id}/repository/commits/{sha}/merge_requests': project(
      state,
      ['state', ...pageNames],
      ({ request, repository, parts }) => {
        const sha = parts['sha'] ?? '';
        if (!repository.commits.has(sha)) return message(404, '404 Commit Not Found');
        const containing = [...repository.pulls.values()].filter((pull) =>
          repository.historyOf(repository.headSha(pull)).some((commit) => commit.sha === sha),
        );
        return page(
          state,
          request,
          containing.map((pull) => json.mergeRequestJson(state.url, state.model, repository, pull)),
        );
      },
    ),
    [`GET ${base}`]: mergeRequest(state, [], ({ repository }, pull) => ok(oneMergeRequest(state, repository, pull))),
    [`GET ${base}/diffs`]: mergeRequest(state, ['unidiff', ...pageNames], ({ request, repository }, pull) => {
      const changes = repository.changes(repository.baseSha(pull), repository.headSha(pull));
      return page(state, request, changes.slice(0, state.diffFilesMax).map(json.diffJson));
    }),
    [`GET ${base}/notes`]: mergeRequest(
      state,
      ['sort', 'order_by', 'activity_filter', ...pageNames],
      ({ request }, pull) => {
        const notes = pull.comments.map((comment) => noteOf(state, comment));
        return page(state, request, request.query.get('sort') === 'asc' ? notes : notes.toReversed());
      },
    ),
    [`POST ${base}/notes`]: mergeRequest(state, [], ({ request, repository, user }, pull) => {
      const { body } = bodyOf(state, request, ['body', 'created_at', 'internal', 'merge_request_diff_head_sha']);
      if (typeof body !== 'string' || body === '') return { status: 400, json: { error: 'body is missing' } };
      return { status: 201, json: noteOf(state, repository.addComment(pull, user.login, body)) };
    }),
    [`PUT ${base}/notes/{note}`]: mergeRequest(state, [], ({ request, parts, user }, pull) => {
      const { body } = bodyOf(state, request, ['body']);
      const note = pull.comments.find(({ id }) => String(id) === parts['note']);
      if (note === undefined) return message(404, '404 Note Not Found');
      if (note.author !== user.login) return message(403, '403 Forbidden');
      note.body = String(body);
      note.updatedAtMs = state.model.clock.now();
      return ok(noteOf(state, note));
    }),
  };
}

function noteOf(state: GitlabState, comment: ModelPullRequest['comments'][number]): unknown {
  return json.noteJson(state.url, state.model, comment, state.systemNotes.has(comment.id));
}

/** One merge request has members that lists have not: its newest pipeline, and how many files it changes. */
function oneMergeRequest(state: GitlabState, repository: ModelRepository, pull: ModelPullRequest): unknown {
  const head = state.statuses.newestPipeline(
    (pipeline) =>
      pipeline.sha === repository.headSha(pull) &&
      ((pipeline.repository === pull.head.repository && pipeline.ref === pull.head.branch) ||
        pipeline.source === 'merge_request_event'),
  );
  const shown = json.mergeRequestJson(state.url, state.model, repository, pull);
  const overflows = Number(shown['changes_count']) > state.diffFilesMax;
  return {
    ...shown,
    ...(overflows ? { changes_count: `${state.diffFilesMax}+` } : {}),
    head_pipeline: head === undefined ? null : json.pipelineJson(head),
  };
}

function mergeRequest(
  state: GitlabState,
  names: readonly string[],
  handler: (call: Call, pull: ModelPullRequest) => HostAnswer,
): Routes[string] {
  return project(state, names, (call) => {
    const pull = call.repository.pulls.get(Number(call.parts['iid']));
    return pull === undefined ? message(404, '404 Merge Request Not Found') : handler(call, pull);
  });
}

/** A handler for a project; `names` are the documented query parameters. */
function project(state: GitlabState, names: readonly string[], handler: (call: Call) => HostAnswer): Routes[string] {
  return (request, parts) =>
    withUser(state, request, names, (user) => {
      const repository = repositoryOf(state, parts['id'] ?? '');
      if (repository === undefined) return message(404, '404 Project Not Found');
      return handler({ request, parts, user, repository });
    });
}

function withUser(
  state: GitlabState,
  request: HostRequest,
  names: readonly string[],
  handler: (user: ModelUser) => HostAnswer,
): HostAnswer {
  for (const name of request.query.keys()) {
    if (!names.includes(name)) state.violations.push(`${request.method} ${request.path}: no query parameter ${name}`);
  }
  const bearer = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '')?.[1];
  const user = state.tokens.get(request.headers['private-token'] ?? bearer ?? '');
  return user === undefined ? message(401, '401 Unauthorized') : handler(user);
}

function bodyOf(state: GitlabState, request: HostRequest, names: readonly string[]): Readonly<Record<string, unknown>> {
  const body = isJsonObject(request.json) ? request.json : {};
  for (const name of Object.keys(body)) {
    if (!names.includes(name)) state.violations.push(`${request.method} ${request.path}: no parameter ${name}`);
  }
  return body;
}

function repositoryOf(state: GitlabState, id: string): ModelRepository | undefined {
  return state.model.repositories.find(
    (repository) => String(repository.id) === id || repository.fullName.toLowerCase() === id.toLowerCase(),
  );
}

function userById(state: GitlabState, id: string | undefined): ModelUser | undefined {
  return [...state.model.users.values()].find((user) => String(user.id) === id);
}

function mayWrite(state: GitlabState, repository: ModelRepository, user: ModelUser): boolean {
  return state.administrators.has(user.login) || (state.members.levelIn(repository, user) ?? 0) >= developerLevel;
}

function page(state: GitlabState, request: HostRequest, items: readonly unknown[]): HostAnswer {
  const { items: shown, headers } = pageOf(request, items, { origin: state.url, sizeDefault: 20 });
  return { status: 200, json: shown, headers };
}

function ok(value: unknown): HostAnswer {
  return { status: 200, json: value };
}

function message(status: number, text: string): HostAnswer {
  return { status, json: { message: text } };
}
