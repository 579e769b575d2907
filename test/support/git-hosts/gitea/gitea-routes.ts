/** The endpoints of Gitea's API (v1) that its swagger describes and a CI system needs. */
import { isJsonObject } from '../../../../src/base/json.ts';
import { blobSha, treeEntries } from '../git-objects.ts';
import type { GitModel, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';
import { pageOf, type PathParts, type Routes } from '../routes.ts';
import * as json from './gitea-json.ts';
import type { StatusRow } from './gitea-json.ts';

/** What the endpoints work on. */
export interface GiteaState {
  /** Address of the server. */
  url: string;
  readonly model: GitModel;
  readonly tokens: ReadonlyMap<string, ModelUser>;
  readonly statuses: StatusRow[];
  /** `[api] MAX_RESPONSE_ITEMS`: an administrator may set less than is asked for. */
  pageSizeMax: number;
  readonly violations: string[];
  /** A status was posted. */
  readonly posted: (row: StatusRow) => void;
}

interface Call {
  readonly request: HostRequest;
  readonly parts: PathParts;
  readonly user: ModelUser;
  readonly repository: ModelRepository;
}

const pageNames = ['page', 'limit'];
const states: readonly string[] = ['pending', 'success', 'error', 'failure', 'warning'];
const base = '/api/v1/repos/{owner}/{repo}';

export function giteaRoutes(state: GiteaState): Routes {
  return {
    ...peopleRoutes(state),
    ...contentRoutes(state),
    ...commitRoutes(state),
    ...statusRoutes(state),
    ...pullRequestRoutes(state),
    ...commentRoutes(state),
  };
}

function peopleRoutes(state: GiteaState): Routes {
  const { model } = state;
  const teamsOf = (org: string): readonly { readonly id: number; readonly name: string }[] => {
    const names = [...model.users.values()].flatMap((user) => user.teams);
    return [...new Set(names)]
      .filter((team) => team.startsWith(`${org}/`) || !team.includes('/'))
      .map((team, index) => ({ id: index + 1, name: team.split('/').at(-1) ?? team }));
  };
  const orgs = new Set<string>();
  return {
    'GET /api/v1/user': (request) => withUser(state, request, [], (user) => ok(json.userJson(state.url, user))),
    'GET /api/v1/orgs/{org}/teams/search': (request, parts) =>
      withUser(state, request, ['q', 'include_desc', ...pageNames], () => {
        const org = parts['org'] ?? '';
        if (!model.repositories.some((repository) => repository.owner === org)) return notFound();
        orgs.add(org);
        const wanted = request.query.get('q')?.toLowerCase() ?? '';
        const data = teamsOf(org).filter((team) => team.name.toLowerCase().includes(wanted));
        return ok({ ok: true, data });
      }),
    'GET /api/v1/teams/{id}/members/{login}': (request, parts) =>
      withUser(state, request, [], () => {
        const member = model.users.get(parts['login']?.toLowerCase() ?? '');
        const isMember = [...orgs].some((org) => {
          const team = teamsOf(org).find(({ id }) => String(id) === parts['id']);
          return member?.teams.some((each) => each === team?.name || each === `${org}/${team?.name ?? ''}`) === true;
        });
        return isMember && member !== undefined ? ok(json.userJson(state.url, member)) : notFound();
      }),
    [`GET ${base}/collaborators/{login}/permission`]: repo(state, [], ({ repository, parts, user }) => {
      const asked = model.users.get(parts['login']?.toLowerCase() ?? '');
      if (asked === undefined) return notFound();
      const isAdministrator = repository.permissions.get(user.login.toLowerCase()) === 'admin';
      if (!isAdministrator && asked !== user) return refused(403, 'Only admins can query all permissions');
      const login = asked.login.toLowerCase();
      const own = repository.permissions.get(login);
      const permission = login === repository.owner.toLowerCase() ? 'owner' : (own ?? 'read');
      return ok({ permission, role_name: permission, user: json.userJson(state.url, asked) });
    }),
  };
}

function contentRoutes(state: GiteaState): Routes {
  return {
    [`GET ${base}`]: repo(state, [], ({ repository }) => ok(json.repositoryJson(state.url, state.model, repository))),
    [`GET ${base}/contents`]: repo(state, ['ref'], (call) => contents(call, '')),
    [`GET ${base}/contents/{path+}`]: repo(state, ['ref'], (call) => contents(call, call.parts['path'] ?? '')),
    [`GET ${base}/git/trees/{sha}`]: repo(state, ['recursive', 'page', 'per_page'], tree),
    [`GET ${base}/git/blobs/{sha}`]: repo(state, [], ({ repository, parts }) => {
      for (const commit of repository.commits.values()) {
        for (const text of commit.tree.values()) if (blobSha(text) === parts['sha']) return ok(blobJson(text));
      }
      return notFound();
    }),
  };
}

function blobJson(text: string): json.Members {
  const bytes = Buffer.from(text);
  return { sha: blobSha(text), size: bytes.length, encoding: 'base64', content: bytes.toString('base64') };
}

function contents({ request, repository }: Call, path: string): HostAnswer {
  const commit = repository.resolve(request.query.get('ref') ?? repository.defaultBranch);
  if (commit === undefined) return notFound();
  const text = commit.tree.get(path);
  if (text !== undefined) return ok({ name: path.split('/').at(-1), path, type: 'file', ...blobJson(text) });
  const prefix = path === '' ? '' : `${path}/`;
  const below = treeEntries(commit.tree).filter(
    (entry) => entry.path !== '' && entry.path.startsWith(prefix) && !entry.path.slice(prefix.length).includes('/'),
  );
  if (below.length === 0) return notFound();
  return ok(
    below.map((entry) => ({
      name: entry.path.split('/').at(-1),
      path: entry.path,
      sha: entry.sha,
      type: entry.type === 'tree' ? 'dir' : 'file',
      size: entry.size ?? 0,
      content: null,
      encoding: null,
    })),
  );
}

/** A tree by its own id, or by that of a commit; paths are from the tree. */
function tree({ request, repository, parts }: Call): HostAnswer {
  const { query } = request;
  for (const commit of repository.commits.values()) {
    const all = treeEntries(commit.tree);
    const root =
      commit.sha === parts['sha'] ? all[0] : all.find((entry) => entry.type === 'tree' && entry.sha === parts['sha']);
    if (root === undefined) continue;
    const prefix = root.path === '' ? '' : `${root.path}/`;
    const recursive = query.get('recursive') === 'true';
    const below = all
      .filter((entry) => entry.path !== '' && entry.path.startsWith(prefix))
      .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }))
      .filter((entry) => recursive || !entry.path.includes('/'));
    const size = Math.min(1000, Number(query.get('per_page') ?? 1000));
    const page = Math.max(1, Number(query.get('page') ?? 1));
    const truncated = page * size < below.length;
    return ok({
      sha: root.sha,
      page,
      total_count: below.length,
      truncated,
      tree: below.slice((page - 1) * size, page * size),
    });
  }
  return refused(400, 'sha not found');
}

