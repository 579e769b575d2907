/** What hosts that hold a model do alike: people act on it, and the host tells of it in its own words. */
import { present } from '../../../src/base/assert.ts';
import type { Project } from '../../../src/forge/git-event.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository } from './git-model.ts';
import type { HostAnswer, HostRequest } from './host-server.ts';
import { routerOf, type Routes } from './routes.ts';
import type { SentWebhook, SimulatedHost } from './simulated-host.ts';
import type { StatusLog } from './status-log.ts';

/** A model, and how its host finds in it what a project names. */
export interface HeldModel {
  readonly model: GitModel;
  readonly repositoryOf: (project: Project) => ModelRepository;
  readonly pullOf: (project: Project, number: number) => ModelPullRequest;
}

/** Finds projects by owner and name, unless the host names them in another way. */
export function heldModel(
  model: GitModel,
  find: (project: Project) => ModelRepository | undefined = ({ owner, name }) => model.repository(owner, name),
): HeldModel {
  const repositoryOf = (project: Project): ModelRepository =>
    present(find(project), `${project.owner}/${project.name} is there`);
  const pullOf = (project: Project, number: number): ModelPullRequest =>
    present(repositoryOf(project).pulls.get(number), `there is a pull request ${number}`);
  return { model, repositoryOf, pullOf };
}

/** Answers by `routes`; what no route fits is a violation, and answered with `notFound`. */
export function answerOf(
  routes: Routes,
  violations: string[],
  notFound: HostAnswer,
): (request: HostRequest) => HostAnswer | Promise<HostAnswer> {
  const route = routerOf(routes);
  return (request) => {
    const answer = route(request);
    if (answer === undefined) violations.push(`${request.method} ${request.path}: no such endpoint`);
    return answer ?? notFound;
  };
}

/** A repository as most hosts address it, below the web address `url`. */
export function projectAt(url: string, repository: ModelRepository): Project {
  return {
    url: `${url}/${repository.fullName}`,
    owner: repository.owner,
    name: repository.name,
    id: String(repository.id),
    defaultBranch: repository.defaultBranch,
  };
}

/** What a test does to projects, and what it sees of them. `shown` is the host's description of a repository it has made. */
export function projectsOf(
  { model, repositoryOf, pullOf }: HeldModel,
  options: { readonly shown: (repository: ModelRepository, isFork: boolean) => Project; readonly log: StatusLog },
): Pick<SimulatedHost, 'addProject' | 'addUser' | 'commit' | 'fork' | 'statuses' | 'comments'> {
  const { shown, log } = options;
  return {
    addProject: (owner, name, files) => shown(model.addRepository(owner, name, files), false),
    addUser: (login, { writes = [], teams = [] } = {}) => {
      model.user(login, teams);
      for (const project of writes) repositoryOf(project).permissions.set(login.toLowerCase(), 'write');
    },
    commit: (project, branch, files, commitOptions) => repositoryOf(project).commit(branch, files, commitOptions),
    fork: (project, owner) => shown(model.fork(repositoryOf(project), owner), true),
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) => pullOf(project, number).comments.map(({ author, body }) => ({ author, body })),
  };
}

/** A branch or tag that has moved. */
export interface MovedRef {
  /** `refs/heads/…` or `refs/tags/…`. */
  readonly ref: string;
  /** Absent: it is new. */
  readonly before?: string;
  /** Absent: it was deleted. */
  readonly after?: string;
}

/** What happens to a pull request. */
export type PullRequestAct = 'opened' | 'synchronized' | 'closed';

/** The webhooks of a host, in its own words, of what has just been done. */
export interface HostWords {
  pushed(project: Project, moved: MovedRef, actor: string): SentWebhook;
  pullRequest(project: Project, number: number, act: PullRequestAct, actor: string): SentWebhook;
  commented(project: Project, number: number, comment: ModelComment): SentWebhook;
  /** Adds the label, and tells of it. */
  label(project: Project, number: number, label: string, actor: string): SentWebhook;
}

/** Does to the model what a webhook tells of, and gives the webhook. */
export function webhooksOf({ repositoryOf, pullOf }: HeldModel, words: HostWords): SimulatedHost['webhooks'] {
  return {
    push: (project, branch, pusher) => {
      const repository = repositoryOf(project);
      const after = present(repository.branches.get(branch), 'the branch is there');
      const before = repository.commits.get(after)?.parents[0];
      return words.pushed(project, { ref: `refs/heads/${branch}`, after, ...(before && { before }) }, pusher);
    },
    tag: (project, tag, sha, pusher) => {
      repositoryOf(project).tags.set(tag, sha);
      return words.pushed(project, { ref: `refs/tags/${tag}`, after: sha }, pusher);
    },
    openPullRequest: (project, { from, ...request }) => {
      const head = from === undefined ? {} : { from: repositoryOf(from) };
      const { number } = repositoryOf(project).openPullRequest({ ...request, ...head });
      return { number, webhook: words.pullRequest(project, number, 'opened', request.author) };
    },
    synchronize: (project, number, actor) => words.pullRequest(project, number, 'synchronized', actor),
    label: (project, number, label, actor) => words.label(project, number, label, actor),
    close: (project, number, actor) => {
      repositoryOf(project).closePullRequest(pullOf(project, number));
      return words.pullRequest(project, number, 'closed', actor);
    },
    comment: (project, number, body, actor) =>
      words.commented(project, number, repositoryOf(project).addComment(pullOf(project, number), actor, body)),
    deleteBranch: (project, branch, actor) => {
      const before = repositoryOf(project).deleteBranch(branch);
      return words.pushed(project, { ref: `refs/heads/${branch}`, ...(before && { before }) }, actor);
    },
  };
}
