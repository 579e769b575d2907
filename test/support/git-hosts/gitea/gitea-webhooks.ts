/** Webhooks as Gitea sends them: shapes of its `modules/structs/hook.go`, signed. */
import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { SentWebhook } from '../simulated-host.ts';
import * as json from './gitea-json.ts';

const none = '0'.repeat(40);

/** What the bodies are made of. */
export interface WebhookSource {
  readonly url: () => string;
  readonly model: GitModel;
  readonly secret: string;
  /** Forgejo adds headers of its own name. */
  readonly forgejo: boolean;
}

function sent(source: WebhookSource, event: string, type: string, members: json.Members): SentWebhook {
  const body = JSON.stringify(members, undefined, 2);
  const signature = createHmac('sha256', source.secret).update(body).digest('hex');
  const delivery = `${event}-${source.model.nextId()}`;
  const names = source.forgejo ? ['forgejo', 'gitea', 'gogs'] : ['gitea', 'gogs'];
  const own = names.flatMap((name): [string, string][] => [
    [`x-${name}-delivery`, delivery],
    [`x-${name}-event`, event],
    [`x-${name}-event-type`, type],
    [`x-${name}-signature`, signature],
  ]);
  return {
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(own),
      'x-github-delivery': delivery,
      'x-github-event': event,
      'x-github-event-type': type,
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  };
}

/** A branch or tag that now stands for `after`. */
export function pushWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  push: { readonly ref: string; readonly before?: string; readonly after: string; readonly pusher: string },
): SentWebhook {
  const head = present(repository.commits.get(push.after), 'what is pushed is a commit');
  const old = new Set(push.before === undefined ? [] : repository.historyOf(push.before).map(({ sha }) => sha));
  const isTag = push.ref.startsWith('refs/tags/');
  const commits = isTag ? [] : repository.historyOf(push.after).filter(({ sha }) => !old.has(sha));
  const pusher = json.userJson(source.url(), source.model.user(push.pusher));
  const commitOf = (commit: typeof head): json.Members => json.payloadCommitJson(source.url(), repository, commit);
  return sent(source, 'push', 'push', {
    ref: push.ref,
    before: push.before ?? none,
    after: push.after,
    compare_url: '',
    commits: push.before === undefined ? [] : commits.map(commitOf),
    total_commits: commits.length,
    head_commit: commitOf(head),
    repository: json.repositoryJson(source.url(), source.model, repository),
    pusher,
    sender: pusher,
  });
}

export function deleteWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  branch: string,
  actor: string,
): SentWebhook {
  return sent(source, 'delete', 'delete', {
    ref: branch,
    ref_type: 'branch',
    pusher_type: 'user',
    repository: json.repositoryJson(source.url(), source.model, repository),
    sender: json.userJson(source.url(), source.model.user(actor)),
  });
}

export function pullRequestWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  pull: ModelPullRequest,
  event: { readonly action: string; readonly type: string; readonly actor: string },
): SentWebhook {
  return sent(source, 'pull_request', event.type, {
    action: event.action,
    number: pull.number,
    pull_request: json.pullRequestJson(source.url(), source.model, repository, pull),
    requested_reviewer: null,
    repository: json.repositoryJson(source.url(), source.model, repository),
    sender: json.userJson(source.url(), source.model.user(event.actor)),
    commit_id: '',
    review: null,
  });
}

export function commentWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  pull: ModelPullRequest,
  comment: ModelComment,
): SentWebhook {
  const url = `${json.webUrl(source.url(), repository)}/pulls/${pull.number}`;
  return sent(source, 'issue_comment', 'pull_request_comment', {
    action: 'created',
    issue: {
      id: pull.id,
      number: pull.number,
      title: pull.title,
      user: json.userJson(source.url(), source.model.user(pull.author)),
      state: pull.state === 'open' ? 'open' : 'closed',
      labels: pull.labels.map(json.labelJson),
      html_url: url,
      pull_request: { merged: pull.state === 'merged', merged_at: null, html_url: url },
    },
    comment: json.commentJson(source.url(), source.model, { repository, pull }, comment),
    repository: json.repositoryJson(source.url(), source.model, repository),
    sender: json.userJson(source.url(), source.model.user(comment.author)),
    is_pull: true,
  });
}
