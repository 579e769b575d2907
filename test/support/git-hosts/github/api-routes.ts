/** The calls that a simulated GitHub answers, by the paths of its documentation. */
import { present } from '../../../../src/base/assert.ts';
import { isJsonList, isJsonObject, type JsonObject } from '../../../../src/base/json.ts';
import type { ModelPullRequest, ModelRepository } from '../git-model.ts';
import { treeEntries, blobSha, type Commit } from '../git-objects.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';
import { pageOf, type PathParts, type Routes } from '../routes.ts';
import { appPermissions, type Caller, type GithubAccounts } from './app.ts';
import type { GithubChecks } from './checks.ts';
import {
  apiUrlOf,
  commentOf,
  commitOf,
  fileOf,
  nodeId,
  pullRequestOf,
  repositoryOf,
  simplePullRequestOf,
  timeOf,
  userOf,
  type Place,
} from './documents.ts';

/** What the calls work on. */
export interface GithubState {
  readonly place: Place;
  readonly checks: GithubChecks;
  readonly accounts: GithubAccounts;
}

const missing: HostAnswer = {
  status: 404,
  json: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
};

function refusal(status: number, message: string): HostAnswer {
  return { status, json: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } };
}

interface Call {
  readonly repository: ModelRepository;
  readonly request: HostRequest;
  readonly parts: PathParts;
  readonly body: JsonObject;
  readonly caller: Caller;
}

/** A call about a repository, with the permission it takes. */
type RepositoryCall = (state: GithubState, call: Call) => HostAnswer;

const ok = (json: unknown, headers: Readonly<Record<string, string>> = {}): HostAnswer => ({
  status: 200,
  json,
  headers,
});

/** All calls. `callerOf` says who makes a request that is known to be authenticated. */
export function githubRoutes(state: GithubState, callerOf: (request: HostRequest) => Caller): Routes {
  const { place } = state;
  const about =
    (permission: string, level: 'read' | 'write', answer: RepositoryCall) =>
    (request: HostRequest, parts: PathParts): HostAnswer => {
      const caller = callerOf(request);
      const repository = place.model.repository(parts['owner'] ?? '', parts['repo'] ?? '');
      if (repository === undefined) return missing;
      const refused = refusalFor(caller, repository, permission, level);
      const body = isJsonObject(request.json) ? request.json : {};
      return refused ?? answer(state, { repository, request, parts, body, caller });
    };
  const asApp =
    (answer: (request: HostRequest, parts: PathParts) => HostAnswer) =>
    (request: HostRequest, parts: PathParts): HostAnswer =>
      callerOf(request).kind === 'app' ? answer(request, parts) : refusal(401, 'A JSON web token could not be decoded');
  const repo = '/repos/{owner}/{repo}';
  return {
    'GET /user': (request) => ownUser(state, callerOf(request)),
    'GET /app': asApp(() => ok(state.checks.application())),
    [`GET ${repo}/installation`]: asApp((_request, parts) => installationOf(state, parts)),
    'POST /app/installations/{id}/access_tokens': asApp((request, parts) => issueToken(state, request, parts)),
    [`GET ${repo}`]: about('metadata', 'read', (_state, { repository }) => ok(repositoryOf(place, repository))),
    [`GET ${repo}/git/trees/{sha}`]: about('contents', 'read', tree),
    [`GET ${repo}/git/blobs/{sha}`]: about('contents', 'read', blob),
    [`GET ${repo}/contents/{path+}`]: about('contents', 'read', contents),
    [`GET ${repo}/commits/{ref}`]: about('contents', 'read', commit),
    [`GET ${repo}/compare/{basehead}`]: about('contents', 'read', compare),
    [`GET ${repo}/commits/{sha}/pulls`]: about('pull_requests', 'read', pullsOfCommit),
    [`GET ${repo}/pulls/{number}`]: about('pull_requests', 'read', pull),
    [`GET ${repo}/pulls/{number}/files`]: about('pull_requests', 'read', pullFiles),
    [`GET ${repo}/issues/{number}/comments`]: about('issues', 'read', comments),
    [`POST ${repo}/issues/{number}/comments`]: about('issues', 'write', addComment),
    [`PATCH ${repo}/issues/comments/{id}`]: about('issues', 'write', changeComment),
    [`GET ${repo}/collaborators/{login}/permission`]: about('metadata', 'read', permissionOf),
    [`GET ${repo}/commits/{sha}/check-runs`]: about('checks', 'read', listChecks),
    [`POST ${repo}/check-runs`]: about('checks', 'write', createCheck),
    [`PATCH ${repo}/check-runs/{id}`]: about('checks', 'write', updateCheck),
    [`POST ${repo}/statuses/{sha}`]: about('statuses', 'write', postStatus),
    [`GET ${repo}/commits/{sha}/status`]: about('statuses', 'read', combinedStatus),
    'GET /orgs/{org}/teams/{slug}/memberships/{login}': (_request, parts) => membership(state, parts),
    'GET /orgs/{org}/teams/{slug}': (_request, parts) => team(state, parts),
  };
}

