/** Webhooks as Bitbucket Data Center's page "Event payload" shows them. */
import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import type { GitModel, ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import * as json from './datacenter-json.ts';

const none = '0'.repeat(40);

/** One changed ref of a push; an absent end = it was made, or deleted. */
export interface ChangedRef {
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
}

/** What the bodies are made of. */
export interface WebhookSource {
  readonly url: () => string;
  readonly model: GitModel;
  readonly secret: string;
  readonly repositoryOf: (project: Project) => ModelRepository;
  readonly pullOf: (project: Project, number: number) => ModelPullRequest;
}

function sent({ model, secret }: WebhookSource, eventKey: string, actor: string, members: object): SentWebhook {
  const date = new Date(model.clock.now()).toISOString().replace(/\.\d+Z/, '+0000');
  const body = JSON.stringify({ eventKey, date, actor: json.userJson(model.user(actor)), ...members });
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Atlassian HttpClient 2.1.5 / Bitbucket-8.19.0 (8019000) / Default',
      'x-event-key': eventKey,
      'x-request-id': `request-${model.nextId()}`,
      'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  };
}

export function pushWebhook(
  source: WebhookSource,
  project: Project,
  pusher: string,
  refs: readonly ChangedRef[],
): SentWebhook {
  const changes = refs.map(({ id, from = none, to = none }) => {
    const displayId = id.replace(/^refs\/(?:heads|tags)\//, '');
    const ref = { id, displayId, type: id.startsWith('refs/tags/') ? 'TAG' : 'BRANCH' };
    const type = from === none ? 'ADD' : to === none ? 'DELETE' : 'UPDATE';
    return { ref, refId: id, fromHash: from, toHash: to, type };
  });
  const repository = json.repositoryJson(source.url(), source.repositoryOf(project));
  return sent(source, 'repo:refs_changed', pusher, { repository, changes });
}

function pullWebhook(
  source: WebhookSource,
  project: Project,
  number: number,
  event: { readonly name: string; readonly actor: string; readonly members?: object },
): SentWebhook {
  const repository = source.repositoryOf(project);
  const pullRequest = json.pullRequestJson(source.url(), source.model, repository, source.pullOf(project, number));
  return sent(source, `pr:${event.name}`, event.actor, { pullRequest, ...event.members });
}

export function datacenterWebhooks(source: WebhookSource): SimulatedHost['webhooks'] {
  const { repositoryOf, pullOf } = source;
  return {
    push: (project, branch, pusher) => {
      const repository = repositoryOf(project);
      const to = present(repository.branches.get(branch), 'the branch is there');
      const from = repository.commits.get(to)?.parents[0];
      return pushWebhook(source, project, pusher, [{ id: `refs/heads/${branch}`, to, ...(from && { from }) }]);
    },
    tag: (project, tag, sha, pusher) => {
      repositoryOf(project).tags.set(tag, sha);
      return pushWebhook(source, project, pusher, [{ id: `refs/tags/${tag}`, to: sha }]);
    },
    openPullRequest: (project, { from, ...request }) => {
      const more = from === undefined ? {} : { from: repositoryOf(from) };
      const { number } = repositoryOf(project).openPullRequest({ ...request, ...more });
      return { number, webhook: pullWebhook(source, project, number, { name: 'opened', actor: request.author }) };
    },
    synchronize: (project, number, actor) => {
      const repository = repositoryOf(project);
      const [previousFromHash] = repository.commits.get(repository.headSha(pullOf(project, number)))?.parents ?? [];
      return pullWebhook(source, project, number, { name: 'from_ref_updated', actor, members: { previousFromHash } });
    },
    label: () => {
      throw new Error('Bitbucket has no labels');
    },
    close: (project, number, actor) => {
      repositoryOf(project).closePullRequest(pullOf(project, number));
      return pullWebhook(source, project, number, { name: 'declined', actor });
    },
    comment: (project, number, body, actor) => {
      const comment = json.commentJson(
        source.model,
        repositoryOf(project).addComment(pullOf(project, number), actor, body),
        0,
      );
      return pullWebhook(source, project, number, { name: 'comment:added', actor, members: { comment } });
    },
    deleteBranch: (project, branch, actor) => {
      const from = repositoryOf(project).deleteBranch(branch);
      return pushWebhook(source, project, actor, [{ id: `refs/heads/${branch}`, ...(from && { from }) }]);
    },
  };
}
