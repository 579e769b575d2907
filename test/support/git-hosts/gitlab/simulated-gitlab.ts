import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelPullRequest, type ModelRepository } from '../git-model.ts';
import { startHostServer } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { CommitStatuses } from './commit-statuses.ts';
import { gitlabRoutes, type GitlabState } from './gitlab-routes.ts';
import { labelMembers, mergeRequestWebhook, noteWebhook, pushWebhook, type WebhookSource } from './gitlab-webhooks.ts';
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

export async function startGitlab(options: { readonly clock: Clock }): Promise<SimulatedGitlab> {
  const model = new GitModel(options.clock);
  const bot = model.user('project_1_bot_penstock');
  const other = model.user('project_1_bot_other');
  const log = new StatusLog();
  const state: GitlabState = {
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
  const route = routerOf(gitlabRoutes(state));
  const server = await startHostServer({
    clock: options.clock,
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
      'ratelimit-reset': String(Math.ceil(options.clock.now() / 1000) + 60),
      'x-request-id': String(model.nextId()),
    }),
  });
  state.url = server.url;
  const source: WebhookSource = { url: () => server.url, model, secret: webhookSecret };
  const repositoryOf = (project: Project): ModelRepository =>
    present(model.repository(project.owner, project.name), 'the project is there');
  const pullOf = (project: Project, number: number): ModelPullRequest =>
    present(repositoryOf(project).pulls.get(number), 'the merge request is there');
  const projectOf = (repository: ModelRepository): Project => ({
    url: `${server.url}/${repository.fullName}`,
    owner: repository.owner,
    name: repository.name,
    id: String(repository.id),
    defaultBranch: repository.defaultBranch,
    cloneUrl: `${server.url}/${repository.fullName}.git`,
  });
  return {
    kind: 'gitlab',
    url: server.url,
    access: { kind: 'gitlab', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    statusRows: state.statuses,
    repositoryOf,
    ownLogin: bot.login,
    otherToken,
    addProject: (owner, name, files) => {
      const repository = model.addRepository(owner, name, files);
      for (const account of [bot, other]) repository.permissions.set(account.login, 'admin');
      return projectOf(repository);
    },
    addUser: (login, { writes = [], teams = [] } = {}) => {
      model.user(login, teams);
      for (const project of writes) repositoryOf(project).permissions.set(login.toLowerCase(), 'write');
    },
    commit: (project, branch, files, commitOptions) => repositoryOf(project).commit(branch, files, commitOptions),
    fork: (project, owner) => projectOf(model.fork(repositoryOf(project), owner)),
    addPipeline: (project, sha, ref, kind) => state.statuses.addPipeline(repositoryOf(project), sha, ref, kind).id,
    setLevel: (project, login, level) => state.members.setLevel(repositoryOf(project), login, level),
    setGroupLevel: (group, login, level) => state.members.setGroupLevel(group, login, level),
    block: (login) => state.members.block(login),
    makeAdministrator: () => void state.administrators.add(bot.login),
    addSystemNote: (project, number, body) => {
      const note = repositoryOf(project).addComment(pullOf(project, number), bot.login, body);
      state.systemNotes.add(note.id);
    },
    limitDiffs: (files) => {
      state.diffFilesMax = files;
    },
    webhooks: {
      push: (project, branch, pusher) => {
        const repository = repositoryOf(project);
        const after = present(repository.branches.get(branch), 'the branch is there');
        const before = repository.commits.get(after)?.parents[0];
        const ref = `refs/heads/${branch}`;
        return pushWebhook(source, repository, { ref, after, pusher, ...(before === undefined ? {} : { before }) });
      },
      tag: (project, tag, sha, pusher) => {
        const repository = repositoryOf(project);
        repository.tags.set(tag, sha);
        return pushWebhook(source, repository, { ref: `refs/tags/${tag}`, after: sha, pusher });
      },
      openPullRequest: (project, { from, ...request }) => {
        const repository = repositoryOf(project);
        const pull = repository.openPullRequest({
          ...request,
          ...(from === undefined ? {} : { from: repositoryOf(from) }),
        });
        const event = { action: 'open', actor: request.author };
        return { number: pull.number, webhook: mergeRequestWebhook(source, repository, pull, event) };
      },
      synchronize: (project, number, actor) => {
        const [repository, pull] = [repositoryOf(project), pullOf(project, number)];
        const oldrev = repository.commits.get(repository.headSha(pull))?.parents[0] ?? '';
        return mergeRequestWebhook(source, repository, pull, { action: 'update', actor, oldrev });
      },
      label: (project, number, label, actor) => {
        const [repository, pull] = [repositoryOf(project), pullOf(project, number)];
        const previous = labelMembers(pull);
        repository.addLabel(pull, label);
        const changes = { labels: { previous, current: labelMembers(pull) } };
        return mergeRequestWebhook(source, repository, pull, { action: 'update', actor, changes });
      },
      close: (project, number, actor) => {
        const [repository, pull] = [repositoryOf(project), pullOf(project, number)];
        repository.closePullRequest(pull);
        return mergeRequestWebhook(source, repository, pull, { action: 'close', actor });
      },
      comment: (project, number, body, actor) => {
        const [repository, pull] = [repositoryOf(project), pullOf(project, number)];
        return noteWebhook(source, repository, pull, repository.addComment(pull, actor, body));
      },
      deleteBranch: (project, branch, actor) => {
        const repository = repositoryOf(project);
        const before = repository.deleteBranch(branch);
        return pushWebhook(source, repository, {
          ref: `refs/heads/${branch}`,
          pusher: actor,
          ...(before === undefined ? {} : { before }),
        });
      },
    },
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) => pullOf(project, number).comments.map(({ author, body }) => ({ author, body })),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
