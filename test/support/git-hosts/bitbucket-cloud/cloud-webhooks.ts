/** Webhooks as Bitbucket Cloud's page "Event payloads" shows them. */
import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import { accountJson, commentJson, commitJson, pullRequestJson, repositoryJson, uuidOf } from './cloud-json.ts';

export interface WebhookSource {
  readonly url: () => string;
  readonly model: GitModel;
  readonly secret: string;
  readonly repositoryOf: (project: Project) => ModelRepository;
  readonly pullOf: (project: Project, number: number) => ModelPullRequest;
}

function sent(source: WebhookSource, event: string, payload: object): SentWebhook {
  const body = JSON.stringify(payload);
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Bitbucket-Webhooks/2.0',
      'x-event-key': event,
      'x-hook-uuid': uuidOf(1),
      'x-request-uuid': uuidOf(source.model.nextId()),
      'x-attempt-number': '1',
      'x-hub-signature': `sha256=${createHmac('sha256', source.secret).update(body).digest('hex')}`,
    },
    body,
  };
}

/** One changed ref of a push; without `after` it was deleted. */
export interface PushedRef {
  readonly type: 'branch' | 'tag';
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

export function pushWebhook(
  source: WebhookSource,
  project: Project,
  pusher: string,
  refs: readonly PushedRef[],
): SentWebhook {
  const repository = source.repositoryOf(project);
  const side = ({ type, name }: PushedRef, sha: string | undefined): object | null =>
    sha === undefined
      ? null
      : { type, name, target: commitJson(source.url(), repository, present(repository.commits.get(sha), 'is there')) };
  return sent(source, 'repo:push', {
    actor: accountJson(source.model.user(pusher)),
    repository: repositoryJson(source.url(), repository),
    push: {
      changes: refs.map((ref) => ({
        old: side(ref, ref.before),
        new: side(ref, ref.after),
        created: ref.before === undefined,
        closed: ref.after === undefined,
        forced: false,
        truncated: false,
      })),
    },
  });
}

function pullRequestWebhook(
  source: WebhookSource,
  project: Project,
  number: number,
  event: { readonly name: string; readonly actor: string; readonly comment?: ModelComment },
): SentWebhook {
  const [repository, pull] = [source.repositoryOf(project), source.pullOf(project, number)];
  return sent(source, `pullrequest:${event.name}`, {
    actor: accountJson(source.model.user(event.actor)),
    repository: repositoryJson(source.url(), repository),
    pullrequest: pullRequestJson(source.url(), source.model, repository, pull),
    ...(event.comment === undefined ? {} : { comment: commentJson(source.model, event.comment) }),
  });
}

export function cloudWebhooks(source: WebhookSource): SimulatedHost['webhooks'] {
  const { repositoryOf, pullOf } = source;
  return {
    push: (project, branch, pusher) => {
      const repository = repositoryOf(project);
      const after = present(repository.branches.get(branch), 'the branch is there');
      const before = repository.commits.get(after)?.parents[0];
      return pushWebhook(source, project, pusher, [{ type: 'branch', name: branch, after, ...(before && { before }) }]);
    },
    tag: (project, tag, sha, pusher) => {
      repositoryOf(project).tags.set(tag, sha);
      return pushWebhook(source, project, pusher, [{ type: 'tag', name: tag, after: sha }]);
    },
    openPullRequest: (project, { from, ...request }) => {
      const more = from === undefined ? {} : { from: repositoryOf(from) };
      const { number } = repositoryOf(project).openPullRequest({ ...request, ...more });
      return {
        number,
        webhook: pullRequestWebhook(source, project, number, { name: 'created', actor: request.author }),
      };
    },
    synchronize: (project, number, actor) => pullRequestWebhook(source, project, number, { name: 'updated', actor }),
    label: () => {
      throw new Error('Bitbucket has no labels');
    },
    close: (project, number, actor) => {
      repositoryOf(project).closePullRequest(pullOf(project, number));
      return pullRequestWebhook(source, project, number, { name: 'rejected', actor });
    },
    comment: (project, number, body, actor) => {
      const repository = repositoryOf(project);
      const comment = repository.addComment(pullOf(project, number), actor, body);
      const event = { name: 'comment_created', actor, comment };
      return pullRequestWebhook(source, project, number, event);
    },
    deleteBranch: (project, branch, actor) => {
      const before = repositoryOf(project).deleteBranch(branch);
      return pushWebhook(source, project, actor, [{ type: 'branch', name: branch, ...(before && { before }) }]);
    },
  };
}