function commitRoutes(state: GiteaState): Routes {
  return {
    [`GET ${base}/git/commits/{sha}`]: repo(
      state,
      ['stat', 'verification', 'files'],
      ({ repository, parts, request }) => {
        const commit = repository.resolve(parts['sha'] ?? '');
        if (commit === undefined) return notFound();
        const { files, ...others } = json.commitJson(state.url, repository, commit);
        return ok(request.query.get('files') === 'false' ? others : { ...others, files });
      },
    ),
    [`GET ${base}/branches/{name+}`]: repo(state, [], ({ repository, parts }) => {
      const commit = repository.resolve(`refs/heads/${parts['name'] ?? ''}`);
      if (commit === undefined) return notFound();
      return ok({ name: parts['name'], commit: json.payloadCommitJson(state.url, repository, commit) });
    }),
    [`GET ${base}/tags/{name+}`]: repo(state, [], ({ repository, parts }) => {
      const commit = repository.resolve(`refs/tags/${parts['name'] ?? ''}`);
      return commit === undefined
        ? notFound()
        : ok({ name: parts['name'], id: commit.sha, commit: { sha: commit.sha } });
    }),
    [`GET ${base}/compare/{span+}`]: repo(state, [], ({ repository, parts }) => {
      const [from, to] = (parts['span'] ?? '').split('...').map((ref) => repository.resolve(ref));
      if (from === undefined || to === undefined) return notFound();
      const old = new Set(repository.historyOf(from.sha).map(({ sha }) => sha));
      const commits = repository.historyOf(to.sha).filter(({ sha }) => !old.has(sha));
      return ok({
        total_commits: commits.length,
        commits: commits.map((commit) => json.commitJson(state.url, repository, commit)),
      });
    }),
  };
}