function refusalFor(
  caller: Caller,
  repository: ModelRepository,
  permission: string,
  level: 'read' | 'write',
): HostAnswer | undefined {
  if (caller.kind === 'app') return refusal(403, 'Resource not accessible by integration');
  if (caller.kind === 'user') {
    if (permission === 'checks' && level === 'write') return refusal(403, 'You must authenticate via a GitHub App.');
    const own = repository.permissions.get(caller.login.toLowerCase());
    return level === 'write' && (own === undefined || own === 'read') ? missing : undefined;
  }
  // What is public may be read with any token.
  if (repository.isElsewhere) return level === 'read' ? undefined : missing;
  if (caller.repositories !== undefined && !caller.repositories.has(repository.name.toLowerCase())) return missing;
  const granted = caller.permissions[permission];
  const enough = granted === 'write' || (granted === 'read' && level === 'read');
  return enough ? undefined : refusal(403, 'Resource not accessible by integration');
}

function ownUser({ place }: GithubState, caller: Caller): HostAnswer {
  if (caller.kind !== 'user') return refusal(403, 'Resource not accessible by integration');
  const at = '2026-01-01T00:00:00Z';
  return ok({
    ...userOf(place, caller.login),
    name: null,
    company: null,
    blog: null,
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: at,
    updated_at: at,
  });
}

function installationOf({ place, accounts }: GithubState, parts: PathParts): HostAnswer {
  const repository = place.model.repository(parts['owner'] ?? '', parts['repo'] ?? '');
  if (repository === undefined) return missing;
  const id = accounts.installationId;
  return ok({
    id,
    account: userOf(place, repository.owner),
    app_id: accounts.applicationId,
    app_slug: accounts.slug,
    target_id: place.model.user(repository.owner).id,
    target_type: 'Organization',
    repository_selection: 'all',
    access_tokens_url: `${place.api}/app/installations/${id}/access_tokens`,
    repositories_url: `${place.api}/installation/repositories`,
    html_url: `${place.web}/settings/installations/${id}`,
    permissions: appPermissions,
    events: ['push'],
    single_file_name: null,
    suspended_at: null,
    suspended_by: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  });
}

function issueToken({ accounts, place }: GithubState, request: HostRequest, parts: PathParts): HostAnswer {
  if (parts['id'] !== String(accounts.installationId)) return missing;
  const body = isJsonObject(request.json) ? request.json : {};
  const names = isJsonList(body['repositories']) ? body['repositories'].map(String) : undefined;
  const reached = place.model.repositories.filter(({ isElsewhere }) => !isElsewhere);
  const unknown = names?.find((name) => !reached.some((each) => each.name === name));
  const wanted = body['permissions'];
  const permissions = isJsonObject(wanted) ? (wanted as Readonly<Record<string, string>>) : undefined;
  const tooMuch = Object.entries(permissions ?? {}).find(([name, level]) => !covers(appPermissions[name], level));
  if (unknown !== undefined) {
    return refusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  }
  if (tooMuch !== undefined) return refusal(422, 'The permissions requested are not granted to this installation.');
  return accounts.issue(names, permissions);
}

