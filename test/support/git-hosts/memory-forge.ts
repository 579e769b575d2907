/** A Git host in memory: an ordinary Forge, whose clock is the test's, which fails on demand and keeps all it was told. */
import type { Clock } from '../../../src/base/clock.ts';
import type { ForgeAccess, ForgeDirectory } from '../../../src/forge/forge-directory.ts';
import {
  type CommentReport,
  type Forge,
  ForgeError,
  isTerminal,
  type PostOutcome,
  type RemoteHandle,
  type ShownStatus,
  type StatusReport,
  type StatusState,
  type StatusTarget,
} from '../../../src/forge/forge.ts';

/** What the host does to the next call instead of, or besides, answering it. */
export type MemoryFault =
  /** Nothing is carried out. */
  | { readonly kind: 'unavailable' }
  /** Nothing is carried out: the token is not taken. */
  | { readonly kind: 'unauthorized' }
  /** Carried out, and answered as if it were not. */
  | { readonly kind: 'accepted-but-500' }
  | { readonly kind: 'limited'; readonly retryAfterMs: number };

/** One change of a status as the host saw it. */
export interface SeenState {
  readonly atMs: number;
  readonly state: StatusState;
  readonly externalId: string;
  readonly title: string;
}

export interface MemoryHostOptions {
  readonly clock: Clock;
  /** Words and rules of GitLab: several states share a word, and a status only moves on. Default: every state its own word. */
  readonly likeGitLab?: boolean;
  /** Posts a minute; the host answers 429 beyond it. Default: no limit. */
  readonly postsAMinute?: number;
}

/** GitLab's words. */
const gitLabWords: Readonly<Record<StatusState, string>> = {
  queued: 'pending',
  awaiting_approval: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'failed',
  error: 'failed',
  lost: 'failed',
  timed_out: 'failed',
  cancelled: 'canceled',
  skipped: 'skipped',
  superseded: 'canceled',
};

export class MemoryHost {
  /** Every call, in order: `post CONTEXT STATE`, `read CONTEXT`, `comment MARKER`. */
  readonly calls: string[] = [];
  readonly comments: Map<string, CommentReport> = new Map();
  /** Every change of a comment. */
  readonly commentChanges: string[] = [];
  /** Calls that were under way at the same time, at most. */
  concurrentMax = 0;
  down = false;
  expired = false;
  readonly #options: MemoryHostOptions;
  readonly #seen = new Map<string, SeenState[]>();
  readonly #faults: { readonly call: 'post' | 'read' | 'comment'; readonly fault: MemoryFault }[] = [];
  readonly #shown = new Map<string, { readonly report: StatusReport; readonly word: string }>();
  #active = 0;
  #windowMs = 0;
  #posts = 0;

  constructor(options: MemoryHostOptions) {
    this.#options = options;
  }

  /** The next call of that kind meets `fault`. */
  next(call: 'post' | 'read' | 'comment', fault: MemoryFault): void {
    this.#faults.push({ call, fault });
  }

  /** Drops the faults that no call has met yet. */
  forgetFaults(): void {
    this.#faults.length = 0;
  }

  /** All that a context was seen to say, in order. */
  seen(context: string): readonly SeenState[] {
    return this.#seen.get(context) ?? [];
  }

  /** The words of {@link seen}. */
  states(context: string): readonly string[] {
    return this.seen(context).map(({ state }) => state);
  }

  /** As {@link states}, in the host's own words. */
  words(context: string): readonly string[] {
    return this.seen(context).map(({ state }) => this.word(state));
  }

  /** A directory in which every access leads here; the same access to the same forge. */
  directory(): ForgeDirectory {
    const opened = new Map<string, Forge>();
    return {
      open: (access) => {
        const key = JSON.stringify(access);
        const forge = opened.get(key) ?? this.#forge(access);
        opened.set(key, forge);
        return forge;
      },
    };
  }

  /** The word for a state. */
  word(state: StatusState): string {
    return this.#options.likeGitLab ? gitLabWords[state] : state;
  }

