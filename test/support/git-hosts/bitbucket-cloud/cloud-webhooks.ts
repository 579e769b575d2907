/** Webhooks as Bitbucket Cloud's page "Event payloads" shows them. */
import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { SentWebhook } from '../simulated-host.ts';
import { accountJson, commentJson, commitJson, pullRequestJson, repositoryJson, uuidOf } from './cloud-json.ts';

export interface WebhookSource {
  readonly url: () => string;
  readonly model: GitModel;
  readonly secret: string;
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
  repository: ModelRepository,
  pusher: string,
  refs: readonly PushedRef[],
): SentWebhook {
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

export function pullRequestWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  pull: ModelPullRequest,
  event: { readonly name: string; readonly actor: string; readonly comment?: ModelComment },
): SentWebhook {
  return sent(source, `pullrequest:${event.name}`, {
    actor: accountJson(source.model.user(event.actor)),
    repository: repositoryJson(source.url(), repository),
    pullrequest: pullRequestJson(source.url(), source.model, repository, pull),
    ...(event.comment === undefined ? {} : { comment: commentJson(source.model, event.comment) }),
  });
}
