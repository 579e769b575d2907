import { type Json, type JsonObject, isJsonObject } from '../base/json.ts';
import type { ForgeKind } from './git-event.ts';

/** Kinds whose webhooks can be told by their bodies. */
export type WebhookSender = Exclude<ForgeKind, 'git'>;

/**
 * The headers that a host sends along with such a body, as far as the body tells; for bodies in files, whose headers nobody
 * kept. undefined = of no host that is known, or not of the `sender` named.
 */
export function guessHeaders(body: JsonObject, sender?: WebhookSender): Readonly<Record<string, string>> | undefined {
  const kind = sender ?? senderOf(body);
  if (kind === undefined) return undefined;
  const name = guesses[kind](body);
  return name === undefined ? undefined : { [eventHeaders[kind]]: name };
}

const eventHeaders: Readonly<Record<WebhookSender, string>> = {
  github: 'x-github-event',
  gitlab: 'x-gitlab-event',
  gitea: 'x-gitea-event',
  'bitbucket-cloud': 'x-event-key',
  'bitbucket-datacenter': 'x-event-key',
};

const guesses: Readonly<Record<WebhookSender, (body: JsonObject) => string | undefined>> = {
  github: gitHubEvent,
  gitlab: gitLabEvent,
  gitea: gitHubEvent,
  'bitbucket-cloud': bitbucketCloudEvent,
  'bitbucket-datacenter': ({ eventKey }) => textOf(eventKey),
};

function senderOf(body: JsonObject): WebhookSender | undefined {
  if (typeof body['eventKey'] === 'string') return 'bitbucket-datacenter';
  if (typeof body['object_kind'] === 'string') return 'gitlab';
  if (isJsonObject(body['push']) || isJsonObject(body['pullrequest'])) return 'bitbucket-cloud';
  const repository = body['repository'];
  if (!isJsonObject(repository)) return undefined;
  // Only GitHub gives its objects a second, global id.
  return repository['node_id'] === undefined ? 'gitea' : 'github';
}

/** Gitea speaks of events as GitHub does. */
function gitHubEvent(body: JsonObject): string | undefined {
  if (isJsonObject(body['comment'])) {
    return isJsonObject(body['issue']) ? 'issue_comment' : 'commit_comment';
  }
  for (const name of ['pull_request', 'check_run', 'check_suite', 'merge_group']) {
    if (isJsonObject(body[name])) return name;
  }
  if (textOf(body['ref']) === undefined) return undefined;
  if (body['after'] !== undefined) return 'push';
  return body['ref_type'] === undefined ? undefined : 'delete';
}

const gitLabNames: Readonly<Record<string, string>> = {
  push: 'Push Hook',
  tag_push: 'Tag Push Hook',
  merge_request: 'Merge Request Hook',
  note: 'Note Hook',
};

function gitLabEvent({ object_kind }: JsonObject): string | undefined {
  return gitLabNames[textOf(object_kind) ?? ''];
}

function bitbucketCloudEvent(body: JsonObject): string | undefined {
  if (isJsonObject(body['push'])) return 'repo:push';
  if (isJsonObject(body['comment'])) return 'pullrequest:comment_created';
  const pull = body['pullrequest'];
  if (!isJsonObject(pull)) return undefined;
  const ended: Readonly<Record<string, string>> = { MERGED: 'pullrequest:fulfilled', DECLINED: 'pullrequest:rejected' };
  return ended[textOf(pull['state']) ?? ''] ?? 'pullrequest:updated';
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