function statusRoutes(state: GiteaState): Routes {
  return {
    [`GET ${base}/statuses/{sha}`]: repo(state, ['sort', 'state', ...pageNames], ({ request, repository, parts }) => {
      const rows = state.statuses.filter((row) => row.repository === repository && row.sha === parts['sha']);
      const newestFirst = request.query.get('sort') === 'highestindex' ? rows.toReversed() : rows;
      return paged(
        state,
        request,
        newestFirst.map((row) => json.statusJson(state.url, row)),
      );
    }),
    [`POST ${base}/statuses/{sha}`]: repo(state, [], ({ request, repository, parts, user }) => {
      const body = bodyOf(state, request, ['state', 'context', 'description', 'target_url']);
      if (!mayWrite(repository, user)) return refused(403, 'user should have a permission to write to the repo');
      const sha = parts['sha'] ?? '';
      if (!repository.commits.has(sha)) return notFound();
      if (!states.includes(textOf(body['state']))) state.violations.push(`no state ${textOf(body['state'])}`);
      const row: StatusRow = {
        id: state.model.nextId(),
        repository,
        sha,
        state: textOf(body['state']),
        context: textOf(body['context']) || 'default',
        description: textOf(body['description']),
        targetUrl: textOf(body['target_url']),
        creator: user,
        atMs: state.model.clock.now(),
      };
      state.statuses.push(row);
      state.posted(row);
      return { status: 201, json: json.statusJson(state.url, row) };
    }),
  };
}

function pullRequestRoutes(state: GiteaState): Routes {
  const shown = (repository: ModelRepository, pull: ModelPullRequest): json.Members =>
    json.pullRequestJson(state.url, state.model, repository, pull);
  return {
    [`GET ${base}/pulls`]: repo(
      state,
      ['state', 'sort', 'milestone', 'labels', ...pageNames],
      ({ request, repository }) => {
        const wanted = request.query.get('state') ?? 'open';
        const fits = (pull: ModelPullRequest): boolean =>
          wanted === 'all' || (pull.state === 'open') === (wanted === 'open');
        const pulls = [...repository.pulls.values()].filter(fits);
        return paged(
          state,
          request,
          pulls.map((pull) => shown(repository, pull)),
        );
      },
    ),
    [`GET ${base}/pulls/{number}`]: pullRequest(state, [], ({ repository }, pull) => ok(shown(repository, pull))),
    [`GET ${base}/pulls/{number}/files`]: pullRequest(
      state,
      ['skip-to', 'whitespace', ...pageNames],
      ({ request, repository }, pull) => {
        const changes = repository.changes(repository.baseSha(pull), repository.headSha(pull));
        return paged(state, request, changes.map(json.changedFileJson));
      },
    ),
  };
}

