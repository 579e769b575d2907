/** Webhooks as a simulated GitHub sends them: bodies of what has happened, signed. */
import { createHmac } from 'node:crypto';
import { present } from '../../../../src/base/assert.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import type { ModelPullRequest, ModelRepository } from '../git-model.ts';
import type { Commit } from '../git-objects.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import type { CheckRun, GithubChecks } from './checks.ts';
import {
  apiUrlOf,
  commentOf,
  labelOf,
  nodeId,
  pullRequestOf,
  repositoryOf,
  timeOf,
  userOf,
  type Place,
} from './documents.ts';

/** What GitHub can send besides what all hosts can. */
export interface GithubWebhooks extends Readonly<SimulatedHost['webhooks']> {
  /** "Re-run" was pressed at the newest check with that name. */
  rerunCheck(project: Project, sha: string, name: string, actor: string): SentWebhook;
  /** "Re-run all checks". */
  rerunSuite(project: Project, sha: string, actor: string): SentWebhook;
  commentOnCommit(project: Project, sha: string, body: string, actor: string): SentWebhook;
  /** A merge queue made a commit of the pull request and its base. */
  mergeGroup(project: Project, number: number, actor: string): SentWebhook;
}

const zero = '0'.repeat(40);

export interface GithubWebhookOptions {
  readonly place: Place;
  readonly checks: GithubChecks;
  readonly secret: string;
  readonly installationId: number | undefined;
  readonly repositoryOf: (project: Project) => ModelRepository;
}

/** Builds and signs; sends nothing. */
export class GithubWebhookBuilder implements GithubWebhooks {
  readonly #options: GithubWebhookOptions;
  /** What was pushed last, so that the next push tells from where. */
  readonly #pushed = new Map<string, string>();

  constructor(options: GithubWebhookOptions) {
    this.#options = options;
  }

  push(project: Project, branch: string, pusher: string): SentWebhook {
    const repository = this.#find(project);
    const after = present(repository.branches.get(branch), `there is a branch ${branch}`);
    const key = `${repository.fullName} ${branch}`;
    const last = this.#pushed.get(key);
    const before = last === undefined || last === after ? (parentOn(repository, branch, after) ?? zero) : last;
    this.#pushed.set(key, after);
    return this.#pushBody(repository, `refs/heads/${branch}`, { before, after }, pusher);
  }

  tag(project: Project, tag: string, sha: string, pusher: string): SentWebhook {
    const repository = this.#find(project);
    repository.tags.set(tag, sha);
    return this.#pushBody(repository, `refs/tags/${tag}`, { before: zero, after: sha }, pusher);
  }

  deleteBranch(project: Project, branch: string, actor: string): SentWebhook {
    const repository = this.#find(project);
    const before = present(repository.deleteBranch(branch), `there is a branch ${branch}`);
    return this.#pushBody(repository, `refs/heads/${branch}`, { before, after: zero }, actor);
  }

