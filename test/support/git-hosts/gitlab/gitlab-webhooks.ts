/** Webhooks as GitLab's page "Webhook events" shows them. */
import { present } from '../../../../src/base/assert.ts';
import type { GitModel, ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { Commit } from '../git-objects.ts';
import type { SentWebhook } from '../simulated-host.ts';
import { stateOf, webUrl } from './gitlab-json.ts';

const none = '0'.repeat(40);

/** What the bodies are made of. */
export interface WebhookSource {
  readonly url: () => string;
  readonly model: GitModel;
  readonly secret: string;
}

type Members = Readonly<Record<string, unknown>>;

/** What happened to a merge request. */
export interface MergeRequestEvent {
  readonly action: string;
  readonly actor: string;
  readonly oldrev?: string;
  readonly changes?: Members;
}

function sent(source: WebhookSource, event: string, body: Members): SentWebhook {
  const id = `${event}-${source.model.nextId()}`.replaceAll(' ', '-').toLowerCase();
  return {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitLab/18.6.0',
      'idempotency-key': id,
      'x-gitlab-event': event,
      'x-gitlab-webhook-uuid': `${id}-try-1`,
      'x-gitlab-event-uuid': `${id}-request`,
      'x-gitlab-instance': source.url(),
      'x-gitlab-token': source.secret,
    },
    body: JSON.stringify(body),
  };
}

/** A branch or tag that now stands for `after`; neither of the two = deleted. */
export function pushWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  push: { readonly ref: string; readonly before?: string; readonly after?: string; readonly pusher: string },
): SentWebhook {
  const isTag = push.ref.startsWith('refs/tags/');
  const pusher = source.model.user(push.pusher);
  const commits = isTag ? [] : commitsOf(repository, push);
  return sent(source, isTag ? 'Tag Push Hook' : 'Push Hook', {
    object_kind: isTag ? 'tag_push' : 'push',
    event_name: isTag ? 'tag_push' : 'push',
    before: push.before ?? none,
    after: push.after ?? none,
    ref: push.ref,
    ref_protected: false,
    checkout_sha: push.after ?? null,
    user_id: pusher.id,
    user_name: pusher.login,
    user_username: pusher.login,
    user_email: '',
    project_id: repository.id,
    project: projectMembers(source, repository),
    commits: commits.slice(-20).map((commit) => commitMembers(source, repository, commit)),
    total_commits_count: commits.length,
    push_options: {},
  });
}

function commitsOf(
  repository: ModelRepository,
  push: { readonly before?: string; readonly after?: string },
): readonly Commit[] {
  if (push.after === undefined || push.before === undefined) return [];
  const old = new Set(repository.historyOf(push.before).map(({ sha }) => sha));
  return repository
    .historyOf(push.after)
    .filter(({ sha }) => !old.has(sha))
    .reverse();
}

export function mergeRequestWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  pull: ModelPullRequest,
  event: MergeRequestEvent,
): SentWebhook {
  const user = source.model.user(event.actor);
  return sent(source, 'Merge Request Hook', {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    user: { id: user.id, name: user.login, username: user.login, email: '[REDACTED]' },
    project: projectMembers(source, repository),
    repository: { name: repository.name, homepage: webUrl(source.url(), repository) },
    object_attributes: {
      ...mergeRequestMembers(source, repository, pull),
      action: event.action,
      ...(event.oldrev === undefined ? {} : { oldrev: event.oldrev }),
    },
    labels: labelMembers(pull),
    changes: event.changes ?? {},
    assignees: [],
    reviewers: [],
  });
}

export function noteWebhook(
  source: WebhookSource,
  repository: ModelRepository,
  pull: ModelPullRequest,
  note: { readonly id: number; readonly body: string; readonly author: string; readonly createdAtMs: number },
): SentWebhook {
  const user = source.model.user(note.author);
  return sent(source, 'Note Hook', {
    object_kind: 'note',
    event_type: 'note',
    user: { id: user.id, name: user.login, username: user.login, email: '[REDACTED]' },
    project_id: repository.id,
    project: projectMembers(source, repository),
    object_attributes: {
      id: note.id,
      note: note.body,
      noteable_type: 'MergeRequest',
      author_id: user.id,
      created_at: timeText(note.createdAtMs),
      updated_at: timeText(note.createdAtMs),
      project_id: repository.id,
      commit_id: '',
      noteable_id: pull.id,
      system: false,
      action: 'create',
      url: `${webUrl(source.url(), repository)}/-/merge_requests/${pull.number}#note_${note.id}`,
    },
    merge_request: { ...mergeRequestMembers(source, repository, pull), labels: labelMembers(pull) },
  });
}

export function labelMembers(pull: ModelPullRequest): readonly Members[] {
  return pull.labels.map((title, index) => ({ id: index + 1, title, color: '#ffffff', type: 'ProjectLabel' }));
}

function mergeRequestMembers(source: WebhookSource, repository: ModelRepository, pull: ModelPullRequest): Members {
  const head = present(repository.commits.get(repository.headSha(pull)), 'the head is a commit');
  return {
    id: pull.id,
    iid: pull.number,
    title: pull.title,
    description: '',
    url: `${webUrl(source.url(), repository)}/-/merge_requests/${pull.number}`,
    author_id: source.model.user(pull.author).id,
    state: stateOf(pull),
    draft: false,
    work_in_progress: false,
    source_branch: pull.head.branch,
    target_branch: pull.baseBranch,
    source_project_id: pull.head.repository.id,
    target_project_id: repository.id,
    source: withoutId(projectMembers(source, pull.head.repository)),
    target: withoutId(projectMembers(source, repository)),
    last_commit: commitMembers(source, pull.head.repository, head),
    created_at: timeText(pull.createdAtMs),
    updated_at: timeText(pull.updatedAtMs),
  };
}

function withoutId({ id: _id, ...others }: Members): Members {
  return others;
}

function projectMembers(source: WebhookSource, repository: ModelRepository): Members {
  const url = webUrl(source.url(), repository);
  return {
    id: repository.id,
    name: repository.name,
    description: '',
    web_url: url,
    git_http_url: `${url}.git`,
    git_ssh_url: `git@gitlab.example.org:${repository.fullName}.git`,
    namespace: repository.owner,
    visibility_level: 20,
    path_with_namespace: repository.fullName,
    default_branch: repository.defaultBranch,
  };
}

function commitMembers(source: WebhookSource, repository: ModelRepository, commit: Commit): Members {
  return {
    id: commit.sha,
    message: commit.message,
    title: commit.message.split('\n')[0],
    timestamp: new Date(commit.author.atMs).toISOString(),
    url: `${webUrl(source.url(), repository)}/-/commit/${commit.sha}`,
    author: { name: commit.author.name, email: commit.author.email },
    added: [],
    modified: [],
    removed: [],
  };
}

/** Webhooks write times so: `2026-01-01 10:00:00 UTC`. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
