/**
 * What happened at a Git host, in one shape for all of them. Plain JSON: it is stored in a Delivery and may be read by
 * another process, years later.
 */

/** The kinds of Git hosts. `gitea` is Forgejo too; `git` is a bare repository without any host around it. */
export type ForgeKind = 'github' | 'gitlab' | 'gitea' | 'bitbucket-cloud' | 'bitbucket-datacenter' | 'git';

/** A repository at a Git host. */
export interface Project {
  /** Web address, http or https (`file` or `ssh` for `git`), without a final `/` or `.git`: what a Repository names. */
  readonly url: string;
  /** All before the last part of the path: organisation, user, group with sub-groups, project key. */
  readonly owner: string;
  readonly name: string;
  /** The host's own number or UUID, where its API wants one. */
  readonly id?: string;
  readonly defaultBranch?: string;
  /** Where git clones from, when it is not `url`. */
  readonly cloneUrl?: string;
}

/** Somebody at a Git host. */
export interface Actor {
  /** Name under which the host knows the account. */
  readonly login: string;
  /** The host's unchanging number or UUID. */
  readonly id?: string;
  readonly bot?: true;
}

/** A commit, as far as it is known. */
export interface Revision {
  /** Whole, lower case. */
  readonly sha: string;
  readonly title?: string;
  readonly message?: string;
  readonly url?: string;
  readonly author?: string;
  /** RFC 3339. */
  readonly date?: string;
}

/** A pull or merge request. */
export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly author: Actor;
  readonly state: 'open' | 'closed' | 'merged';
  readonly draft?: true;
  /** Without `refs/heads/`. */
  readonly baseBranch: string;
  readonly headBranch: string;
  /** Whole, but in events of `bitbucket-cloud`, which abbreviates it: {@link GitEvent.revision} is absent then. */
  readonly headSha: string;
  /** Where the head lives: another project than the event's for a fork. */
  readonly headProject: Project;
  readonly labels: readonly string[];
}

/**
 * What kind of thing happened. `push`: a branch or tag points to another commit. `pull_request`: its commits, labels or
 * readiness changed, or it was opened again. `comment`: on a pull request or a commit. `rerun`: a button at a check.
 * `merge_group`: a merge queue asks for a commit that is to become the base. `ref_deleted`: a branch or tag is gone.
 * `repository_created`: the project itself is new, and a GitHub App was told of it.
 */
export type EventTrigger =
  | 'push'
  | 'pull_request'
  | 'pull_request_closed'
  | 'comment'
  | 'rerun'
  | 'merge_group'
  | 'ref_deleted'
  | 'repository_created'
  | 'incoming'
  | 'schedule';

/** One thing that happened in one project. Which optional members are there follows from `trigger`. */
export interface GitEvent {
  readonly trigger: EventTrigger;
  readonly forge: ForgeKind;
  /** The published word for labels and templates: `push`, `pull_request`, `pull_request_labeled`, `Merge Request`, `incoming`. */
  readonly eventType: string;
  /** The host's word for what happened within the kind: `opened`, `synchronize`, `labeled`. */
  readonly action?: string;
  /**
   * Tells two occurrences of the same kind at the same commit apart, and is the same in every copy of one occurrence
   * (sent again, or by two hooks): a time or number the host gave it. Part of the identity of what is started.
   */
  readonly occurrence: string;
  readonly project: Project;
  /** Who did it: the commenter of a comment, the pusher of a push; not the author of the pull request. */
  readonly actor: Actor;
  /** The commit it is about. Absent where the payload does not say: the planner asks the host. */
  readonly revision?: Revision;
  /** push, ref_deleted, merge_group. */
  readonly push?: {
    /** `refs/heads/main`, `refs/tags/v1`. */
    readonly ref: string;
    /** Absent for a new ref. */
    readonly before?: string;
    readonly forced?: true;
    /** merge_group: the branch it is to be merged into, without `refs/heads/`. */
    readonly baseBranch?: string;
  };
  /** pull_request, pull_request_closed; comment and rerun as far as the payload tells. */
  readonly pullRequest?: PullRequest;
  /** Where only the number is known: comments of hosts that do not send the pull request along. */
  readonly pullRequestNumber?: number;
  readonly comment?: {
    readonly id: string;
    readonly body: string;
    readonly on: 'pull_request' | 'commit';
    readonly url?: string;
  };
  readonly rerun?: {
    /** All checks of the commit, or the one named. */
    readonly scope: 'suite' | 'check';
    /** The host's id of the check. */
    readonly checkId?: string;
    /** What we gave the check as its external id. */
    readonly externalId?: string;
    readonly context?: string;
    /** Pull requests the host connects with the commit. */
    readonly pullRequestNumbers: readonly number[];
    readonly branch?: string;
  };
  readonly incoming?: {
    /** Name of the Repository, and its namespace when it is not unique. */
    readonly repository: string;
    readonly namespace?: string;
    readonly branch: string;
    /** Name or generateName of the definition to run. */
    readonly pipelineRun: string;
    readonly params: Readonly<Record<string, string>>;
  };
  readonly schedule?: {
    readonly name: string;
    readonly branch: string;
    /** The instant it was due, RFC 3339. */
    readonly at: string;
    /** Absent = whatever matches `schedule`. */
    readonly pipelineRun?: string;
    readonly params: Readonly<Record<string, string>>;
  };
  /** GitHub App: by which installation the event came. */
  readonly installationId?: number;
}
