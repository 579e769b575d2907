import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelPullRequest, type ModelRepository, type ModelUser } from '../git-model.ts';
import { startHostServer, type HostServer } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { CommitStatuses } from './commit-statuses.ts';
import { gitlabRoutes, type GitlabState } from './gitlab-routes.ts';
import {
  labelMembers,
  mergeRequestWebhook,
  noteWebhook,
  pushWebhook,
  type MergeRequestEvent,
  type WebhookSource,
} from './gitlab-webhooks.ts';
import { Members } from './members.ts';

const token = 'glpat-simulated-token-1';
const otherToken = 'glpat-simulated-token-2';
const webhookSecret = 'gitlab-webhook-secret';
/** Requests a minute that the headers tell of. */
const limit = 2000;

/** A simulated GitLab; besides what all hosts have, what only GitLab has. */
export interface SimulatedGitlab extends SimulatedHost {
  readonly kind: 'gitlab';
  readonly statusRows: CommitStatuses;
  repositoryOf(project: Project): ModelRepository;
  /** A pipeline that GitLab made itself. */
  addPipeline(project: Project, sha: string, ref: string, source: 'push' | 'merge_request_event'): number;
  /** Access level of somebody in a project: 10 Guest, 20 Reporter, 30 Developer, 40 Maintainer. */
  setLevel(project: Project, login: string, level: number): void;
  /** The same in a group, for all projects below it. */
  setGroupLevel(group: string, login: string, level: number): void;
  block(login: string): void;
  /** The token's account is an administrator. */
  makeAdministrator(): void;
  /** Login of the account the standard token belongs to. */
  readonly ownLogin: string;
  /** A second token, of another account with the same rights. */
  readonly otherToken: string;
  /** A note that GitLab writes itself. */
  addSystemNote(project: Project, number: number, body: string): void;
  /** Files of a diff that are kept. */
  limitDiffs(files: number): void;
}

interface Known {
  readonly model: GitModel;
  readonly url: () => string;
  readonly repositoryOf: (project: Project) => ModelRepository;
  readonly pullOf: (project: Project, number: number) => ModelPullRequest;
}