  #forge(access: ForgeAccess): Forge {
    const nothing = (): Promise<undefined> => Promise.resolve(undefined);
    const none = (): Promise<never[]> => Promise.resolve([]);
    return {
      kind: access.kind,
      commentable: true,
      hostState: (state) => this.word(state),
      readFolder: none,
      readFile: nothing,
      readProject: nothing,
      readRevision: nothing,
      readPullRequest: nothing,
      pullRequestsOf: none,
      changedFiles: () => Promise.resolve({ added: [], modified: [], deleted: [], renamed: [], truncated: false }),
      readComments: none,
      standing: () => Promise.resolve('none'),
      isTeamMember: nothing,
      gitCredential: nothing,
      postStatus: (report) => this.#call('post', `post ${report.context} ${report.state}`, () => this.#post(report)),
      readStatus: (target) => this.#call('read', `read ${target.context}`, () => this.#read(target)),
      putComment: (comment) => this.#call('comment', `comment ${comment.marker}`, () => this.#comment(comment)),
    };
  }

  async #call<T>(kind: 'post' | 'read' | 'comment', name: string, carryOut: () => T): Promise<T> {
    this.calls.push(name);
    this.#active++;
    this.concurrentMax = Math.max(this.concurrentMax, this.#active);
    try {
      // The time an answer takes, without which nothing would ever be under way.
      await new Promise<void>((resolve) => void this.#options.clock.schedule(20, resolve));
      this.#refuse(kind);
      const index = this.#faults.findIndex(({ call }) => call === kind);
      const [planned] = index < 0 ? [] : this.#faults.splice(index, 1);
      if (planned === undefined) return carryOut();
      if (planned.fault.kind === 'accepted-but-500') carryOut();
      throw errorOf(planned.fault);
    } finally {
      this.#active--;
    }
  }

  #refuse(kind: string): void {
    if (this.down) throw new ForgeError('unavailable', 'HTTP status 503', { status: 503 });
    if (this.expired) throw new ForgeError('unauthorized', 'HTTP status 401: the token has expired', { status: 401 });
    const { postsAMinute, clock } = this.#options;
    if (kind !== 'post' || postsAMinute === undefined) return;
    if (clock.now() - this.#windowMs >= 60_000) {
      this.#windowMs = clock.now();
      this.#posts = 0;
    }
    const retryAfterMs = this.#windowMs + 60_000 - clock.now();
    if (++this.#posts > postsAMinute) throw new ForgeError('rate-limited', 'HTTP status 429', { retryAfterMs });
  }

  #post(report: StatusReport): PostOutcome {
    const word = this.word(report.state);
    const now = this.#shown.get(keyOf(report));
    if (this.#options.likeGitLab && now !== undefined && !isTerminal(now.report.state)) {
      // A status that is over is followed by a new one; one that is not only moves on.
      if (now.word === word || word === 'pending') {
        return { ok: false, refused: `Cannot transition status from :${now.word} to :${word}` };
      }
    }
    this.#shown.set(keyOf(report), { report, word });
    const { externalId, title } = report;
    const seen = this.#seen.get(report.context) ?? [];
    seen.push({ atMs: this.#options.clock.now(), state: report.state, externalId, title });
    this.#seen.set(report.context, seen);
    return { ok: true, handle: { id: keyOf(report) } };
  }

  #read(target: StatusTarget): ShownStatus | undefined {
    const now = this.#shown.get(keyOf(target));
    if (now === undefined) return undefined;
    const handle: RemoteHandle = { id: keyOf(target) };
    const { title, externalId, state, detailsUrl } = now.report;
    const common = { hostState: now.word, title, handle, ...(detailsUrl === undefined ? {} : { detailsUrl }) };
    // GitLab keeps nothing by which attempts are told apart, and its words stand for several states.
    if (!this.#options.likeGitLab) return { ...common, state, externalId };
    return { ...common, state: isTerminal(state) ? 'unknown' : state };
  }

  #comment(comment: CommentReport): void {
    this.comments.set(comment.marker, comment);
    this.commentChanges.push(comment.marker);
  }
}

function keyOf({ project, sha, context }: StatusTarget): string {
  return `${project.url} ${sha} ${context}`;
}

function errorOf(fault: MemoryFault): ForgeError {
  if (fault.kind === 'unauthorized') return new ForgeError('unauthorized', 'HTTP status 401', { status: 401 });
  if (fault.kind === 'limited') {
    return new ForgeError('rate-limited', 'HTTP status 429', { retryAfterMs: fault.retryAfterMs, status: 429 });
  }
  return new ForgeError('unavailable', 'HTTP status 500', { status: 500 });
}
