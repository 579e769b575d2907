import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelPullRequest, type ModelRepository } from '../git-model.ts';
import { startHostServer } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import type { StatusRow } from './gitea-json.ts';
import { giteaRoutes, type GiteaState } from './gitea-routes.ts';
import {
  commentWebhook,
  deleteWebhook,
  pullRequestWebhook,
  pushWebhook,
  type WebhookSource,
} from './gitea-webhooks.ts';

const token = 'gitea-simulated-token-0123456789abcdef';
const webhookSecret = 'gitea-webhook-secret';

/** A simulated Gitea or Forgejo; besides what all hosts have, what only these have. */
export interface SimulatedGitea extends SimulatedHost {
  readonly kind: 'gitea';
  repositoryOf(project: Project): ModelRepository;
  /** Login of the account the token belongs to. */
  readonly ownLogin: string;
  /** Entries of a page, whatever is asked for. */
  limitPages(entries: number): void;
}

interface Known {
  readonly model: GitModel;
  readonly url: () => string;
  readonly repositoryOf: (project: Project) => ModelRepository;
  readonly pullOf: (project: Project, number: number) => ModelPullRequest;
}

export async function startGitea(options: {
  readonly clock: Clock;
  /** Sends what Forgejo sends. Default: what Gitea sends. */
  readonly forgejo?: boolean;
}): Promise<SimulatedGitea> {
  const model = new GitModel(options.clock);
  const bot = model.user('penstock-bot');
  const log = new StatusLog();
  const state: GiteaState = {
    url: '',
    model,
    tokens: new Map([[token, bot]]),
    statuses: [],
    pageSizeMax: 50,
    violations: [],
    posted: (row) => log.record(seen(row)),
  };
  const route = routerOf(giteaRoutes(state));
  const server = await startHostServer({
    clock: options.clock,
    answer: (request) => {
      const answer = route(request);
      if (answer === undefined) state.violations.push(`${request.method} ${request.path}: no such endpoint`);
      return answer ?? { status: 404, text: 'Not found.' };
    },
    error: (status, message) => ({ status, json: { message, url: 'https://gitea.example.org/api/swagger' } }),
  });
  state.url = server.url;
  const known = knownOf(model, () => server.url);
  return {
    kind: 'gitea',
    url: server.url,
    access: { kind: 'gitea', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    ownLogin: bot.login,
    limitPages: (entries) => {
      state.pageSizeMax = entries;
    },
    repositoryOf: known.repositoryOf,
    ...projectsOf(known, bot.login),
    webhooks: webhooksOf(known, { forgejo: options.forgejo ?? false }),
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) => known.pullOf(project, number).comments.map(({ author, body }) => ({ author, body })),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function seen(row: StatusRow): Parameters<StatusLog['record']>[0] {
  return {
    project: row.repository.fullName,
    sha: row.sha,
    context: row.context,
    state: row.state,
    description: row.description,
    url: row.targetUrl,
  };
}

function knownOf(model: GitModel, url: () => string): Known {
  const repositoryOf = (project: Project): ModelRepository =>
    present(model.repository(project.owner, project.name), 'the repository is there');
  const pullOf = (project: Project, number: number): ModelPullRequest =>
    present(repositoryOf(project).pulls.get(number), 'the pull request is there');
  return { model, url, repositoryOf, pullOf };
}

function projectsOf(
  { model, url, repositoryOf }: Known,
  ownLogin: string,
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
      repository.permissions.set(ownLogin.toLowerCase(), 'admin');
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

function webhooksOf(
  { model, url, repositoryOf, pullOf }: Known,
  options: { readonly forgejo: boolean },
): SimulatedHost['webhooks'] {
  const source: WebhookSource = { url, model, secret: webhookSecret, forgejo: options.forgejo };
  const pullRequest = (
    project: Project,
    number: number,
    event: { readonly action: string; readonly type: string; readonly actor: string },
  ): ReturnType<typeof pullRequestWebhook> =>
    pullRequestWebhook(source, repositoryOf(project), pullOf(project, number), event);
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
      const event = { action: 'opened', type: 'pull_request', actor: request.author };
      return { number, webhook: pullRequest(project, number, event) };
    },
    synchronize: (project, number, actor) =>
      pullRequest(project, number, { action: 'synchronized', type: 'pull_request_sync', actor }),
    label: (project, number, label, actor) => {
      repositoryOf(project).addLabel(pullOf(project, number), label);
      return pullRequest(project, number, { action: 'label_updated', type: 'pull_request_label', actor });
    },
    close: (project, number, actor) => {
      repositoryOf(project).closePullRequest(pullOf(project, number));
      return pullRequest(project, number, { action: 'closed', type: 'pull_request', actor });
    },
    comment: (project, number, body, actor) => {
      const repository = repositoryOf(project);
      const pull = pullOf(project, number);
      return commentWebhook(source, repository, pull, repository.addComment(pull, actor, body));
    },
    deleteBranch: (project, branch, actor) => {
      const repository = repositoryOf(project);
      repository.deleteBranch(branch);
      return deleteWebhook(source, repository, branch, actor);
    },
  };
}