  openPullRequest(
    project: Project,
    request: Parameters<GithubWebhooks['openPullRequest']>[1],
  ): { readonly number: number; readonly webhook: SentWebhook } {
    const repository = this.#find(project);
    const { from, ...rest } = request;
    const pull = repository.openPullRequest({ ...rest, ...(from === undefined ? {} : { from: this.#find(from) }) });
    return { number: pull.number, webhook: this.#pullBody(repository, pull, 'opened', request.author) };
  }

  synchronize(project: Project, number: number, actor: string): SentWebhook {
    const [repository, pull] = this.#pullAt(project, number);
    const after = repository.headSha(pull);
    const before = repository.commits.get(after)?.parents[0] ?? zero;
    return this.#pullBody(repository, pull, 'synchronize', actor, { before, after });
  }

  label(project: Project, number: number, label: string, actor: string): SentWebhook {
    const [repository, pull] = this.#pullAt(project, number);
    repository.addLabel(pull, label);
    return this.#pullBody(repository, pull, 'labeled', actor, {
      label: labelOf(this.#options.place, repository, label),
    });
  }

  close(project: Project, number: number, actor: string): SentWebhook {
    const [repository, pull] = this.#pullAt(project, number);
    repository.closePullRequest(pull);
    return this.#pullBody(repository, pull, 'closed', actor);
  }

  comment(project: Project, number: number, body: string, actor: string): SentWebhook {
    const [repository, pull] = this.#pullAt(project, number);
    const comment = repository.addComment(pull, actor, body);
    const document = pullRequestOf(this.#options.place, repository, pull);
    return this.#send('issue_comment', repository, actor, {
      action: 'created',
      issue: {
        id: pull.id,
        number,
        title: pull.title,
        user: document['user'],
        labels: document['labels'],
        state: document['state'],
        html_url: document['html_url'],
        url: document['issue_url'],
        comments: pull.comments.length,
        created_at: document['created_at'],
        updated_at: document['updated_at'],
        closed_at: document['closed_at'],
        pull_request: { url: document['url'], html_url: document['html_url'] },
      },
      comment: commentOf(this.#options.place, repository, pull, comment),
    });
  }

  rerunCheck(project: Project, sha: string, name: string, actor: string): SentWebhook {
    const { checks } = this.#options;
    const repository = this.#find(project);
    const mine = (run: CheckRun): boolean => run.repository === repository && run.sha === sha && run.name === name;
    const run = present(checks.runs.findLast(mine), `there is a check ${name}`);
    const check = { ...checks.document(run), check_suite: this.#suiteOf(repository, sha) };
    return this.#send('check_run', repository, actor, { action: 'rerequested', check_run: check });
  }

  rerunSuite(project: Project, sha: string, actor: string): SentWebhook {
    const repository = this.#find(project);
    const suite = this.#suiteOf(repository, sha);
    return this.#send('check_suite', repository, actor, { action: 'rerequested', check_suite: suite });
  }

  commentOnCommit(project: Project, sha: string, body: string, actor: string): SentWebhook {
    const { place } = this.#options;
    const repository = this.#find(project);
    const id = place.model.nextId();
    const now = timeOf(place.model.clock.now());
    const comment = {
      id,
      node_id: nodeId('CommitComment', id),
      url: `${apiUrlOf(place, repository)}/comments/${id}`,
      html_url: `${place.web}/${repository.fullName}/commit/${sha}#commitcomment-${id}`,
      user: userOf(place, actor),
      position: null,
      line: null,
      path: null,
      commit_id: sha,
      created_at: now,
      updated_at: now,
      author_association: 'CONTRIBUTOR',
      body,
    };
    return this.#send('commit_comment', repository, actor, { action: 'created', comment });
  }

  mergeGroup(project: Project, number: number, actor: string): SentWebhook {
    const { place } = this.#options;
    const [repository, pull] = this.#pullAt(project, number);
    const base = repository.baseSha(pull);
    const branch = `gh-readonly-queue/${pull.baseBranch}/pr-${number}-${base}`;
    const head = present(repository.commits.get(repository.headSha(pull)), 'a head is a commit');
    repository.branches.set(branch, base);
    const merge = { message: `Merge pull request #${number}`, author: actor };
    const sha = repository.commit(branch, Object.fromEntries(head.tree), merge);
    const commit = present(repository.commits.get(sha), 'it was just made');
    return this.#send('merge_group', repository, actor, {
      action: 'checks_requested',
      merge_group: {
        head_sha: sha,
        head_ref: `refs/heads/${branch}`,
        base_sha: base,
        base_ref: `refs/heads/${pull.baseBranch}`,
        head_commit: pushCommit(`${place.web}/${repository.fullName}`, commit),
      },
    });
  }

  #find(project: Project): ModelRepository {
    return this.#options.repositoryOf(project);
  }

  #pullAt(project: Project, number: number): readonly [ModelRepository, ModelPullRequest] {
    const repository = this.#find(project);
    return [repository, present(repository.pulls.get(number), `there is a pull request ${number}`)];
  }

  #pullBody(
    repository: ModelRepository,
    pull: ModelPullRequest,
    action: string,
    actor: string,
    members: JsonObject = {},
  ): SentWebhook {
    return this.#send('pull_request', repository, actor, {
      action,
      number: pull.number,
      pull_request: pullRequestOf(this.#options.place, repository, pull),
      ...members,
    });
  }

  #pushBody(
    repository: ModelRepository,
    ref: string,
    { before, after }: { readonly before: string; readonly after: string },
    actor: string,
  ): SentWebhook {
    const { place } = this.#options;
    const head = repository.commits.get(after);
    const known = new Set(repository.historyOf(before).map(({ sha }) => sha));
    const commits = repository.historyOf(after).filter(({ sha }) => !known.has(sha));
    const document = repositoryOf(place, repository);
    const url = `${place.web}/${repository.fullName}`;
    return this.#send('push', repository, actor, {
      ref,
      before,
      after,
      created: before === zero,
      deleted: after === zero,
      forced: before !== zero && after !== zero && repository.mergeBase(before, after)?.sha !== before,
      base_ref: null,
      compare: `${url}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: before === zero ? [] : commits.toReversed().map((commit) => pushCommit(url, commit)),
      head_commit: head === undefined ? null : pushCommit(url, head),
      // A push shows the repository in words of its own.
      repository: {
        ...document,
        url,
        created_at: Math.floor(repository.createdAtMs / 1000),
        pushed_at: Math.floor(place.model.clock.now() / 1000),
        master_branch: repository.defaultBranch,
        owner: { ...userOf(place, repository.owner), name: repository.owner },
      },
      pusher: { name: actor, email: `${actor}@users.example.org` },
    });
  }

  #suiteOf(repository: ModelRepository, sha: string): JsonObject {
    const { place, checks } = this.#options;
    const runs = checks.runs.filter((run) => run.repository === repository && run.sha === sha);
    const id = checks.suiteId(repository, sha);
    return {
      id,
      node_id: nodeId('CheckSuite', id),
      head_branch: [...repository.branches].find(([, at]) => at === sha)?.[0] ?? null,
      head_sha: sha,
      status: 'completed',
      conclusion: 'failure',
      url: `${apiUrlOf(place, repository)}/check-suites/${id}`,
      before: null,
      after: sha,
      pull_requests: checks.pullsOf(repository, sha),
      app: checks.application(),
      created_at: timeOf(repository.createdAtMs),
      updated_at: timeOf(Math.max(repository.createdAtMs, ...runs.map((run) => run.updatedAtMs))),
    };
  }

  #send(event: string, repository: ModelRepository, actor: string, members: JsonObject): SentWebhook {
    const { place, secret, installationId } = this.#options;
    const installation = { id: installationId, node_id: nodeId('Installation', installationId ?? 0) };
    const body = JSON.stringify({
      repository: repositoryOf(place, repository),
      ...members,
      sender: userOf(place, actor),
      ...(installationId === undefined ? {} : { installation }),
    });
    return {
      headers: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/0000000',
        'x-github-delivery': deliveryId(place.model.nextId()),
        'x-github-event': event,
        'x-github-hook-id': '1',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
      body,
    };
  }
}

/** The commit that a branch was at before its last one; undefined when the branch was just made. */
function parentOn(repository: ModelRepository, branch: string, sha: string): string | undefined {
  const parent = repository.commits.get(sha)?.parents[0];
  return branch === repository.defaultBranch ? parent : undefined;
}

function pushCommit(repositoryUrl: string, commit: Commit): JsonObject {
  const { name, email, atMs } = commit.author;
  const who = { name, email, username: name };
  return {
    id: commit.sha,
    tree_id: commit.treeSha,
    distinct: true,
    message: commit.message,
    timestamp: timeOf(atMs),
    url: `${repositoryUrl}/commit/${commit.sha}`,
    author: who,
    committer: who,
    added: [],
    removed: [],
    modified: [],
  };
}

function deliveryId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
