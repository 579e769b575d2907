import type { ForgeAccess } from '../../../src/forge/forge-directory.ts';
import type { ForgeKind, Project } from '../../../src/forge/git-event.ts';

/** A change of one status as the host saw it, in the order in which requests changed something. */
export interface SeenStatus {
  readonly project: string;
  readonly sha: string;
  readonly context: string;
  /** The host's own word: `in_progress`, `completed/success`, `FAILED`. */
  readonly state: string;
  readonly description: string;
  readonly url: string;
  readonly externalId?: string;
}

/** What a host does to a request instead of, or besides, answering it. */
export type HostFault =
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** Carries it out and answers 500. */
  | { readonly kind: 'accepted-but-500' }
  /** Carries it out and closes the connection. */
  | { readonly kind: 'accepted-but-cut' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'expired-token' }
  | { readonly kind: 'slow'; readonly milliseconds: number };

/** Faults on demand. */
export interface FaultPlan {
  /** The next `times` requests whose method and path match (`POST /repos/x/y/statuses/…`, a regular expression). */
  next(request: RegExp, fault: HostFault, times?: number): void;
  /** Everything fails with 503 until `end()`. */
  outage(): { end(): void };
  clear(): void;
}

/** A webhook as the host would send it. */
export interface SentWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Files = Readonly<Record<string, string>>;

/** A Git host that holds state, behind a real HTTP server; the same words for all of them. */
export interface SimulatedHost extends AsyncDisposable {
  readonly kind: ForgeKind;
  /** Web address. */
  readonly url: string;
  /** How Penstock reaches it with the standard credential. */
  readonly access: ForgeAccess;
  readonly webhookSecret: string;
  readonly faults: FaultPlan;
  /** Method and path of every request, in order. */
  readonly requests: readonly string[];
  /** Requests or answers of ours that the host's published description does not allow. Must stay empty. */
  readonly violations: readonly string[];
  addProject(owner: string, name: string, files?: Files): Project;
  addUser(login: string, options?: { readonly writes?: readonly Project[]; readonly teams?: readonly string[] }): void;
  /** Commits to a branch (made from the default branch when new); answers the sha. */
  commit(
    project: Project,
    branch: string,
    files: Files,
    options?: { readonly message?: string; readonly author?: string },
  ): string;
  /** Another user's copy. */
  fork(project: Project, owner: string): Project;
  /** Webhook bodies of what has happened. Nothing is sent by itself: the test sends, twice or in another order if it likes. */
  readonly webhooks: {
    push(project: Project, branch: string, pusher: string): SentWebhook;
    tag(project: Project, tag: string, sha: string, pusher: string): SentWebhook;
    openPullRequest(
      project: Project,
      options: {
        readonly author: string;
        readonly head: string;
        readonly base?: string;
        readonly from?: Project;
        readonly title?: string;
      },
    ): { readonly number: number; readonly webhook: SentWebhook };
    /** After a commit to its head. */
    synchronize(project: Project, number: number, actor: string): SentWebhook;
    label(project: Project, number: number, label: string, actor: string): SentWebhook;
    close(project: Project, number: number, actor: string): SentWebhook;
    comment(project: Project, number: number, body: string, actor: string): SentWebhook;
    deleteBranch(project: Project, branch: string, actor: string): SentWebhook;
  };
  /** Every change of statuses at a commit, oldest first. */
  statuses(project: Project, sha: string): readonly SeenStatus[];
  /** Comments on a pull request as they stand. */
  comments(project: Project, number: number): readonly { readonly author: string; readonly body: string }[];
}
