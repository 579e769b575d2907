import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelPullRequest, type ModelRepository } from '../git-model.ts';
import { startHostServer } from '../host-server.ts';
import { routerOf } from '../routes.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import * as json from './datacenter-json.ts';
import { type DatacenterState, datacenterRoutes, failure } from './datacenter-routes.ts';

const token = 'BBDC-simulated-token';
const webhookSecret = 'datacenter-webhook-secret';
const none = '0'.repeat(40);

/** One changed ref of a push; an absent end = it was made, or deleted. */
export interface ChangedRef {
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
}

/** A simulated Bitbucket Data Center; besides what all hosts have, what only it has. */
export interface SimulatedBitbucketDatacenter extends SimulatedHost {
  readonly kind: 'bitbucket-datacenter';
  /** A push of several refs at once. */
  pushOf(project: Project, pusher: string, refs: readonly ChangedRef[]): SentWebhook;
}

export async function startBitbucketDatacenter(options: {
  readonly clock: Clock;
}): Promise<SimulatedBitbucketDatacenter> {
  const model = new GitModel(options.clock);
  const bot = model.user('penstock-bot');
  const log = new StatusLog();
  const state: DatacenterState = {
    url: '',
    model,
    logins: new Map([[`Bearer ${token}`, bot]]),
    builds: new Map(),
    commentVersions: new Map(),
    violations: [],
    changed: (repository, sha, build) => {
      log.record({
        project: `${json.keyOf(repository)}/${repository.name}`,
        sha,
        context: build.name ?? build.key,
        state: build.state,
        description: build.description ?? '',
        url: build.url,
        ...(build.buildNumber === undefined ? {} : { externalId: build.buildNumber }),
      });
    },
  };
  const route = routerOf(datacenterRoutes(state));
  const server = await startHostServer({
    clock: options.clock,
    answer: (request) => {
      const answer = route(request);
      if (answer === undefined) state.violations.push(`${request.method} ${request.path}: no such endpoint`);
      return answer ?? failure(404, 'null for uri');
    },
    error: failure,
  });
  state.url = server.url;
  const repositoryOf = (project: Project): ModelRepository =>
    present(
      model.repositories.find((each) => json.keyOf(each) === project.owner && each.name === project.name),
      'the project is there',
    );
  const pullOf = (project: Project, number: number): ModelPullRequest =>
    present(repositoryOf(project).pulls.get(number), 'the pull request is there');
  const shown = (repository: ModelRepository): Project => {
    repository.permissions.set(bot.login, 'admin');
    const key = json.keyOf(repository);
    return {
      url: json.webUrl(server.url, repository),
      owner: key,
      name: repository.name,
      id: String(repository.id),
      defaultBranch: repository.defaultBranch,
      cloneUrl: `${server.url}/scm/${key}/${repository.name}.git`,
    };
  };
  const sent = (eventKey: string, actor: string, members: object): SentWebhook => {
    const date = new Date(options.clock.now()).toISOString().replace(/\.\d+Z/, '+0000');
    const body = JSON.stringify({ eventKey, date, actor: json.userJson(model.user(actor)), ...members });
    return {
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Atlassian HttpClient 2.1.5 / Bitbucket-8.19.0 (8019000) / Default',
        'x-event-key': eventKey,
        'x-request-id': `request-${model.nextId()}`,
        'x-hub-signature': `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`,
      },
      body,
    };
  };
  const pushOf: SimulatedBitbucketDatacenter['pushOf'] = (project, pusher, refs) =>
    sent('repo:refs_changed', pusher, {
      repository: json.repositoryJson(server.url, repositoryOf(project)),
      changes: refs.map(({ id, from = none, to = none }) => ({
        ref: {
          id,
          displayId: id.replace(/^refs\/(?:heads|tags)\//, ''),
          type: id.startsWith('refs/tags/') ? 'TAG' : 'BRANCH',
        },
        refId: id,
        fromHash: from,
        toHash: to,
        type: from === none ? 'ADD' : to === none ? 'DELETE' : 'UPDATE',
      })),
    });
  const told = (project: Project, number: number, name: string, actor: string, more: object = {}): SentWebhook =>
    sent(`pr:${name}`, actor, {
      pullRequest: json.pullRequestJson(server.url, model, repositoryOf(project), pullOf(project, number)),
      ...more,
    });
  return {
    kind: 'bitbucket-datacenter',
    url: server.url,
    access: { kind: 'bitbucket-datacenter', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    addProject: (owner, name, files) => shown(model.addRepository(owner, name, files)),
    addUser: (login, { writes = [], teams = [] } = {}) => {
      model.user(login, teams);
      for (const project of writes) repositoryOf(project).permissions.set(login.toLowerCase(), 'write');
    },
    commit: (project, branch, files, commitOptions) => repositoryOf(project).commit(branch, files, commitOptions),
    fork: (project, owner) => shown(model.fork(repositoryOf(project), owner)),
    pushOf,
    webhooks: {
      push: (project, branch, pusher) => {
        const repository = repositoryOf(project);
        const to = present(repository.branches.get(branch), 'the branch is there');
        const from = repository.commits.get(to)?.parents[0];
        return pushOf(project, pusher, [{ id: `refs/heads/${branch}`, to, ...(from && { from }) }]);
      },
      tag: (project, tag, sha, pusher) => {
        repositoryOf(project).tags.set(tag, sha);
        return pushOf(project, pusher, [{ id: `refs/tags/${tag}`, to: sha }]);
      },
      openPullRequest: (project, { from, ...request }) => {
        const more = from === undefined ? {} : { from: repositoryOf(from) };
        const { number } = repositoryOf(project).openPullRequest({ ...request, ...more });
        return { number, webhook: told(project, number, 'opened', request.author) };
      },
      synchronize: (project, number, actor) => {
        const repository = repositoryOf(project);
        const [previous] = repository.commits.get(repository.headSha(pullOf(project, number)))?.parents ?? [];
        return told(project, number, 'from_ref_updated', actor, { previousFromHash: previous });
      },
      label: () => {
        throw new Error('Bitbucket has no labels');
      },
      close: (project, number, actor) => {
        repositoryOf(project).closePullRequest(pullOf(project, number));
        return told(project, number, 'declined', actor);
      },
      comment: (project, number, body, actor) => {
        const comment = repositoryOf(project).addComment(pullOf(project, number), actor, body);
        return told(project, number, 'comment:added', actor, { comment: json.commentJson(model, comment, 0) });
      },
      deleteBranch: (project, branch, actor) => {
        const from = repositoryOf(project).deleteBranch(branch);
        return pushOf(project, actor, [{ id: `refs/heads/${branch}`, ...(from && { from }) }]);
      },
    },
    statuses: (project, sha) => log.of(project, sha),
    comments: (project, number) => pullOf(project, number).comments.map(({ author, body }) => ({ author, body })),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