function covers(granted: string | undefined, wanted: string): boolean {
  return granted === 'write' || granted === wanted;
}

function tree({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const wanted = parts['sha'] ?? '';
  for (const each of repository.commits.values()) {
    const entries = treeEntries(each.tree);
    const root = each.sha === wanted ? entries[0] : entries.find(({ type, sha }) => type === 'tree' && sha === wanted);
    if (root === undefined) continue;
    const prefix = root.path === '' ? '' : `${root.path}/`;
    const below = entries.slice(1).filter(({ path }) => path.startsWith(prefix));
    const shown = request.query.has('recursive')
      ? below
      : below.filter(({ path }) => !path.slice(prefix.length).includes('/'));
    const url = `${apiUrlOf(place, repository)}/git`;
    return ok({
      sha: root.sha,
      url: `${url}/trees/${root.sha}`,
      tree: shown.map(({ path, mode, type, sha, size }) => ({
        path: path.slice(prefix.length),
        mode,
        type,
        sha,
        ...(size === undefined ? {} : { size }),
        url: `${url}/${type}s/${sha}`,
      })),
      truncated: false,
    });
  }
  return missing;
}

function blob({ place }: GithubState, { repository, parts }: Call): HostAnswer {
  const sha = parts['sha'] ?? '';
  for (const each of repository.commits.values()) {
    const text = [...each.tree.values()].find((content) => blobSha(content) === sha);
    if (text === undefined) continue;
    return ok({
      sha,
      node_id: nodeId('Blob', sha),
      url: `${apiUrlOf(place, repository)}/git/blobs/${sha}`,
      size: Buffer.byteLength(text),
      content: inLines(text),
      encoding: 'base64',
    });
  }
  return missing;
}

/** Base64 in lines of 60, as GitHub writes it. */
function inLines(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll(/.{60}/g, '$&\n');
}

function contents({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const ref = request.query.get('ref') ?? repository.defaultBranch;
  const at = repository.resolve(ref);
  const path = parts['path'] ?? '';
  const text = at?.tree.get(path);
  const entry = at === undefined ? undefined : treeEntries(at.tree).find((each) => each.path === path);
  if (at === undefined || entry === undefined) return missing;
  const url = `${apiUrlOf(place, repository)}/contents/${path}?ref=${ref}`;
  const html = `${place.web}/${repository.fullName}/blob/${at.sha}/${path}`;
  const gitUrl = `${apiUrlOf(place, repository)}/git/${entry.type}s/${entry.sha}`;
  const common = (name: string, type: string, sha: string, size: number): JsonObject => ({
    name: name.split('/').at(-1) ?? '',
    path: name,
    sha,
    size,
    url,
    html_url: html,
    git_url: gitUrl,
    download_url: html,
    type,
    _links: { self: url, git: gitUrl, html },
  });
  if (text !== undefined) {
    const file = common(path, 'file', entry.sha, Buffer.byteLength(text));
    const isLarge = Buffer.byteLength(text) > 1024 * 1024;
    return ok({ ...file, content: isLarge ? '' : inLines(text), encoding: isLarge ? 'none' : 'base64' });
  }
  const below = treeEntries(at.tree).filter((each) => each.path.startsWith(`${path}/`));
  const direct = below.filter((each) => !each.path.slice(path.length + 1).includes('/'));
  return ok(direct.map((each) => common(each.path, each.type === 'tree' ? 'dir' : 'file', each.sha, each.size ?? 0)));
}

/** What a call names: a sha, `heads/NAME`, `tags/NAME` or a name. */
function commitAt(repository: ModelRepository, ref: string): Commit | undefined {
  return repository.resolve(/^(?:heads|tags)\//.test(ref) ? `refs/${ref}` : ref);
}

function commit({ place }: GithubState, { repository, parts }: Call): HostAnswer {
  const ref = parts['ref'] ?? '';
  const found = commitAt(repository, ref);
  if (found === undefined) return refusal(422, `No commit found for SHA: ${ref}`);
  const parent = found.parents[0];
  return ok(commitOf(place, repository, found, repository.changes(parent ?? '', found.sha, true)));
}

/** Files of a comparison that are told at most. */
const comparedFilesMax = 300;

function compare({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const [base = '', head = ''] = (parts['basehead'] ?? '').split('...');
  const from = commitAt(repository, base);
  const to = commitAt(repository, head);
  const middle = from && to ? repository.mergeBase(from.sha, to.sha) : undefined;
  if (from === undefined || to === undefined || middle === undefined) return missing;
  const known = new Set(repository.historyOf(from.sha).map(({ sha }) => sha));
  const ahead = repository.historyOf(to.sha).filter(({ sha }) => !known.has(sha));
  const ofHead = new Set(repository.historyOf(to.sha).map(({ sha }) => sha));
  const behind = repository.historyOf(from.sha).filter(({ sha }) => !ofHead.has(sha)).length;
  const url = `${apiUrlOf(place, repository)}/compare/${base}...${head}`;
  const web = `${place.web}/${repository.fullName}/compare/${base}...${head}`;
  const status = ahead.length > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical';
  const { items, headers } = pageOf(request, ahead.toReversed(), { origin: place.api, sizeDefault: 250 });
  const files = repository.changes(from.sha, to.sha).slice(0, comparedFilesMax);
  const isFirst = (request.query.get('page') ?? '1') === '1';
  return ok(
    {
      url,
      html_url: web,
      permalink_url: web,
      diff_url: `${web}.diff`,
      patch_url: `${web}.patch`,
      base_commit: commitOf(place, repository, from),
      merge_base_commit: commitOf(place, repository, middle),
      status,
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: items.map((each) => commitOf(place, repository, each)),
      ...(isFirst ? { files: files.map((file) => fileOf(place, repository, to, file)) } : {}),
    },
    headers,
  );
}

function pullOf(repository: ModelRepository, parts: PathParts): ModelPullRequest | undefined {
  return repository.pulls.get(Number(parts['number']));
}

function pull({ place }: GithubState, { repository, parts }: Call): HostAnswer {
  const found = pullOf(repository, parts);
  return found === undefined ? missing : ok(pullRequestOf(place, repository, found));
}

function pullsOfCommit({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const sha = parts['sha'] ?? '';
  if (!repository.commits.has(sha)) return refusal(422, `No commit found for SHA: ${sha}`);
  const found = [...repository.pulls.values()].filter((each) =>
    repository.historyOf(repository.headSha(each)).some((commitOfPull) => commitOfPull.sha === sha),
  );
  const { items, headers } = pageOf(request, found, { origin: place.api });
  return ok(
    items.map((each) => simplePullRequestOf(place, repository, each)),
    headers,
  );
}

/** Files of a pull request that are told at most. */
const pullFilesMax = 3_000;

function pullFiles({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const found = pullOf(repository, parts);
  if (found === undefined) return missing;
  const head = present(repository.commits.get(repository.headSha(found)), 'a head is a commit');
  const files = repository.changes(repository.baseSha(found), head.sha).slice(0, pullFilesMax);
  const { items, headers } = pageOf(request, files, { origin: place.api });
  return ok(
    items.map((file) => fileOf(place, repository, head, file)),
    headers,
  );
}

function comments({ place }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const found = pullOf(repository, parts);
  if (found === undefined) return missing;
  const { items, headers } = pageOf(request, found.comments, { origin: place.api });
  return ok(
    items.map((each) => commentOf(place, repository, found, each)),
    headers,
  );
}

function addComment({ place, accounts }: GithubState, { repository, parts, body, caller }: Call): HostAnswer {
  const found = pullOf(repository, parts);
  if (found === undefined) return missing;
  const text = String(body['body'] ?? '');
  if (text === '' || text.length > 65_536) return refusal(422, 'Validation Failed');
  const author = caller.kind === 'user' ? caller.login : `${accounts.slug}[bot]`;
  return { status: 201, json: commentOf(place, repository, found, repository.addComment(found, author, text)) };
}

function changeComment({ place }: GithubState, { repository, parts, body }: Call): HostAnswer {
  for (const each of repository.pulls.values()) {
    const comment = each.comments.find(({ id }) => id === Number(parts['id']));
    if (comment === undefined) continue;
    comment.body = String(body['body'] ?? '');
    comment.updatedAtMs = place.model.clock.now();
    return ok(commentOf(place, repository, each, comment));
  }
  return missing;
}

function permissionOf({ place }: GithubState, { repository, parts }: Call): HostAnswer {
  const login = parts['login'] ?? '';
  if (!place.model.users.has(login.toLowerCase())) return missing;
  // All repositories here are public: everybody may read them.
  const level = repository.permissions.get(login.toLowerCase()) ?? 'read';
  return ok({ permission: level, role_name: level, user: { ...userOf(place, login), role_name: level } });
}

function listChecks({ place, checks }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const found = commitAt(repository, parts['sha'] ?? '');
  if (found === undefined) return refusal(422, `No commit found for SHA: ${parts['sha'] ?? ''}`);
  const runs = checks.list(repository, found.sha, request.query);
  const { items, headers } = pageOf(request, runs, { origin: place.api });
  return ok({ total_count: runs.length, check_runs: items.map((run) => checks.document(run)) }, headers);
}

function createCheck({ checks }: GithubState, { repository, body }: Call): HostAnswer {
  return checks.create(repository, body);
}

function updateCheck({ checks }: GithubState, { repository, parts, body }: Call): HostAnswer {
  return checks.update(repository, Number(parts['id']), body);
}

function postStatus({ checks, accounts }: GithubState, { repository, parts, body, caller }: Call): HostAnswer {
  const creator = caller.kind === 'user' ? caller.login : `${accounts.slug}[bot]`;
  return checks.postStatus(repository, parts['sha'] ?? '', body, creator);
}

function combinedStatus({ place, checks }: GithubState, { repository, request, parts }: Call): HostAnswer {
  const sha = parts['sha'] ?? '';
  if (!repository.commits.has(sha)) return missing;
  const { items, headers } = pageOf(request, checks.combined(repository, sha), { origin: place.api });
  return ok(checks.combinedDocument(repository, sha, items), headers);
}

function membership({ place }: GithubState, parts: PathParts): HostAnswer {
  const user = place.model.users.get((parts['login'] ?? '').toLowerCase());
  if (user?.teams.includes(parts['slug'] ?? '') !== true) return missing;
  const url = `${place.api}/organizations/1/team/1/memberships/${user.login}`;
  return ok({ url, role: 'member', state: 'active' });
}

function team({ place }: GithubState, parts: PathParts): HostAnswer {
  const slug = parts['slug'] ?? '';
  const members = [...place.model.users.values()].filter(({ teams }) => teams.includes(slug));
  if (members.length === 0) return missing;
  const org = parts['org'] ?? '';
  const url = `${place.api}/orgs/${org}/teams/${slug}`;
  const at = timeOf(0);
  return ok({
    id: 1,
    node_id: nodeId('Team', slug),
    url,
    html_url: `${place.web}/orgs/${org}/teams/${slug}`,
    name: slug,
    slug,
    type: 'organization',
    description: null,
    permission: 'pull',
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    created_at: at,
    updated_at: at,
    members_count: members.length,
    repos_count: 0,
    organization: {
      login: org,
      id: place.model.user(org).id,
      node_id: nodeId('Organization', org),
      url: `${place.api}/orgs/${org}`,
      repos_url: `${place.api}/orgs/${org}/repos`,
      events_url: `${place.api}/orgs/${org}/events`,
      hooks_url: `${place.api}/orgs/${org}/hooks`,
      issues_url: `${place.api}/orgs/${org}/issues`,
      members_url: `${place.api}/orgs/${org}/members{/member}`,
      public_members_url: `${place.api}/orgs/${org}/public_members{/member}`,
      avatar_url: `${place.web}/avatars/${org}`,
      description: null,
      html_url: `${place.web}/${org}`,
      has_organization_projects: true,
      has_repository_projects: true,
      public_repos: 0,
      public_gists: 0,
      followers: 0,
      following: 0,
      type: 'Organization',
      created_at: at,
      updated_at: at,
      archived_at: null,
    },
  });
}