function commentRoutes(state: GiteaState): Routes {
  const shown = (repository: ModelRepository, pull: ModelPullRequest, comment: ModelPullRequest['comments'][number]) =>
    json.commentJson(state.url, state.model, { repository, pull }, comment);
  return {
    [`GET ${base}/issues/{number}/comments`]: pullRequest(state, ['since', 'before'], ({ repository }, pull) =>
      ok(pull.comments.map((comment) => shown(repository, pull, comment))),
    ),
    [`POST ${base}/issues/{number}/comments`]: pullRequest(state, [], ({ request, repository, user }, pull) => {
      const { body } = bodyOf(state, request, ['body', 'updated_at']);
      if (textOf(body) === '') return refused(422, '[Body]: Required');
      const comment = repository.addComment(pull, user.login, textOf(body));
      return { status: 201, json: shown(repository, pull, comment) };
    }),
    [`PATCH ${base}/issues/comments/{id}`]: repo(state, [], ({ request, repository, parts, user }) => {
      const { body } = bodyOf(state, request, ['body', 'updated_at']);
      for (const pull of repository.pulls.values()) {
        const comment = pull.comments.find(({ id }) => String(id) === parts['id']);
        if (comment === undefined) continue;
        if (comment.author !== user.login) return refused(403, 'Forbidden');
        comment.body = textOf(body);
        comment.updatedAtMs = state.model.clock.now();
        return ok(shown(repository, pull, comment));
      }
      return notFound();
    }),
  };
}

function pullRequest(
  state: GiteaState,
  names: readonly string[],
  handler: (call: Call, pull: ModelPullRequest) => HostAnswer,
): Routes[string] {
  return repo(state, names, (call) => {
    const pull = call.repository.pulls.get(Number(call.parts['number']));
    return pull === undefined ? notFound() : handler(call, pull);
  });
}

/** A handler for a repository; `names` are the documented query parameters. */
function repo(state: GiteaState, names: readonly string[], handler: (call: Call) => HostAnswer): Routes[string] {
  return (request, parts) =>
    withUser(state, request, names, (user) => {
      const repository = state.model.repository(parts['owner'] ?? '', parts['repo'] ?? '');
      return repository === undefined ? notFound() : handler({ request, parts, user, repository });
    });
}

function withUser(
  state: GiteaState,
  request: HostRequest,
  names: readonly string[],
  handler: (user: ModelUser) => HostAnswer,
): HostAnswer {
  for (const name of request.query.keys()) {
    if (!names.includes(name)) state.violations.push(`${request.method} ${request.path}: no query parameter ${name}`);
  }
  const token = /^(?:token|bearer) (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
  const user = state.tokens.get(token ?? '');
  return user === undefined ? refused(401, 'invalid username, password or token') : handler(user);
}

function bodyOf(state: GiteaState, request: HostRequest, names: readonly string[]): Readonly<Record<string, unknown>> {
  const body = isJsonObject(request.json) ? request.json : {};
  if (!request.headers['content-type']?.startsWith('application/json')) state.violations.push('a body that is no JSON');
  for (const name of Object.keys(body)) {
    if (!names.includes(name)) state.violations.push(`${request.method} ${request.path}: no member ${name}`);
  }
  return body;
}

function mayWrite(repository: ModelRepository, user: ModelUser): boolean {
  return ['write', 'admin'].includes(repository.permissions.get(user.login.toLowerCase()) ?? '');
}

function paged(state: GiteaState, request: HostRequest, items: readonly unknown[]): HostAnswer {
  const paging = { origin: state.url, sizeName: 'limit', sizeDefault: state.pageSizeMax, sizeMax: state.pageSizeMax };
  const { items: shown, headers } = pageOf(request, items, paging);
  return { status: 200, json: shown, headers: { ...headers, 'x-total-count': String(items.length) } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function ok(value: unknown): HostAnswer {
  return { status: 200, json: value };
}

function notFound(): HostAnswer {
  return refused(404, 'The target could not be found.');
}

function refused(status: number, message: string): HostAnswer {
  return { status, json: { message, url: 'https://gitea.example.org/api/swagger' } };
}