export async function startGitlab(options: { readonly clock: Clock }): Promise<SimulatedGitlab> {
  const model = new GitModel(options.clock);
  const accounts = [model.user('project_1_bot_penstock'), model.user('project_1_bot_other')] as const;
  const [bot] = accounts;
  const log = new StatusLog();
  const state = stateOf(model, accounts, log);
  const server = await startServer(state, options.clock);
  state.url = server.url;
  const known = knownOf(model, () => server.url);
  return {
    kind: 'gitlab',
    url: server.url,
    access: { kind: 'gitlab', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    statusRows: state.statuses,
    repositoryOf: known.repositoryOf,
    ownLogin: bot.login,
    otherToken,
    ...projectsOf(
      known,
      accounts.map((account) => account.login),
    ),
    ...peopleOf(known, state, bot.login),
    addPipeline: (project, sha, ref, kind) =>
      state.statuses.addPipeline(known.repositoryOf(project), sha, ref, kind).id,
    limitDiffs: (files) => {
      state.diffFilesMax = files;
    },
    webhooks: webhooksOf(known),
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) => known.pullOf(project, number).comments.map(({ author, body }) => ({ author, body })),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function stateOf(model: GitModel, [bot, other]: readonly [ModelUser, ModelUser], log: StatusLog): GitlabState {
  return {
    url: '',
    model,
    members: new Members(model),
    statuses: new CommitStatuses(model),
    tokens: new Map([
      [token, bot],
      [otherToken, other],
    ]),
    administrators: new Set(),
    systemNotes: new Set(),
    diffFilesMax: 1000,
    violations: [],
    changed: (row) =>
      log.record({
        project: row.pipeline.repository.fullName,
        sha: row.pipeline.sha,
        context: row.name,
        state: row.status,
        description: row.description ?? '',
        url: row.targetUrl ?? '',
      }),
  };
}

function startServer(state: GitlabState, clock: Clock): Promise<HostServer> {
  const route = routerOf(gitlabRoutes(state));
  return startHostServer({
    clock,
    answer: (request) => {
      const answer = route(request);
      if (answer === undefined) state.violations.push(`${request.method} ${request.path}: no such endpoint`);
      return answer ?? { status: 404, json: { error: '404 Not Found' } };
    },
    error: (status, text) => ({ status, json: { message: `${status} ${text}` } }),
    commonHeaders: () => ({
      'ratelimit-limit': String(limit),
      'ratelimit-observed': '1',
      'ratelimit-remaining': String(limit - 1),
      'ratelimit-reset': String(Math.ceil(clock.now() / 1000) + 60),
      'x-request-id': String(state.model.nextId()),
    }),
  });
}

function knownOf(model: GitModel, url: () => string): Known {
  const repositoryOf = (project: Project): ModelRepository =>
    present(model.repository(project.owner, project.name), 'the project is there');
  const pullOf = (project: Project, number: number): ModelPullRequest =>
    present(repositoryOf(project).pulls.get(number), 'the merge request is there');
  return { model, url, repositoryOf, pullOf };
}

function projectsOf(
  { model, url, repositoryOf }: Known,
  ownLogins: readonly string[],
): Pick<SimulatedHost, 'addProject' | 'addUser' | 'commit' | 'fork'> {
  const projectOf = (repository: ModelRepository): Project => ({
    url: `${url()}/${repository.fullName}`,
    owner: repository.owner,
    name: repository.name,
    id: String(repository.id),
    defaultBranch: repository.defaultBranch,
    cloneUrl: `${url()}/${repository.fullName}.git`,
  });
  return {
    addProject: (owner, name, files) => {
      const repository = model.addRepository(owner, name, files);
      for (const login of ownLogins) repository.permissions.set(login, 'admin');
      return projectOf(repository);
    },
    addUser: (login, { writes = [], teams = [] } = {}) => {
      model.user(login, teams);
      for (const project of writes) repositoryOf(project).permissions.set(login.toLowerCase(), 'write');
    },
    commit: (project, branch, files, options) => repositoryOf(project).commit(branch, files, options),
    fork: (project, owner) => projectOf(model.fork(repositoryOf(project), owner)),
  };
}

function peopleOf(
  { repositoryOf, pullOf }: Known,
  state: GitlabState,
  ownLogin: string,
): Pick<SimulatedGitlab, 'setLevel' | 'setGroupLevel' | 'block' | 'makeAdministrator' | 'addSystemNote'> {
  return {
    setLevel: (project, login, level) => state.members.setLevel(repositoryOf(project), login, level),
    setGroupLevel: (group, login, level) => state.members.setGroupLevel(group, login, level),
    block: (login) => state.members.block(login),
    makeAdministrator: () => void state.administrators.add(ownLogin),
    addSystemNote: (project, number, body) => {
      const note = repositoryOf(project).addComment(pullOf(project, number), ownLogin, body);
      state.systemNotes.add(note.id);
    },
  };
}

function webhooksOf({ model, url, repositoryOf, pullOf }: Known): SimulatedHost['webhooks'] {
  const source: WebhookSource = { url, model, secret: webhookSecret };
  const mergeRequest = (project: Project, number: number, event: MergeRequestEvent): SentWebhook =>
    mergeRequestWebhook(source, repositoryOf(project), pullOf(project, number), event);
  return {
    push: (project, branch, pusher) => {
      const repository = repositoryOf(project);
      const after = present(repository.branches.get(branch), 'the branch is there');
      const before = repository.commits.get(after)?.parents[0];
      const push = { ref: `refs/heads/${branch}`, after, pusher, ...(before === undefined ? {} : { before }) };
      return pushWebhook(source, repository, push);
    },
    tag: (project, tag, sha, pusher) => {
      const repository = repositoryOf(project);
      repository.tags.set(tag, sha);
      return pushWebhook(source, repository, { ref: `refs/tags/${tag}`, after: sha, pusher });
    },
    openPullRequest: (project, { from, ...request }) => {
      const head = from === undefined ? {} : { from: repositoryOf(from) };
      const { number } = repositoryOf(project).openPullRequest({ ...request, ...head });
      return { number, webhook: mergeRequest(project, number, { action: 'open', actor: request.author }) };
    },
    synchronize: (project, number, actor) => {
      const repository = repositoryOf(project);
      const oldrev = repository.commits.get(repository.headSha(pullOf(project, number)))?.parents[0] ?? '';
      return mergeRequest(project, number, { action: 'update', actor, oldrev });
    },
    label: (project, number, label, actor) => {
      const pull = pullOf(project, number);
      const previous = labelMembers(pull);
      repositoryOf(project).addLabel(pull, label);
      const changes = { labels: { previous, current: labelMembers(pull) } };
      return mergeRequest(project, number, { action: 'update', actor, changes });
    },
    close: (project, number, actor) => {
      repositoryOf(project).closePullRequest(pullOf(project, number));
      return mergeRequest(project, number, { action: 'close', actor });
    },
    comment: (project, number, body, actor) => {
      const repository = repositoryOf(project);
      const pull = pullOf(project, number);
      return noteWebhook(source, repository, pull, repository.addComment(pull, actor, body));
    },
    deleteBranch: (project, branch, actor) => {
      const repository = repositoryOf(project);
      const before = repository.deleteBranch(branch);
      const push = { ref: `refs/heads/${branch}`, pusher: actor, ...(before === undefined ? {} : { before }) };
      return pushWebhook(source, repository, push);
    },
  };
}
